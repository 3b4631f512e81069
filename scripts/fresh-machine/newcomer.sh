# What a new user does; run by try-fresh-machine.sh in an empty Debian, in the home of an ordinary user.
set -euo pipefail

cd ~/gittyphoon
say() { echo "newcomer: $*"; }
# Only what the documents say is tried: where these lines are not in them, this script is out of date.
grep -qxF 'npm start -- /srv/git' README.md
grep -qF '`npm test` runs the tests' README.md

say "node $(node --version), npm $(npm --version), $(git version)"
export GIT_AUTHOR_NAME=New GIT_AUTHOR_EMAIL=new@example.org GIT_COMMITTER_NAME=New GIT_COMMITTER_EMAIL=new@example.org
mkdir -p ~/repositories/team
git init -q -b main ~/repositories/team/work
git -C ~/repositories/team/work commit -q --allow-empty -m first

say 'npm start'
npm start -- ~/repositories --port 0 >~/start.out 2>~/start.err &
server=$!
for _ in $(seq 600); do
  grep -q '^Clone with' ~/start.out && break
  kill -0 "$server" 2>/dev/null || { cat ~/start.out ~/start.err; exit 1; }
  sleep 0.5
done
cat ~/start.out
clone=$(sed -n 's/^Clone with: //p' ~/start.out)
(cd ~ && $clone)
git -C ~/work log --oneline | grep -q first
git -C ~/work commit -q --allow-empty -m second
if git -C ~/work push 2>~/push.err; then
  echo 'a push without rights went through' >&2
  exit 1
fi
grep -q 403 ~/push.err
kill "$server"
wait "$server" || true

[ "${1:-}" = --start-only ] && exit 0
say 'npm test'
npm test
