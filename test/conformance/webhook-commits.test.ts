/** What deliveries tell of the commits of a push, when real git pushes to a server in this process. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWebhooks, type WebhookProblem, type Webhooks } from '../../src/webhooks/index.js';
import { commitFile, gitOk, makeBareRepository, makeTempDir, type TempDir } from '../support/fixtures.js';
import { startReceiver, type Receiver } from '../support/receiver.js';
import { eventually } from '../support/server.js';
import { openLab, type Lab } from './lab.js';
import { makeScriptedGit, when, type ScriptedGit } from './scripted-git.js';

const name = 'team/app.git';

let folder: TempDir;
let lab: Lab;
let scripted: ScriptedGit;
let receiver: Receiver;
let webhooks: Webhooks;
let problems: WebhookProblem[];
let clone: string;

beforeEach(async () => {
  receiver = await startReceiver();
  problems = [];
  folder = makeTempDir();
  scripted = makeScriptedGit(join(folder.path, 'git'));
  lab = await openLab({ gitCommand: scripted.command });
  webhooks = createWebhooks({
    queueDirectory: lab.fresh(),
    publicUrl: 'https://git.example.org',
    hooks: [{ url: receiver.url, secret: 'secret', allowPrivateAddresses: true }],
    historyTimeoutMs: 5_000,
    onProblem: (problem) => void problems.push(problem),
  });
  webhooks.observe(lab.server.git);
  await makeBareRepository(lab.at(name), { commits: 2 });
  clone = lab.fresh();
  await gitOk(['clone', '-q', lab.url(name), clone]);
});

afterEach(async () => {
  await lab.close();
  await webhooks.close();
  await receiver.close();
  folder.dispose();
});

const inClone = (...args: string[]): Promise<string> => gitOk(args, { cwd: clone });
const commit = (file: string, content: string | Buffer = `${file}\n`): Promise<string> =>
  commitFile(clone, file, content);

interface Commit {
  readonly id: string;
  readonly distinct: boolean;
  readonly message: string;
}

interface Payload {
  readonly ref: string;
  readonly commits: readonly Commit[];
  readonly head_commit: Commit | null;
}

/** Pushes, and gives what was told of it, ref by ref. */
async function told(...refs: string[]): Promise<Payload[]> {
  const before = receiver.received.length;
  await inClone('push', '-q', 'origin', ...refs);
  const count = refs.filter((ref) => !ref.startsWith('-')).length;
  await receiver.waitFor(before + count);
  return receiver.received.slice(before).map(({ payload }) => payload as unknown as Payload);
}

const idsOf = (payload: Payload | undefined): string[] => payload?.commits.map(({ id }) => id) ?? [];

test('a branch that goes forward brings its commits, the oldest first, with their paths', async () => {
  const first = await commit('docs/a b.md');
  await inClone('mv', 'file-1', 'renamed');
  const env = { GIT_COMMITTER_DATE: '1700000000 +0530' };
  await gitOk(['commit', '-q', '-m', 'Rename it\n\nFor a reason.'], { cwd: clone, env });
  const second = await inClone('rev-parse', 'HEAD');
  const [payload] = await told('HEAD:main');
  const head = {
    id: second,
    tree_id: await inClone('rev-parse', 'HEAD^{tree}'),
    distinct: true,
    message: 'Rename it\n\nFor a reason.',
    timestamp: '2023-11-15T03:43:20+05:30',
    url: `https://git.example.org/team/app.git/commit/${second}`,
    author: { name: 'A U Thor', email: 'author@example.org' },
    committer: { name: 'C O Mitter', email: 'committer@example.org' },
    added: ['renamed'],
    removed: ['file-1'],
    modified: [],
  };
  expect(payload).toMatchObject({ forced: false, created: false, truncated: false, head_commit: head });
  expect(payload?.commits).toEqual([
    expect.objectContaining({ id: first, added: ['docs/a b.md'], removed: [], modified: [] }),
    head,
  ]);
});

test('names that are odd or binary, and contents that are, do no harm', async () => {
  await commit('line\nbreak\ttab "quote".bin', Buffer.from([0, 1, 2, 255]));
  // A name that is not UTF-8, and a message that is not either.
  const blob = await gitOk(['hash-object', '-w', '--stdin'], { cwd: clone, input: 'x' });
  const tree = await gitOk(['mktree', '-z'], {
    cwd: clone,
    input: Buffer.concat([
      Buffer.from(`100644 blob ${blob}\tna`),
      Buffer.from([0xef, 0]),
      Buffer.from(`100644 blob ${blob}\tü\0`),
    ]),
  });
  const who = 'J\u00f6rg <j@example.org> 1700000000 -0800';
  const raw = Buffer.concat([
    Buffer.from(
      `tree ${tree}\nparent ${await inClone('rev-parse', 'HEAD')}\nauthor ${who}\ncommitter ${who}\n\ncaf`,
    ),
    Buffer.from([0xe9, 0x0a]),
  ]);
  const odd = await gitOk(['hash-object', '-t', 'commit', '-w', '--stdin'], { cwd: clone, input: raw });
  const [payload] = await told(`${odd}:refs/heads/main`);
  expect(payload?.commits).toMatchObject([
    { added: ['line\nbreak\ttab "quote".bin'] },
    {
      message: 'caf\uFFFD',
      author: { name: 'J\u00f6rg' },
      timestamp: '2023-11-14T14:13:20-08:00',
      added: ['na\uFFFD', 'ü'],
      removed: ['file-1', 'file-2', 'line\nbreak\ttab "quote".bin'],
    },
  ]);
});

test('a new branch brings what no other ref had reached, and names its head where that is nothing', async () => {
  const [same] = await told('HEAD:refs/heads/same');
  const tip = await inClone('rev-parse', 'HEAD');
  expect(same).toMatchObject({ created: true, forced: false, commits: [], truncated: false });
  expect(same?.head_commit).toMatchObject({ id: tip, distinct: false, added: ['file-2'] });
  const first = await commit('first');
  await told('HEAD:refs/heads/one');
  const second = await commit('second');
  const [two] = await told('HEAD:refs/heads/two');
  expect(idsOf(two)).toEqual([second]);
  const [main] = await told('HEAD:main');
  expect(main?.commits.map(({ id, distinct }) => [id, distinct])).toEqual([
    [first, false],
    [second, false],
  ]);
});

test('refs that change in one push do not hide each other their commits, and HEAD hides none', async () => {
  const first = await commit('first');
  const second = await commit('second');
  const seen = await told('HEAD~1:refs/heads/a', 'HEAD:refs/heads/b', 'HEAD:main');
  const byRef = new Map(seen.map((payload) => [payload.ref, payload]));
  expect(idsOf(byRef.get('refs/heads/a'))).toEqual([first]);
  expect(idsOf(byRef.get('refs/heads/b'))).toEqual([first, second]);
  expect(byRef.get('refs/heads/main')?.commits).toMatchObject([
    { id: first, distinct: true },
    { id: second, distinct: true },
  ]);
});

test('a merge is told with what it changes against its first parent', async () => {
  const side = await commit('side');
  await told('HEAD:refs/heads/side');
  await inClone('reset', '-q', '--hard', 'HEAD~1');
  await commit('main');
  await inClone('merge', '-q', '--no-ff', '-m', 'Merge side', side);
  const [payload] = await told('HEAD:main');
  expect(payload?.commits.map(({ message, distinct }) => [message, distinct])).toContainEqual([
    'change side',
    false,
  ]);
  expect(payload?.head_commit).toMatchObject({ message: 'Merge side', distinct: true, added: ['side'] });
});

test('a branch that was rewritten is forced, and brings what it did not hold; one that went back brings nothing', async () => {
  await commit('old');
  await told('HEAD:main');
  await inClone('reset', '-q', '--hard', 'HEAD~1');
  const rewritten = await commit('new');
  const [forced] = await told('+HEAD:main');
  expect(forced).toMatchObject({ forced: true, commits: [{ id: rewritten, distinct: true }] });
  const back = await inClone('rev-parse', 'HEAD~1');
  const [gone] = await told('+HEAD~1:main');
  expect(gone).toMatchObject({ forced: true, commits: [], head_commit: { id: back, distinct: false } });
});

test('a deleted ref has no commits', async () => {
  const [payload] = await told(':refs/heads/topic');
  expect(payload).toMatchObject({
    deleted: true,
    forced: false,
    commits: [],
    head_commit: null,
    truncated: false,
  });
});

test('a tag is told with the commit that it leads to; one that leads to none has no head', async () => {
  const tagged = await commit('tagged');
  await inClone('tag', '-a', '-m', 'second', 'v2');
  await inClone('tag', 'file', 'HEAD:tagged');
  const [v2] = await told('v2');
  expect(v2).toMatchObject({ created: true, after: await inClone('rev-parse', 'v2') });
  expect(v2).toMatchObject({ head_commit: { id: tagged }, commits: [{ id: tagged, distinct: true }] });
  const [file] = await told('refs/tags/file');
  expect(file).toMatchObject({ head_commit: null, commits: [], truncated: false });
  await inClone('tag', '-f', '-a', '-m', 'moved', 'v2', 'HEAD~1');
  const [moved] = await told('+v2');
  expect(moved).toMatchObject({
    created: false,
    forced: true,
    commits: [],
    head_commit: { message: 'change file-2' },
  });
});

test('of many commits the newest twenty are told', async () => {
  const count = 30;
  let input = 'feature done\n';
  for (let number = 1; number <= count; number++) {
    const body = `commit ${number}`;
    input += `commit refs/heads/many\ncommitter C <c@x> ${1_700_000_000 + number} +0000\ndata ${body.length}\n${body}\n`;
    if (number === 1) input += `from ${await inClone('rev-parse', 'HEAD')}\n`;
    input += `M 100644 inline f${number}\ndata 1\nx\n`;
  }
  await gitOk(['fast-import', '--quiet'], { cwd: clone, input: `${input}done\n` });
  const [payload] = await told('many:main');
  const expected = Array.from({ length: 20 }, (_none, index) => `commit ${count - 19 + index}`);
  expect(payload?.commits.map(({ message }) => message)).toEqual(expected);
  expect(payload?.commits.every(({ distinct }) => distinct)).toBe(true);
  expect(payload).toMatchObject({ truncated: true, head_commit: { message: `commit ${count}` } });
});

test('a first push into an empty repository brings its first commit, with all its files', async () => {
  await makeBareRepository(lab.at('new.git'), { commits: 0 });
  await inClone('remote', 'set-url', 'origin', lab.url('new.git'));
  const [payload] = await told('HEAD:refs/heads/main');
  expect(payload?.commits).toMatchObject([{ added: ['file-1'] }, { added: ['file-2'] }]);
});

test('what the configuration of a repository says about logs changes nothing', async () => {
  const settings = {
    'log.showRoot': 'false',
    'log.showSignature': 'true',
    'diff.renames': 'copies',
    'log.follow': 'true',
  };
  for (const [key, value] of Object.entries({
    ...settings,
    'log.diffMerges': 'combined',
    'format.notes': '*',
  })) {
    await gitOk(['config', key, value], { cwd: lab.at(name) });
  }
  await inClone('checkout', '-q', '--orphan', 'root');
  await inClone('mv', 'file-1', 'moved');
  const root = await commit('root');
  const [payload] = await told('HEAD:refs/heads/root');
  expect(payload?.commits).toMatchObject([{ id: root, added: ['file-2', 'moved', 'root'], removed: [] }]);
});

test('when git fails, what has changed is delivered without commits, and whoever runs the server is told', async () => {
  scripted.tell(when('log', "echo 'fatal: it is broken' >&2; exit 128"));
  await commit('new');
  const [payload] = await told('HEAD:main');
  expect(payload).toMatchObject({ forced: false, head_commit: null, commits: [], truncated: true });
  expect(problems).toMatchObject([
    { kind: 'incomplete', repository: name, cause: { code: 'ERR_GIT_FAILED' } },
  ]);
});

test('a server that is told to end lets git say what the last push has brought', async () => {
  const go = join(folder.path, 'go');
  const asked = join(folder.path, 'asked');
  scripted.tell(when('log', `: > '${asked}'; while [ ! -e '${go}' ]; do sleep 0.02; done`));
  const id = await commit('new');
  await inClone('push', '-q', 'origin', 'HEAD:main');
  await eventually('git is asked', () => existsSync(asked));
  const closed = lab.server.git.close();
  writeFileSync(go, '');
  await closed;
  await receiver.waitFor(1);
  expect(receiver.received[0]?.payload).toMatchObject({ commits: [{ id }], truncated: false });
});

test('in a namespace the ref itself does not hide its commits', async () => {
  const tenant = await openLab({ environment: () => ({ GIT_NAMESPACE: 'tenant' }) });
  try {
    webhooks.observe(tenant.server.git);
    await makeBareRepository(tenant.at(name), { commits: 1 });
    await inClone('remote', 'set-url', 'origin', tenant.url(name));
    const id = await commit('new');
    await told('HEAD~1:refs/heads/base');
    const [payload] = await told('HEAD:refs/heads/work');
    expect(payload?.commits).toMatchObject([{ id, distinct: true }]);
  } finally {
    await tenant.close();
  }
});
