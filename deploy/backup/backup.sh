#!/bin/sh
# Copies every repository below a folder into a new backup, while the server runs and people push.
# Usage: backup.sh FOLDER BACKUP      BACKUP must not exist yet; a date in its name is a good idea.
# Run it as the user that the server runs as: git refuses other people's repositories.
set -eu

fail() { echo "backup: $*" >&2; exit 1; }
[ $# -eq 2 ] || fail 'give the folder with the repositories and the name of the new backup'
[ -d "$1" ] || fail "$1 is no folder"
[ ! -e "$2" ] || fail "$2 is there already; every backup gets a folder of its own"
folder=$(cd "$1" && pwd)
mkdir -p "$2"
backup=$(cd "$2" && pwd)

# Nothing that is half done looks whole: the list of what is in the backup comes last.
trap 'echo "backup: not complete, $backup has no list of repositories" >&2' EXIT
: >"$backup/repositories.new"

# HEAD, objects and refs make a folder a repository.
is_repository() { [ -f "$1/HEAD" ] && [ -d "$1/objects" ] && [ -d "$1/refs" ]; }

# What looks like a repository inside another may be branches called x/HEAD, x/objects/a and x/refs/a, or files that were
# pushed: whoever pushes would decide whether there is a backup. The server serves none of these either.
is_inside_another() {
  place=${1%/.git}
  while [ -n "$place" ] && [ "$place" != "$folder" ]; do
    place=${place%/*}
    if [ -e "$place/.git" ] || is_repository "$place"; then return 0; fi
  done
  return 1
}

# Trash and staging folders of the server begin with .gittyphoon-.
find "$folder" -name '.gittyphoon-*' -prune -o -type f -name HEAD -print | LC_ALL=C sort | while IFS= read -r head; do
  git_dir=${head%/HEAD}
  is_repository "$git_dir" || continue
  if is_inside_another "$git_dir"; then continue; fi
  name=${git_dir#"$folder"}
  name=${name#/}
  copy=$backup/tree/$name
  mkdir -p "$copy"
  # What git does not carry from one repository to another.
  for file in HEAD config description hooks info git-daemon-export-ok; do
    [ ! -e "$git_dir/$file" ] || cp -Rp "$git_dir/$file" "$copy/"
  done
  # One look at the refs, with all that they reach: a push in between is either in it or not.
  first=$(git --git-dir="$git_dir" for-each-ref --count=1)
  if [ -n "$first" ]; then
    git --git-dir="$git_dir" bundle create --quiet "$copy/all.bundle" --all
    git --git-dir="$git_dir" bundle verify --quiet "$copy/all.bundle" >/dev/null 2>&1 ||
      fail "$copy/all.bundle cannot be read again"
  fi
  printf '%s\n' "$name" >>"$backup/repositories.new"
done

mv "$backup/repositories.new" "$backup/repositories"
trap - EXIT
echo "backup: $(wc -l <"$backup/repositories") repositories in $backup"
