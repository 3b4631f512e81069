#!/bin/sh
# Makes repositories of a backup that backup.sh has made.
# Usage: restore.sh BACKUP FOLDER [REPOSITORY]      Without REPOSITORY all of them; nothing that exists is touched.
set -eu

fail() { echo "restore: $*" >&2; exit 1; }
[ $# -eq 2 ] || [ $# -eq 3 ] || fail 'give the backup and the folder that the repositories go to'
[ -f "$1/repositories" ] || fail "$1 is no complete backup: it has no list of repositories"
backup=$(cd "$1" && pwd)
mkdir -p "$2"
folder=$(cd "$2" && pwd)
wanted=${3-}
[ $# -eq 2 ] || grep -qxF -- "$wanted" "$backup/repositories" || fail "there is no $wanted in this backup"

while IFS= read -r name; do
  [ $# -eq 2 ] || [ "$name" = "$wanted" ] || continue
  target=$folder/$name
  if [ -e "$target/HEAD" ]; then fail "$target is there already; move it away first"; fi
  copy=$backup/tree/$name
  # Under a name that the server does not serve until it is whole.
  staging=$folder/.gittyphoon-restore-$$
  format=$(git config --file "$copy/config" extensions.objectformat || echo sha1)
  git init --quiet --bare --object-format="$format" --template= "$staging"
  if [ -e "$copy/all.bundle" ]; then
    git --git-dir="$staging" fetch --quiet "$copy/all.bundle" '+refs/*:refs/*'
    rm -f "$staging/FETCH_HEAD"
  fi
  for file in HEAD config description hooks info git-daemon-export-ok; do
    [ ! -e "$copy/$file" ] || cp -Rp "$copy/$file" "$staging/"
  done
  git --git-dir="$staging" fsck --no-dangling --connectivity-only >/dev/null 2>&1 ||
    fail "$name is not whole in this backup; what there is of it is in $staging"
  mkdir -p "$target"
  # Beside what may lie there already, such as a working tree.
  for entry in "$staging"/*; do mv "$entry" "$target/"; done
  rmdir "$staging"
  echo "restore: $target"
done <"$backup/repositories"
