// What checks of a push cost: `npm run bench:push-checks`. First pushes of one commit to an own branch each, one after the
// other, without anything to ask, with a single ref decided, and with a callback that git waits for. Then the processor
// time that this process (not git) spends on a pack of source code, with and without a bound on objects.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGitServer, nodeHandler } from '../dist/index.js';

const count = Number(process.env.BENCH_PUSHES ?? 100);
const folder = mkdtempSync(join(tmpdir(), 'gittyphoon-push-checks-'));
const environment = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };
const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org'];
const git = (cwd, args, input) =>
  execFileSync('git', [...identity, ...args], { cwd, env: environment, input, maxBuffer: 1e9 });

const packet = (text) => (text.length + 4).toString(16).padStart(4, '0') + text;

function makePush() {
  const work = join(folder, 'work');
  git(folder, ['init', '-q', '-b', 'main', work]);
  git(work, ['commit', '-q', '--allow-empty', '-m', 'one']);
  const oid = git(work, ['rev-parse', 'HEAD']).toString().trim();
  const pack = git(work, ['pack-objects', '--stdout', '-q', '--revs'], `${oid}\n`);
  const head = (ref) => `${packet(`${'0'.repeat(40)} ${oid} ${ref}\0report-status side-band-64k`)}0000`;
  return (ref) => Buffer.concat([Buffer.from(head(ref)), pack]);
}

function post(port, body) {
  const headers = {
    'Content-Type': 'application/x-git-receive-pack-request',
    'Content-Length': body.length,
  };
  return new Promise((resolve, reject) => {
    const sent = request({ port, method: 'POST', path: '/app.git/git-receive-pack', headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
    });
    sent.once('error', reject).end(body);
  });
}

/** All text of the installed packages, as one commit. */
function makeSourcePush() {
  const gitDir = join(folder, 'source');
  git(folder, ['init', '-q', '--bare', '-b', 'main', gitDir]);
  const types = ['js', 'mjs', 'cjs', 'ts', 'json', 'md'].map((type) => `:(glob)**/*.${type}`);
  const workTree = new URL('../node_modules', import.meta.url).pathname;
  git(gitDir, [`--work-tree=${workTree}`, `--git-dir=${gitDir}`, 'add', '-f', '--', ...types]);
  git(gitDir, [`--work-tree=${workTree}`, `--git-dir=${gitDir}`, 'commit', '-q', '-m', 'one']);
  const oid = git(gitDir, ['rev-parse', 'main']).toString().trim();
  const pack = git(gitDir, ['pack-objects', '--stdout', '-q', '--revs', '--delta-base-offset'], `${oid}\n`);
  const head = `${packet(`${'0'.repeat(40)} ${oid} refs/heads/source\0report-status side-band-64k`)}0000`;
  return Buffer.concat([Buffer.from(head), pack]);
}

async function withServer(options, use) {
  const repositories = mkdtempSync(join(folder, 'served-'));
  git(repositories, ['init', '-q', '--bare', 'app.git']);
  const server = createGitServer({ repositories, publicWrite: true, ...options });
  const http = createServer(nodeHandler(server));
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address();
  try {
    return await use(port);
  } finally {
    await server.close();
    http.closeAllConnections();
    http.close();
  }
}

async function pushTo(port, ref, body) {
  const answer = await post(port, body);
  if (!answer.includes(`ok ${ref}`)) throw new Error(`${ref} was refused: ${answer}`);
}

/** Milliseconds for each small push. */
function measureSmall(options, bodyOf) {
  return withServer(options, async (port) => {
    const push = (i) => pushTo(port, `refs/heads/b${i}`, bodyOf(`refs/heads/b${i}`));
    await push('first');
    const began = performance.now();
    for (let i = 0; i < count; i += 1) await push(i);
    return (performance.now() - began) / count;
  });
}

/** Seconds of processor time for each 100 MB. */
async function measureSource(options, body) {
  const seconds = [];
  for (let i = 0; i < 5; i += 1) {
    await withServer(options, async (port) => {
      const before = process.cpuUsage();
      await pushTo(port, 'refs/heads/source', body);
      const { user, system } = process.cpuUsage(before);
      seconds.push((((user + system) / 1e6) * 100e6) / body.length);
    });
  }
  return seconds.sort((one, other) => one - other)[2];
}

try {
  const bodyOf = makePush();
  console.log(`${count} small pushes, node ${process.version}, ${git('/', ['version']).toString().trim()}`);
  const forms = [
    ['nothing to ask', {}],
    ['authorizeUpdate', { authorizeUpdate: () => true }],
    ['preReceive', { preReceive: () => {} }],
  ];
  const results = [];
  for (const [name, options] of forms) results.push([name, await measureSmall(options, bodyOf)]);
  const [[, base]] = results;
  for (const [name, ms] of results) {
    console.log(`${name.padEnd(20)} ${ms.toFixed(1).padStart(8)} ms   +${(ms - base).toFixed(1)} ms`);
  }
  const source = makeSourcePush();
  console.log(`\na push of ${(source.length / 1e6).toFixed(0)} MB of source code`);
  const without = await measureSource({}, source);
  const bounded = await measureSource({ pushLimits: { maxObjectBytes: 100e6 } }, source);
  const unit = 's for 100 MB';
  console.log(`${'no bound'.padEnd(20)} ${without.toFixed(2).padStart(8)} ${unit}`);
  console.log(
    `${'maxObjectBytes'.padEnd(20)} ${bounded.toFixed(2).padStart(8)} ${unit}   +${(bounded - without).toFixed(2)} s`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
