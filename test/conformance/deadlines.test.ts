/** Requests that take too long, at each phase: they end, their clients are told, and nothing is left behind. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import type { GitServerOptions, LimitOptions } from '../../src/index.js';
import { commitFile, fsck, git, gitOk, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { openRaw, rawRequest, requestHead } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { openLab, refOf, writeHook, type Lab } from './lab.js';
import { leftovers } from './leftovers.js';
import { pushBody, pushType } from './raw-push.js';
import { makeScriptedGit, onDiscovery, onRpc, when } from './scripted-git.js';

const temporary = makeTempDir();
const tools = makeTempDir();
const script = makeScriptedGit(join(tools.path, 'git'));
let lab: Lab;
let work = '';
let old = '';

async function open(limits: LimitOptions, options: Partial<GitServerOptions> = {}): Promise<void> {
  const all = { temporaryDirectory: temporary.path, killGraceMs: 1_000, ...limits };
  lab = await openLab({ gitCommand: script.command, ...options, limits: all });
  await makeBareRepository(lab.at('app.git'));
  work = lab.fresh();
  await gitOk(['clone', '-q', lab.at('app.git'), work]);
  old = await refOf(lab.at('app.git'), 'main');
  await commitFile(work, 'new', 'new\n');
}

beforeEach(() => script.tell());
afterEach(async () => {
  await eventually('nothing is left', () => {
    const { gitProcesses, requests, running } = lab.server.git.status();
    const counts = [gitProcesses, requests, ...Object.values(running)];
    return counts.every((number) => number === 0) && leftovers(lab.root, temporary.path).length === 0;
  });
  await fsck(lab.at('app.git'));
  await lab.close();
});
afterAll(() => {
  temporary.dispose();
  tools.dispose();
});

const url = (): string => lab.url('app.git');
const push = () => git(['push', url(), 'main'], { cwd: work });
const codes = (): unknown[] => lab.server.events.error.map(({ error }) => (error as { code?: string }).code);

it('a git that does not answer discovery is ended, and the client told', async () => {
  await open({ firstByteTimeoutMs: 200 });
  script.tell(when(onDiscovery, 'sleep 60'));
  const { stderr } = await git(['ls-remote', url()]);
  expect(stderr).toContain('remote: git took too long on the server');
  expect(stderr).toContain('504');
  expect(codes()).toEqual(['ERR_GIT_TIMEOUT']);
});

it('a git that does not answer a fetch is ended, and the client told', async () => {
  await open({ firstByteTimeoutMs: 200 });
  script.tell(when(onRpc, 'sleep 60'));
  const { stderr } = await git(['clone', url(), lab.fresh()]);
  expect(stderr).toContain('fatal: remote error: git took too long on the server');
  expect(codes()).toEqual(['ERR_GIT_TIMEOUT']);
});

it('a git that does not answer a push is ended, and the push refused', async () => {
  await open({ firstByteTimeoutMs: 200 });
  script.tell(when(onRpc, 'cat > /dev/null; sleep 60'));
  const { code, stderr } = await push();
  expect(code).toBe(1);
  expect(stderr).toContain('! [remote rejected] main -> main (git took too long on the server)');
  expect(await refOf(lab.at('app.git'), 'main')).toBe(old);
});

it('the time in which a push is still coming does not count against git', async () => {
  await open({ firstByteTimeoutMs: 3_000 });
  const { body, oid } = await pushBody(work, 'refs/heads/slow');
  const connection = await openRaw(lab.server.port);
  const request = { method: 'POST', path: '/app.git/git-receive-pack', headers: pushType, body };
  await connection.write(requestHead(request));
  for (let sent = 0; sent < body.length; sent += Math.ceil(body.length / 10)) {
    await connection.write(body.subarray(sent, sent + Math.ceil(body.length / 10)));
    await new Promise((resolve) => setTimeout(resolve, 350));
  }
  expect((await connection.response()).body.toString()).toContain('ok refs/heads/slow');
  expect(await refOf(lab.at('app.git'), 'refs/heads/slow')).toBe(oid);
  connection.destroy();
});

it('a git that falls silent in the middle of its answer is ended, and the answer does not look complete', async () => {
  await open({ gitIdleTimeoutMs: 200 });
  script.tell(when(onDiscovery, 'git "$@" | head -c 100; sleep 60'));
  const answer = await rawRequest({
    port: lab.server.port,
    path: '/app.git/info/refs?service=git-upload-pack',
  });
  expect(answer).toMatchObject({ status: 200, complete: false });
  expect(codes()).toEqual(['ERR_GIT_TIMEOUT']);
});

it('a client that does not read is not taken for a git that is silent', async () => {
  await open({ gitIdleTimeoutMs: 2_500 });
  const oid = await gitOk(['rev-parse', 'main'], { cwd: lab.at('app.git') });
  const refs = Array.from(
    { length: 150_000 },
    (_, index) => `${oid} refs/tags/a-long-name-${100_000 + index}\n`,
  );
  writeFileSync(join(lab.at('app.git'), 'packed-refs'), `# pack-refs with: sorted\n${refs.join('')}`);
  const connection = await openRaw(lab.server.port);
  connection.socket.pause();
  await connection.write(requestHead({ path: '/app.git/info/refs?service=git-upload-pack' }));
  await eventually('git is started', () => lab.server.git.status().running.refs === 1);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  connection.socket.resume();
  const answer = await connection.response();
  expect(answer.complete).toBe(true);
  expect(answer.body.toString()).toContain('a-long-name-249999');
  connection.destroy();
});

it('a function that never comes back ends with the request', async () => {
  await open({ requestTimeoutMs: 300 }, { environment: () => new Promise(() => {}) });
  const { stderr } = await git(['ls-remote', url()]);
  expect(stderr).toContain('remote: the request took longer than this server allows');
  expect(codes()).toEqual(['ERR_REQUEST_TIMEOUT']);
});

it('a body that comes drop by drop ends with the request, and leaves no quarantine', async () => {
  await open({ requestTimeoutMs: 700 });
  const { body } = await pushBody(work, 'refs/heads/slow');
  const connection = await openRaw(lab.server.port);
  const request = { method: 'POST', path: '/app.git/git-receive-pack', headers: pushType, body };
  await connection.write(requestHead(request));
  let sent = body.length - 100;
  await connection.write(body.subarray(0, sent));
  const drops = setInterval(() => void connection.socket.write(body.subarray(sent, (sent += 1))), 100);
  const answer = await connection.response();
  clearInterval(drops);
  expect(answer.body.toString()).toContain('the request took longer than this server allows');
  expect(await refOf(lab.at('app.git'), 'refs/heads/slow')).toBe('');
  connection.destroy();
});

it('a hook that hangs ends with the request: the push is refused, and the user told', async () => {
  await open({ requestTimeoutMs: 1_500 });
  writeHook(lab.at('app.git'), 'pre-receive', 'echo looking >&2; sleep 60');
  const { code, stderr } = await push();
  expect(code).toBe(1);
  expect(stderr).toContain('remote: looking');
  expect(stderr).toContain('remote: the request took longer than this server allows');
  expect(stderr).toContain('! [remote rejected] main -> main (pre-receive hook declined)');
  expect(await refOf(lab.at('app.git'), 'main')).toBe(old);
});

it('a hook that hangs behind the report does not turn a push into a failure', async () => {
  await open({ requestTimeoutMs: 1_500 });
  writeHook(lab.at('app.git'), 'post-receive', 'sleep 60');
  const { code, stderr } = await push();
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('main -> main') as string });
  expect(await refOf(lab.at('app.git'), 'main')).toBe(await refOf(work, 'main'));
});

it('a hook that hangs ends with its request also when nobody waits for it any more', async () => {
  await open({ requestTimeoutMs: 2_000 });
  writeHook(lab.at('app.git'), 'pre-receive', `touch '${temporary.path}/reached'; sleep 60`);
  const { body } = await pushBody(work, 'refs/heads/left');
  const connection = await openRaw(lab.server.port);
  const request = { method: 'POST', path: '/app.git/git-receive-pack', headers: pushType, body };
  await connection.write(Buffer.concat([Buffer.from(requestHead(request)), body]));
  await eventually('the hook runs', () => leftovers(lab.root, temporary.path).includes('reached'));
  connection.destroy();
  await eventually('git has ended', () => lab.server.git.status().gitProcesses === 0);
  rmSync(join(temporary.path, 'reached'));
  expect(await refOf(lab.at('app.git'), 'refs/heads/left')).toBe('');
});
