/** What the event `request` tells of the time, the sizes and the end of a request. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { RequestEvent } from '../../src/index.js';
import { commitFile, makeBareRepository, makeTempDir, type TempDir } from '../support/fixtures.js';
import { eventually, startServer } from '../support/server.js';
import { clientOf, openLab, type Lab } from './lab.js';
import { dies, makeScriptedGit, onDiscovery, when, type ScriptedGit } from './scripted-git.js';

let lab: Lab;
let folder: TempDir;
let scripted: ScriptedGit;
const client = clientOf(2);

beforeAll(async () => {
  folder = makeTempDir();
  scripted = makeScriptedGit(join(folder.path, 'git'));
  lab = await openLab({ gitCommand: scripted.command });
  await makeBareRepository(lab.at('app.git'), { commits: 2 });
});
afterAll(async () => {
  await lab.close();
  folder.dispose();
});
beforeEach(() => {
  scripted.tell();
  lab.server.events.request.length = 0;
});

/** The first event of a kind, once it is there. */
async function eventOf(phase: string, service: string): Promise<RequestEvent> {
  const find = (): RequestEvent | undefined =>
    lab.server.events.request.findLast(
      ({ context }) => context.phase === phase && context.service === service,
    );
  await eventually(`${phase} of ${service}`, () => find() !== undefined);
  return find() as RequestEvent;
}

const stagesOf = ({ stages }: RequestEvent): string[] => stages.map(({ stage }) => stage);

it('tells of a clone what it has spent its time on, what was wanted, and how git ended', async () => {
  await client.ok(['clone', '-q', lab.url('app.git'), lab.fresh()]);
  const discovery = await eventOf('discovery', 'git-upload-pack');
  expect(stagesOf(discovery)).toEqual([
    'authenticate',
    'find',
    'authorize',
    'configure',
    'queue',
    'git',
    'answer',
  ]);
  expect(discovery).toMatchObject({ requestBytes: 0, gitExit: 0, refCount: undefined, failure: undefined });
  const fetch = await eventOf('rpc', 'git-upload-pack');
  expect(stagesOf(fetch)).toEqual([
    'authenticate',
    'find',
    'authorize',
    'configure',
    'body',
    'queue',
    'git',
    'answer',
  ]);
  await eventually('the fetch is told', () => lab.server.events.fetch.length > 0);
  const wanted = lab.server.events.fetch.at(-1)?.request.wants.length ?? 0;
  expect(wanted).toBeGreaterThan(0);
  expect(fetch).toMatchObject({ gitExit: 0, refCount: wanted, cache: undefined, status: 200 });
  expect(fetch.requestBytes).toBeGreaterThan(100);
  expect(fetch.beganAt).toBeGreaterThan(Date.now() - 600_000);
  for (const { startMs, durationMs } of fetch.stages) {
    expect(startMs).toBeGreaterThanOrEqual(0);
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(startMs + durationMs).toBeLessThanOrEqual(fetch.durationMs + 1);
  }
});

it('counts the refs and the bytes of a push', async () => {
  const work = lab.fresh();
  await client.ok(['clone', '-q', lab.url('app.git'), work]);
  await commitFile(work, 'new', 'new\n');
  await client.ok(['push', '-q', lab.url('app.git'), 'HEAD:refs/heads/a', 'HEAD:refs/heads/b'], work);
  const push = await eventOf('rpc', 'git-receive-pack');
  expect(push).toMatchObject({ refCount: 2, gitExit: 0, failure: undefined });
  expect(push.requestBytes).toBeGreaterThan(200);
  expect(new Set(stagesOf(push))).toContain('body');
});

it('tells why a client got nothing, and how git ended', async () => {
  scripted.tell(when(onDiscovery, dies));
  expect((await client.try(['ls-remote', lab.url('app.git')])).code).not.toBe(0);
  const failed = await eventOf('discovery', 'git-upload-pack');
  expect(failed).toMatchObject({ status: 500, failure: 'ERR_GIT_FAILED', gitExit: 128 });
  expect(stagesOf(failed)).not.toContain('answer');
  expect((await client.try(['ls-remote', lab.url('none.git')])).code).not.toBe(0);
  const missing = await eventOf('discovery', 'git-upload-pack');
  expect(missing).toMatchObject({ status: 404, failure: 'ERR_NOT_FOUND', gitExit: undefined });
  expect(stagesOf(missing)).toEqual(['authenticate', 'find', 'authorize']);
});

it('shows a request that runs, with what it is doing', async () => {
  const gate = lab.fresh();
  scripted.tell(when(onDiscovery, `while [ ! -e '${gate}' ]; do sleep 0.02; done`));
  const listing = client.ok(['ls-remote', lab.url('app.git')]);
  const { git } = lab.server;
  await eventually('git runs', () => git.activeRequests().some(({ stage }) => stage === 'git'));
  const [active] = git.activeRequests();
  expect(active).toMatchObject({
    context: { path: 'app.git' },
    repository: { name: 'app.git' },
    responseBytes: 0,
  });
  expect(git.status()).toMatchObject({ requests: 1, isClosing: false });
  await writeFile(gate, '');
  await listing;
  await eventually('nothing runs', () => git.activeRequests().length === 0);
});

it.each([
  ['from-the-proxy:1', /^from-the-proxy:1$/],
  ['two words', /^[0-9a-f]{6}-\w+$/],
  [undefined, /^[0-9a-f]{6}-\w+$/],
])('takes the id %s of the door if it is a plain word, and makes one otherwise', async (id, expected) => {
  const server = await startServer({ repositories: lab.root }, { requestId: () => id });
  try {
    for (const _time of [1, 2]) await (await fetch(`${server.url}/none/HEAD`)).text();
    const ids = server.events.request.map(({ context }) => context.id);
    expect(ids).toEqual([expect.stringMatching(expected), expect.stringMatching(expected)]);
    expect(new Set(ids).size).toBe(id === 'from-the-proxy:1' ? 1 : 2);
  } finally {
    await server.close();
  }
});
