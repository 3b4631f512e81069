/** What hooks and receive.* settings do to a push, as its user sees it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository, makeWorkTree } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { clientOf, openLab, refOf, writeHook, type Lab } from './lab.js';

const client = clientOf(2);
let lab: Lab;
let count = 0;
let name = '';
let copy = '';
beforeAll(async () => {
  lab = await openLab({
    publicWrite: false,
    authenticate: ({ credentials }) =>
      credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
    authorize: ({ user }) => user !== undefined,
    environment: ({ user }) => ({ GITTYPHOON_USER: user?.name ?? '' }),
  });
});
afterAll(() => lab.close());

const authenticatedUrl = (path: string): string => lab.url(path).replace('://', '://ann:x@');

beforeEach(async () => {
  name = `app-${(count += 1)}.git`;
  await makeBareRepository(lab.at(name));
  copy = lab.fresh();
  await client.ok(['clone', '-q', authenticatedUrl(name), copy]);
});

const quarantines = (repository: string): string[] =>
  readdirSync(join(repository, 'objects')).filter((entry) => entry.startsWith('tmp_'));

describe('a hook that refuses', () => {
  it.each(['pre-receive', 'update'])('%s: its text reaches the user', async (hook) => {
    writeHook(lab.at(name), hook, 'cat >/dev/null; echo "talk to $GITTYPHOON_USER first" >&2; exit 1');
    const before = await refOf(lab.at(name), 'main');
    await commitFile(copy, 'x', 'x\n');
    const { code, stderr } = await client.try(['push', 'origin', 'main'], copy);
    expect(code).toBe(1);
    expect(stderr).toContain('remote: talk to ann first');
    expect(stderr).toMatch(/! \[remote rejected\] main -> main \(.+\)/);
    expect(await refOf(lab.at(name), 'main')).toBe(before);
    expect(quarantines(lab.at(name))).toEqual([]);
    expect(lab.server.events.push.at(-1)?.updates[0]?.result.status).toBe('rejected');
    await fsck(lab.at(name));
  });
});

it('a reference-transaction hook refuses too, though git keeps its text to itself', async () => {
  writeHook(lab.at(name), 'reference-transaction', 'cat >/dev/null; echo "not now" >&2; exit 1');
  const before = await refOf(lab.at(name), 'main');
  await commitFile(copy, 'x', 'x\n');
  const errors = lab.server.events.error.length;
  const { code, stderr } = await client.try(['push', 'origin', 'main'], copy);
  expect(code).toBe(1);
  expect(stderr).toContain('! [remote rejected] main -> main (git failed on the server)');
  expect(await refOf(lab.at(name), 'main')).toBe(before);
  // The operator reads why.
  const [event] = lab.server.events.error.slice(errors);
  expect(String((event?.error as Error | undefined)?.cause)).toContain('not now');
  await fsck(lab.at(name));
});

it('post-receive and post-update run, and their text reaches the user', async () => {
  writeHook(lab.at(name), 'post-receive', 'while read old new ref; do echo "took $ref"; done');
  writeHook(lab.at(name), 'post-update', 'echo "after $1"');
  await commitFile(copy, 'x', 'x\n');
  const { code, stderr } = await client.try(['push', 'origin', 'main'], copy);
  expect(code).toBe(0);
  expect(stderr).toContain('remote: took refs/heads/main');
  expect(stderr).toContain('remote: after refs/heads/main');
});

it('push options reach hooks and events', async () => {
  await gitOk(['config', 'receive.advertisePushOptions', 'true'], { cwd: lab.at(name) });
  writeHook(
    lab.at(name),
    'pre-receive',
    'echo "$GIT_PUSH_OPTION_COUNT: $GIT_PUSH_OPTION_0, $GIT_PUSH_OPTION_1"',
  );
  await commitFile(copy, 'x', 'x\n');
  const { stderr } = await client.try(['push', '-o', 'ci.skip', '-o', 'a b=c', 'origin', 'main'], copy);
  expect(stderr).toContain('remote: 2: ci.skip, a b=c');
  expect(lab.server.events.push.at(-1)?.pushOptions).toEqual(['ci.skip', 'a b=c']);
});

it('proc-receive takes refs of its own', async () => {
  await gitOk(['config', 'receive.procReceiveRefs', 'refs/for'], { cwd: lab.at(name) });
  // The hook's protocol is git's own pkt-line (githooks, proc-receive): version, commands, report.
  writeHook(
    lab.at(name),
    'proc-receive',
    [
      'pkt() { printf "%04x%s\\n" $((${#1} + 5)) "$1"; }',
      'head -c 4 >/dev/null',
      'pkt "version=1"; printf 0000',
      'sleep 0.2',
      'pkt "ok refs/for/main/review"; printf 0000',
    ].join('\n'),
  );
  await commitFile(copy, 'x', 'x\n');
  const { stderr } = await client.try(['push', 'origin', 'HEAD:refs/for/main/review'], copy);
  expect(stderr).toContain('[new reference]   HEAD -> refs/for/main/review');
  expect(await refOf(lab.at(name), 'refs/for/main/review')).toBe('');
});

it('the reflog names who pushed', async () => {
  await gitOk(['config', 'core.logAllRefUpdates', 'true'], { cwd: lab.at(name) });
  await commitFile(copy, 'x', 'x\n');
  await client.ok(['push', '-q', 'origin', 'main'], copy);
  const log = await gitOk(['log', '-g', '-1', '--format=%gn <%ge>', 'main'], { cwd: lab.at(name) });
  expect(log).toMatch(/^ann <ann@http\.(127\.0\.0\.1|::ffff:127\.0\.0\.1)>$/);
});

it('a hook that leaves a daemon behind, with our standard error in its hands, does not hold the push', async () => {
  const ended = join(lab.at(name), 'ended');
  // Standard error of other hooks goes through git, which waits for its end; this hook gets git's own.
  writeHook(
    lab.at(name),
    'reference-transaction',
    `[ -e daemon.pid ] || { ( sleep 30; touch '${ended}' ) </dev/null >/dev/null & echo $! >daemon.pid; }`,
  );
  await commitFile(copy, 'x', 'x\n');
  await client.ok(['push', '-q', 'origin', 'main'], copy);
  expect(existsSync(ended)).toBe(false);
  await eventually('the push is reported', () => lab.server.events.push.at(-1)?.repository.name === name);
  const daemon = Number(readFileSync(join(lab.at(name), 'daemon.pid'), 'utf8'));
  // It is the hook's business; it runs on.
  expect(readFileSync(`/proc/${daemon}/stat`, 'utf8')).not.toMatch(/\) Z /);
  process.kill(daemon, 'SIGKILL');
});

describe('a repository with a working tree', () => {
  let tree = '';
  beforeEach(async () => {
    tree = `tree-${count}`;
    await makeWorkTree(lab.at(tree));
    copy = lab.fresh();
    await client.ok(['clone', '-q', authenticatedUrl(tree), copy]);
    await commitFile(copy, 'pushed', 'pushed\n');
  });

  it('refuses a push into the branch that is checked out, with advice', async () => {
    const { code, stderr } = await client.try(['push', 'origin', 'main'], copy);
    expect(code).toBe(1);
    expect(stderr).toContain('refusing to update checked out branch');
    expect(stderr).toContain('! [remote rejected] main -> main (branch is currently checked out)');
  });

  it('takes it with receive.denyCurrentBranch=updateInstead, unless the tree has changes', async () => {
    await gitOk(['config', 'receive.denyCurrentBranch', 'updateInstead'], { cwd: lab.at(tree) });
    await client.ok(['push', '-q', 'origin', 'main'], copy);
    expect(readFileSync(join(lab.at(tree), 'pushed'), 'utf8')).toBe('pushed\n');
    await commitFile(copy, 'README', 'changed here\n');
    await gitOk(['rm', '-q', '--cached', 'README'], { cwd: lab.at(tree) });
    const { stderr } = await client.try(['push', 'origin', 'main'], copy);
    expect(stderr).toContain('Working directory has staged changes');
    await fsck(lab.at(tree));
  });
});

describe('checks of git on what is pushed', () => {
  it('refuses bad objects with receive.fsckObjects, and keeps none of them', async () => {
    await gitOk(['config', 'receive.fsckObjects', 'true'], { cwd: lab.at(name) });
    const tree = await gitOk(['mktree'], { cwd: copy, input: '' });
    const bad = `tree ${tree}\nauthor <a@b> 0 +0000\ncommitter c <a@b> 0 +0000\n\nbad\n`;
    const oid = await gitOk(['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'], {
      cwd: copy,
      input: bad,
    });
    const { code, stderr } = await client.try(['push', 'origin', `${oid}:refs/heads/bad`], copy);
    expect(code).toBe(1);
    expect(stderr).toContain('missingNameBeforeEmail');
    expect(stderr).toContain('! [remote rejected]');
    expect(quarantines(lab.at(name))).toEqual([]);
    await fsck(lab.at(name));
  });

  it.each(['1', '100'])('refuses more than receive.maxInputSize, unpackLimit %s', async (unpackLimit) => {
    await gitOk(['config', 'receive.maxInputSize', '1000'], { cwd: lab.at(name) });
    await gitOk(['config', 'receive.unpackLimit', unpackLimit], { cwd: lab.at(name) });
    const big = Array.from({ length: 5000 }, (_, i) => `${Math.sin(i)}`).join('\n');
    await commitFile(copy, 'big', big);
    const { code, stderr } = await client.try(['push', 'origin', 'main'], copy);
    expect(code).toBe(1);
    expect(stderr).toMatch(/pack exceeds maximum allowed size|unpacker error|unpack failed/);
    expect(quarantines(lab.at(name))).toEqual([]);
    await fsck(lab.at(name));
  });
});
