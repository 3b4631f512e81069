/** What a user reads when the git of the server fails: docs/protocol.md, "What the client prints". */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  commitRandom,
  fsck,
  gitOk,
  makeBareRepository,
  makeTempDir,
  refsOf,
  type GitResult,
} from '../support/fixtures.js';
import { clientOf, openLab, refOf, writeHook, type Client, type Lab } from './lab.js';
import { dies, killedAfter, makeScriptedGit, onDiscovery, onRpc, stopsAfter, when } from './scripted-git.js';

const folder = makeTempDir();
const script = makeScriptedGit(join(folder.path, 'git'));
let lab: Lab;
let repository = '';
let copy = '';
let refsBefore = '';
let mainBefore = '';

beforeAll(async () => {
  lab = await openLab({ gitCommand: script.command });
  repository = lab.at('app.git');
  await makeBareRepository(repository);
  copy = lab.fresh();
  await gitOk(['clone', '-q', repository, copy]);
  await commitRandom(copy, 'large', 300_000);
  await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
  await commitRandom(copy, 'new', 300_000);
  refsBefore = await refsOf(repository);
  mainBefore = await refOf(repository, 'main');
});
afterAll(async () => {
  await lab.close();
  folder.dispose();
});
afterEach(async () => {
  script.tell();
  await fsck(repository);
});

const clone = (client: Client, to = lab.fresh()): Promise<GitResult> =>
  client.try(['clone', lab.url('app.git'), to]);
const push = (client: Client, ...config: readonly string[]): Promise<GitResult> =>
  client.try([...config, 'push', lab.url('app.git'), 'main'], copy);

/** What a client printed that has failed; nothing in it is the server's own business. */
function failureOf({ code, stderr }: GitResult): string {
  expect(code).not.toBe(0);
  expect(stderr).not.toContain('/srv/private');
  expect(stderr).not.toContain(lab.root);
  return stderr;
}

/** What the client does not read, the operator does. */
function expectReported(errors: number): void {
  const causes = lab.server.events.error.slice(errors).map(({ error }) => String((error as Error).cause));
  expect(causes).toHaveLength(1);
  expect(causes[0]).toContain('fatal: /srv/private/app.git is broken');
}

const error500 = `The requested URL returned error: 500`;
const ranDry = /transfer closed with outstanding read data remaining|unexpected eof|disconnect/i;

describe.each([0, 1, 2])('git fails, protocol version %i,', (version) => {
  const client = clientOf(version);

  it.each([
    ['fetch', () => client.try(['fetch', lab.url('app.git')], copy)],
    ['push', () => push(client)],
  ])('before it advertises refs for a %s: the text of the 500 is shown', async (_name, run) => {
    for (const end of [dies, 'kill -KILL $$']) {
      script.tell(when(onDiscovery, end));
      const errors = lab.server.events.error.length;
      const said = failureOf(await run());
      expect(said).toMatch(/^remote: git failed on the server$/m);
      expect(said).toMatch(error500);
      if (end === dies) expectReported(errors);
    }
  });

  it.each([
    ['clone', () => clone(client)],
    ['push', () => push(client)],
  ])('in the middle of its advertisement for a %s', async (_name, run) => {
    script.tell(when(onDiscovery, killedAfter(100)));
    const said = failureOf(await run());
    expect(said).toMatch('unable to access');
    expect(said).toMatch(ranDry);
    // An exit by code looks whole to HTTP; then the missing flush packet tells.
    script.tell(when(onDiscovery, stopsAfter(100)));
    expect(failureOf(await run())).toMatch(
      /Could not read from remote|hung up upon initial contact|expected flush/,
    );
    script.tell(when(onDiscovery, 'exit 0'));
    expect(failureOf(await run())).toMatch('the remote end hung up');
  });

  it('before its first byte of a fetch: an ERR packet shows why', async () => {
    for (const end of [dies, 'kill -KILL $$']) {
      script.tell(when(onRpc, end));
      const errors = lab.server.events.error.length;
      expect(failureOf(await clone(client))).toMatch(/^fatal: remote error: git failed on the server$/m);
      if (end === dies) expectReported(errors);
    }
  });

  it.each([
    ['in its first packet', 30],
    ['in the pack', 100_000],
  ])('in the answer to a fetch, %s: no clone is left that looks whole', async (_where, bytes) => {
    for (const end of [killedAfter(bytes), stopsAfter(bytes)]) {
      script.tell(when(onRpc, end));
      const to = lab.fresh();
      expect(failureOf(await clone(client, to))).toMatch(
        /unexpected disconnect|early EOF|RPC failed|expected flush/,
      );
      expect(existsSync(join(to, 'README')) || existsSync(join(to, 'large'))).toBe(false);
    }
  });

  it.each([
    ['with its length', []],
    ['in chunks', ['-c', 'http.postBuffer=65536']],
  ])('before it answers a push %s: the report names the reason for each ref', async (_form, config) => {
    for (const end of [dies, 'kill -KILL $$']) {
      script.tell(when(onRpc, end));
      const errors = lab.server.events.error.length;
      const said = failureOf(await push(client, ...config));
      expect(said).toMatch(/^error: remote unpack failed: git failed on the server$/m);
      expect(said).toMatch(/^ ! \[remote rejected\] main -> main \(git failed on the server\)$/m);
      if (end === dies) expectReported(errors);
      expect(await refsOf(repository)).toBe(refsBefore);
    }
  });

  it('in its answer to a push, by a signal: the push is not called done', async () => {
    script.tell(when(onRpc, killedAfter(30)));
    const result = await push(client);
    const said = failureOf(result);
    expect(said).toMatch(/RPC failed/);
    expect(said).toMatch('the remote end hung up unexpectedly');
    expect(result.stderr).not.toContain('main -> main');
    // What git had done before it was killed stands.
    await gitOk(['update-ref', 'refs/heads/main', mainBefore], { cwd: repository });
  });

  // A client that is given no end of the report waits for ever.
  it('in its answer to a push, by an error: the reason follows what hooks have said', async () => {
    writeHook(repository, 'pre-receive', 'echo welcome');
    writeHook(repository, 'reference-transaction', 'cat >/dev/null; exit 1');
    const errors = lab.server.events.error.length;
    const result = await push(client);
    rmSync(join(repository, 'hooks'), { recursive: true });
    const said = failureOf(result);
    expect(said).toMatch(/^remote: welcome *$/m);
    expect(said).toMatch(/^error: remote unpack failed: git failed on the server$/m);
    expect(said).toMatch(/^ ! \[remote rejected\] main -> main \(git failed on the server\)$/m);
    expect(lab.server.events.error.length).toBe(errors + 1);
    expect(await refsOf(repository)).toBe(refsBefore);
  });

  it('in its answer to a push, by an error inside a packet: the connection is broken', async () => {
    script.tell(when(onRpc, "cat >/dev/null; printf '0020\\002cut'; exit 1"));
    expect(failureOf(await push(client))).toMatch(/RPC failed|unexpected disconnect/);
  });

  it('since it has gone since the advertisement: that is what is said', async () => {
    const errors = lab.server.events.error.length;
    script.tell(when(onDiscovery, `mv "$0" "$0.away"`));
    expect(failureOf(await clone(client))).toMatch(/^fatal: remote error: the server could not start git$/m);
    script.tell(when(onDiscovery, `mv "$0" "$0.away"`));
    expect(failureOf(await push(client))).toMatch(
      '! [remote rejected] main -> main (the server could not start git)',
    );
    expect(lab.server.events.error.length).toBe(errors + 2);
  });
});

// Without version 2, the first POST is the fetch already.
it('git fails between ls-refs and the pack: an ERR packet shows why', async () => {
  const first = lab.fresh();
  script.tell(when(onRpc, `if [ -e '${first}' ]; then ${dies}; fi; touch '${first}'`));
  const said = failureOf(await clone(clientOf(2)));
  expect(said).toMatch(/^fatal: remote error: git failed on the server$/m);
  expect(existsSync(first)).toBe(true);
});
