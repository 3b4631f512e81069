// Makes a fresh clone ready for `npm start` and `npm test`: installs what is missing and builds what is stale.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(command, args) {
  const npm = process.env.npm_execpath;
  const [file, all] = command === 'npm' && npm ? [process.execPath, [npm, ...args]] : [command, args];
  // What a first start prints belongs to the user; how it was made ready goes to standard error.
  const { status } = spawnSync(file, all, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

function newest(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const installed = join(root, 'node_modules', '.package-lock.json');
if (newest(installed) < newest(join(root, 'package-lock.json')))
  run('npm', ['ci', '--no-audit', '--no-fund']);

const built = join(root, 'dist', 'cli', 'main.js');
const sources = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];
if (!existsSync(built) || newest(built) < Math.max(...sources.map((name) => newest(join(root, name))))) {
  run('npm', ['run', '--silent', 'build']);
}
