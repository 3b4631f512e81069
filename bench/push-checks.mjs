// What preReceive costs a small push: `npm run bench:push-checks`. Pushes of one commit to an own branch each, one after the
// other, without anything to ask, with a single ref decided, and with a callback that git waits for.
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
  execFileSync('git', [...identity, ...args], { cwd, env: environment, input });

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

async function measure(name, options, bodyOf) {
  const repositories = mkdtempSync(join(folder, 'served-'));
  git(repositories, ['init', '-q', '--bare', 'app.git']);
  const server = createGitServer({ repositories, publicWrite: true, ...options });
  const http = createServer(nodeHandler(server));
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address();
  const push = async (i) => {
    const ref = `refs/heads/b${i}`;
    if (!(await post(port, bodyOf(ref))).includes(`ok ${ref}`))
      throw new Error(`${name}: ${ref} was refused`);
  };
  await push('first');
  const began = performance.now();
  for (let i = 0; i < count; i += 1) await push(i);
  const ms = (performance.now() - began) / count;
  await server.close();
  http.closeAllConnections();
  http.close();
  return ms;
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
  for (const [name, options] of forms) results.push([name, await measure(name, options, bodyOf)]);
  const [[, base]] = results;
  for (const [name, ms] of results) {
    console.log(`${name.padEnd(20)} ${ms.toFixed(1).padStart(8)} ms   +${(ms - base).toFixed(1)} ms`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
