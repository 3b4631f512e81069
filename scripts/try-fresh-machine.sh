#!/usr/bin/env bash
# Tries the commands of the README as a new user would: on an empty Debian with nothing but Node.js and git, as an
# ordinary user, from a clone of the last commit. Needs root, debootstrap, unshare, and a network. Takes some minutes.
# Usage: scripts/try-fresh-machine.sh [--start-only]
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
say() { echo "fresh machine: $*"; }
fail() { say "$*" >&2; exit 1; }

# Mounts made below are gone with this namespace, however the script ends.
if [ -z "${GITTYPHOON_FRESH_NAMESPACE:-}" ]; then
  [ "$(id -u)" = 0 ] || fail 'needs root'
  for program in debootstrap unshare node npm git; do
    command -v "$program" >/dev/null || fail "needs $program"
  done
  GITTYPHOON_FRESH_NAMESPACE=1 exec unshare --mount --pid --fork --kill-child "$0" "$@"
fi

root=$(mktemp -d)
chmod 755 "$root"
trap 'umount -l "$root/proc" 2>/dev/null || true; umount -R -l "$root/dev" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT

suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
say "Debian $suite, minimal, with git"
debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || {
  tail -n 20 "$root.log" >&2
  rm -f "$root.log"
  fail 'debootstrap failed'
}
rm -f "$root.log"

# Node.js as its archive unpacks: the program and npm.
npm_folder=$(cd "$(dirname "$(readlink -f "$(command -v npm)")")/.." && pwd)
mkdir -p "$root/usr/local/bin" "$root/usr/local/lib/node_modules"
cp "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
cp -r "$npm_folder" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"

# The network is this machine's: its resolver, its registry, and its certificates.
cp /etc/resolv.conf /etc/hosts "$root/etc/"
network=(npm_config_registry="$(npm config get registry)")
for name in NODE_EXTRA_CA_CERTS SSL_CERT_FILE; do
  [ -f "${!name:-}" ] || continue
  cp "${!name}" "$root/etc/$name.pem"
  network+=("$name=/etc/$name.pem")
done
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [ -z "${!name:-}" ] || network+=("$name=${!name}")
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"

chroot "$root" useradd --create-home --shell /bin/bash newcomer
git -c safe.directory='*' clone -q --no-local "$here" "$root/home/newcomer/gittyphoon"
cp "$here/scripts/fresh-machine/newcomer.sh" "$root/home/newcomer/"
chroot "$root" chown -R newcomer: /home/newcomer

in_root=(env -i HOME=/home/newcomer USER=newcomer PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 "${network[@]}")
chroot --userspec=newcomer:newcomer "$root" "${in_root[@]}" bash /home/newcomer/newcomer.sh "$@" || fail 'a command of the README failed'
say 'all commands work'
