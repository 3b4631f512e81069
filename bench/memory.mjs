// Memory of the Node process while large transfers run: `npm run bench:memory`.
// Prints, for each transfer, the peak of its resident memory above idle, and apart from it that of git.
import { execFileSync, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descendantBytes, peakBytes, residentBytes, resetPeak } from './process-memory.mjs';

const mebibyte = 1024 * 1024;
/** The most that the Node process may grow by. */
const allowedMiB = 32;
const largeMiB = Number(process.env.BENCH_LARGE_MIB ?? 600);
const slowMiB = Number(process.env.BENCH_SLOW_MIB ?? 300);
const slowReaders = 8;
/** How fast each slow reader reads. */
const slowMiBPerSecond = Number(process.env.BENCH_SLOW_RATE ?? 12);

const folder = mkdtempSync(join(tmpdir(), 'gittyphoon-memory-'));
const repositories = join(folder, 'repositories');
const environment = {
  PATH: process.env.PATH,
  HOME: folder,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'bench',
  GIT_AUTHOR_EMAIL: 'bench@example.org',
  GIT_COMMITTER_NAME: 'bench',
  GIT_COMMITTER_EMAIL: 'bench@example.org',
};

const gitSync = (cwd, ...args) =>
  execFileSync('git', args, { cwd, env: environment, stdio: ['ignore', 'pipe', 2] });

/** Runs git beside us, so that we can go on measuring. */
function git(cwd, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd, env: environment, stdio: ['ignore', 'ignore', 2] });
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`git ${args[0]} failed`))));
  });
}

function makeWorkTree(name, mebibytes) {
  const path = join(folder, name);
  gitSync(folder, 'init', '-q', '-b', 'main', path);
  // No time for compressing what is random, nor for seeking deltas in it.
  gitSync(path, 'config', 'core.compression', '0');
  gitSync(path, 'config', 'core.bigFileThreshold', '1m');
  const chunk = Buffer.alloc(mebibyte);
  for (let file = 0; file * 50 < mebibytes; file++) {
    const descriptor = openSync(join(path, `random-${file}`), 'w');
    for (let i = 0; i < Math.min(50, mebibytes - file * 50); i++)
      writeSync(descriptor, randomFillSync(chunk));
    closeSync(descriptor);
  }
  gitSync(path, 'add', '.');
  gitSync(path, 'commit', '-qm', `${mebibytes} MiB`);
  return path;
}

function makeRepository(name, from) {
  const path = join(repositories, name);
  gitSync(folder, 'init', '-q', '--bare', '-b', 'main', path);
  gitSync(path, 'config', 'core.compression', '0');
  gitSync(path, 'config', 'core.bigFileThreshold', '1m');
  if (from) gitSync(from, 'push', '-q', path, 'main');
  if (from) gitSync(path, 'repack', '-adq');
  return path;
}

const packet = (text) => (text.length + 4).toString(16).padStart(4, '0') + text;

/** A clone whose reader takes so many bytes a second; resolves with how many bytes came. */
function slowClone(port, repository, oid) {
  const body = `${packet('command=fetch\n')}0001${packet('ofs-delta\n')}${packet(`want ${oid}\n`)}${packet('done\n')}0000`;
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/x-git-upload-pack-request', 'Git-Protocol': 'version=2' };
    const post = request({
      port,
      path: `/${repository}/git-upload-pack`,
      method: 'POST',
      headers,
      agent: false,
    });
    post.once('error', reject);
    post.once('response', (answer) => {
      let bytes = 0;
      answer.on('data', (chunk) => {
        bytes += chunk.length;
        answer.pause();
        setTimeout(() => answer.resume(), (chunk.length / (slowMiBPerSecond * mebibyte)) * 1000);
      });
      answer.once('end', () => resolve(bytes));
      answer.once('error', reject);
    });
    post.end(body);
  });
}

async function startServer() {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'server.mjs'), repositories], {
    env: environment,
    stdio: ['pipe', 'pipe', 2],
  });
  const port = await new Promise((resolve) => server.stdout.once('data', (text) => resolve(Number(text))));
  return { server, port };
}

/** Runs a transfer; returns how far the server's memory rose above `idle`, and the most that its gits held. */
async function measure(name, pid, idle, transfer) {
  resetPeak(pid);
  let ofGit = 0;
  const sampler = setInterval(() => (ofGit = Math.max(ofGit, descendantBytes(pid))), 200);
  const began = performance.now();
  await transfer();
  clearInterval(sampler);
  const seconds = (performance.now() - began) / 1000;
  const grownMiB = (peakBytes(pid) - idle) / mebibyte;
  const columns = [grownMiB.toFixed(1), (ofGit / mebibyte).toFixed(0), seconds.toFixed(1)];
  console.log([name.padEnd(44), ...columns.map((column) => column.padStart(12))].join(''));
  return grownMiB;
}

async function main() {
  const small = makeWorkTree('small', 1);
  const large = makeWorkTree('large', largeMiB);
  const medium = makeWorkTree('medium', slowMiB);
  makeRepository('small.git');
  makeRepository('large.git');
  makeRepository('medium.git', medium);
  const oid = gitSync(medium, 'rev-parse', 'HEAD').toString().trim();
  const { server, port } = await startServer();
  try {
    const url = `http://127.0.0.1:${port}`;
    // Once through everything, so that what is loaded on first use counts as idle.
    await git(small, 'push', '-q', `${url}/small.git`, 'main');
    await git(folder, 'clone', '-q', '--bare', `${url}/small.git`, 'small-clone');
    const idle = residentBytes(server.pid);
    console.log(
      `idle: ${(idle / mebibyte).toFixed(1)} MiB, node ${process.version}, ${gitSync('/', 'version').toString()}`,
    );
    console.log(`${''.padEnd(44)}  Node, MiB    git, MiB     seconds`);
    console.log(`${''.padEnd(44)} above idle    all told`);
    const grown = [
      await measure(`one push of ${largeMiB} MiB`, server.pid, idle, () =>
        git(large, 'push', '-q', `${url}/large.git`, 'main'),
      ),
      await measure(`one clone of ${largeMiB} MiB`, server.pid, idle, () =>
        git(folder, 'clone', '-q', '--bare', `${url}/large.git`, 'large-clone'),
      ),
      await measure(`${slowReaders} clones of ${slowMiB} MiB, slow readers`, server.pid, idle, async () => {
        const clones = Array.from({ length: slowReaders }, () => slowClone(port, 'medium.git', oid));
        for (const bytes of await Promise.all(clones)) {
          if (bytes < slowMiB * mebibyte) throw new Error(`a clone ended after ${bytes} bytes`);
        }
      }),
    ];
    gitSync(join(repositories, 'large.git'), 'fsck', '--strict', '--no-progress');
    const isWithin = grown.every((growth) => growth <= allowedMiB);
    console.log(`${isWithin ? 'within' : 'NOT within'} the ${allowedMiB} MiB above idle that are allowed`);
    process.exitCode = isWithin ? 0 : 1;
  } finally {
    server.stdin.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
