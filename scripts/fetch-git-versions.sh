#!/usr/bin/env bash
# Unpacks newer gits from Debian's trixie and sid beside the installed one, for the tests that need them:
# .cache/git/trixie/git and .cache/git/sid/git (or below $GITTYPHOON_GIT_CACHE). Nothing of the machine itself is
# changed but for patchelf, which is installed when it is missing. Takes a minute once, nothing afterwards.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
cache=${GITTYPHOON_GIT_CACHE:-$here/.cache/git}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# The mirror that this machine already uses.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
[ -n "$mirror" ] || { echo "fetch-git-versions: no Debian mirror among this machine's package sources" >&2; exit 1; }
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Downloads git of one suite, with every library that it needs, as if nothing were installed.
download() {
  local suite=$1 folder=$2
  mkdir -p "$folder"/{state/lists/partial,archives/partial,etc}
  : >"$folder/state/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$folder/etc/sources.list"
  local options=(
    -o "Dir::Etc::sourcelist=$folder/etc/sources.list" -o "Dir::Etc::sourceparts=-" -o "Dir::Etc::preferencesparts=-"
    -o "Dir::State=$folder/state" -o "Dir::State::status=$folder/state/status"
    -o "Dir::Cache=$folder" -o "Dir::Cache::archives=$folder/archives" -o "APT::Sandbox::User=root"
    -o "APT::Install-Recommends=false" -o "Acquire::Retries=5" -o "APT::Get::Download-Only=true"
  )
  apt-get "${options[@]}" -qq update
  apt-get "${options[@]}" -qq -y install git >/dev/null
}

# Programs start children of their own: each gets its loader and libraries written in, so that no variable of
# the environment, which would also reach the machine's own shell in a hook, is needed.
unpack() {
  local folder=$1 root=$2 package libraries loader program
  for package in "$folder"/archives/*.deb; do
    case ${package##*/} in perl*|libperl*|coreutils*|git-man*|dpkg*) continue ;; esac
    dpkg -x "$package" "$root"
  done
  libraries=$(find "$root" -type d \( -path '*/lib/*-linux-gnu*' -o -path '*/lib64' \) -printf '%p:' )
  loader=$(find "$root" \( -name 'ld-linux*.so*' \) | head -n 1)
  find "$root/usr/bin/git" "$root/usr/lib/git-core" -type f | while read -r program; do
    head -c 4 "$program" | grep -q ELF || continue
    patchelf --set-interpreter "$loader" --force-rpath --set-rpath "${libraries%:}" "$program"
  done
}

provide() {
  local suite=$1 target=$cache/$1 work
  if [ ! -x "$target/git" ]; then
    command -v patchelf >/dev/null || as_root apt-get install -qq -y patchelf >/dev/null
    work=$(mktemp -d)
    download "$suite" "$work"
    rm -rf "$target"
    mkdir -p "$target/root"
    unpack "$work" "$target/root"
    rm -rf "$work"
    cat >"$target/git.new" <<WRAPPER
#!/bin/sh
GIT_EXEC_PATH='$target/root/usr/lib/git-core'
GIT_TEMPLATE_DIR='$target/root/usr/share/git-core/templates'
export GIT_EXEC_PATH GIT_TEMPLATE_DIR
exec '$target/root/usr/bin/git' "\$@"
WRAPPER
    chmod +x "$target/git.new"
    "$target/git.new" version >/dev/null
    mv "$target/git.new" "$target/git"
  fi
  echo "$target/git: $("$target/git" version)"
}

mkdir -p "$cache"
provide trixie
provide sid
