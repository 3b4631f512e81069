/** What a user reads who is refused: docs/protocol.md, "What the client prints". */
import { chownSync, cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GitServerOptions } from '../../src/index.js';
import {
  commitRandom,
  fsck,
  gitOk,
  makeBareRepository,
  refsOf,
  type GitResult,
} from '../support/fixtures.js';
import { rawRequest, type RawResponse } from '../support/raw-http.js';
import { clientOf, openLab, writeHook, type Client, type Lab } from './lab.js';

let lab: Lab;
/** A work tree with a commit of 300 kB that the repository has not. */
let copy = '';

/** The repository as it is before anybody pushes. */
let pristine = '';

const labs: Lab[] = [];
async function open(options: Partial<GitServerOptions> = {}): Promise<Lab> {
  const opened = await openLab(options);
  labs.push(opened);
  if (labs[0] === opened) await makeBareRepository(opened.at('app.git'));
  else cpSync(pristine, opened.at('app.git'), { recursive: true });
  return opened;
}
beforeAll(async () => {
  lab = await open();
  pristine = lab.fresh();
  cpSync(lab.at('app.git'), pristine, { recursive: true });
  copy = lab.fresh();
  await gitOk(['clone', '-q', lab.at('app.git'), copy]);
  await commitRandom(copy, 'new', 300_000);
});
afterAll(async () => {
  for (const opened of labs) await opened.close();
});

const lines = ({ stderr }: GitResult): string[] => stderr.trimEnd().split('\n');
/** What the operator reads. */
const causeOf = ({ server }: Lab): string =>
  String((server.events.error[0]?.error as Error | undefined)?.cause);
const at = (url: string, name: string, password: string): string =>
  url.replace('://', `://${name}:${password}@`);
const fetchFrom = (client: Client, url: string): Promise<GitResult> => client.try(['fetch', url], copy);
const pushTo = (client: Client, url: string, ...config: readonly string[]): Promise<GitResult> =>
  client.try([...config, 'push', url, 'main'], copy);

describe.each([0, 1, 2])('protocol version %i:', (version) => {
  const client = clientOf(version);
  const both = [
    ['fetch', fetchFrom],
    ['push', pushTo],
  ] as const;

  describe.each(both)('%s', (_name, run) => {
    it('to a repository that does not exist', async () => {
      const url = lab.url('missing.git');
      const result = await run(client, url);
      expect(lines(result)).toEqual([
        'remote: repository not found',
        `fatal: repository '${url}/' not found`,
      ]);
      expect(result.code).toBe(128);
    });

    it('without a name, with a wrong one, and with one that may not even know of it', async () => {
      const guarded = await open({
        publicRead: false,
        publicWrite: false,
        authenticate: ({ credentials }) =>
          credentials?.scheme === 'basic' && credentials.password === 'good'
            ? { name: credentials.username }
            : undefined,
        authorize: ({ user }) => user?.name === 'ann',
      });
      const url = guarded.url('app.git');
      const [last] = lines(await run(client, url)).slice(-1);
      expect(last).toMatch(/^fatal: could not read Username for 'http:.*': terminal prompts disabled$/);
      const wrong = await run(client, at(url, 'ann', 'bad'));
      expect(lines(wrong)[0]).toBe('remote: the user name, password or token is not valid');
      expect(lines(wrong).at(-1)).toBe(`fatal: Authentication failed for '${url}/'`);
      const stranger = await run(client, at(url, 'bob', 'good'));
      expect(lines(stranger)[0]).toBe('remote: repository not found');
      expect(await run(client, at(url, 'ann', 'good'))).toMatchObject({ code: 0 });
    });

    it('where the repository has switched it off', async () => {
      const closed = await open();
      for (const service of ['uploadpack', 'receivepack']) {
        await gitOk(['config', `http.${service}`, 'false'], { cwd: closed.at('app.git') });
      }
      const [first, last] = lines(await run(client, closed.url('app.git')));
      expect(first).toMatch(/^remote: (upload|receive)-pack is not enabled for this repository$/);
      expect(last).toMatch(/The requested URL returned error: 403$/);
    });

    it('where git does not trust the owner of the repository, and the log says what to do', async () => {
      // Only root can give a folder away; to others git can be told to see it so (its own tests' way).
      const isRoot = process.getuid?.() === 0;
      const foreign = await open(
        isRoot ? {} : { environment: () => ({ GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' }) },
      );
      if (isRoot) chownSync(foreign.at('app.git'), 65_534, 65_534);
      const [first, last] = lines(await run(client, foreign.url('app.git')));
      expect(first).toBe(
        'remote: the server does not trust the ownership of this repository; its log says what to do',
      );
      expect(last).toMatch(/The requested URL returned error: 500$/);
      expect(causeOf(foreign)).toMatch(/dubious ownership[^]*safe\.directory/);
    });

    it('where there is no git', async () => {
      const bare = await open({ gitCommand: '/nonexistent/git' });
      const [first, last] = lines(await run(client, bare.url('app.git')));
      expect(first).toBe('remote: the server could not start git');
      expect(last).toMatch(/The requested URL returned error: 500$/);
      expect(causeOf(bare)).toContain('ENOENT');
    });
  });
});

describe('a push', () => {
  const client = clientOf(2);

  it('by one who may only read', async () => {
    const readers = await open({
      publicWrite: false,
      authenticate: ({ credentials }) =>
        credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
      authorize: ({ context }) => context.operation === 'read',
    });
    const [first, last] = lines(await pushTo(client, at(readers.url('app.git'), 'bob', 'x')));
    expect(first).toBe('remote: you are not allowed to push to this repository');
    expect(last).toMatch(/^fatal: unable to access '.*': The requested URL returned error: 403$/);
  });

  it.each(['pre-receive', 'update'])('that a %s hook refuses: all of its text, and why', async (hook) => {
    const hooked = await open();
    writeHook(hooked.at('app.git'), hook, 'echo "main is frozen"; echo "ask ann" >&2; exit 1');
    const said = lines(await pushTo(client, hooked.url('app.git'))).map((line) => line.trimEnd());
    expect(said).toContain('remote: main is frozen');
    expect(said).toContain('remote: ask ann');
    const reason = hook === 'update' ? 'hook declined' : 'pre-receive hook declined';
    expect(said).toContain(` ! [remote rejected] main -> main (${reason})`);
  });

  it('that says how large it is, and is too large: the number only', async () => {
    const small = await open({ limits: { maxPushBytes: 100_000 } });
    const before = await refsOf(small.at('app.git'));
    const result = await pushTo(client, small.url('app.git'), '-c', 'http.postBuffer=10m');
    expect(result.stderr).toMatch(/^error: RPC failed; HTTP 413 .*The requested URL returned error: 413/m);
    expect(result.code).toBe(1);
    expect(await refsOf(small.at('app.git'))).toBe(before);
  });

  it('that turns out to be too large on its way: a report with the reason', async () => {
    const small = await open({ limits: { maxPushBytes: 100_000 } });
    const before = await refsOf(small.at('app.git'));
    const result = await pushTo(client, small.url('app.git'), '-c', 'http.postBuffer=65536');
    const reason = 'the request body is larger than the 100000 bytes that this server accepts';
    expect(lines(result)).toContain(`error: remote unpack failed: ${reason}`);
    expect(lines(result)).toContain(` ! [remote rejected] main -> main (${reason})`);
    expect(result.code).toBe(1);
    expect(await refsOf(small.at('app.git'))).toBe(before);
    await fsck(small.at('app.git'));
  });
});

it.each([0, 2])(
  'a fetch whose request is too large, protocol version %i: the number only',
  async (version) => {
    const small = await open({ limits: { maxFetchRequestBytes: 20 } });
    const result = await clientOf(version).try(['clone', small.url('app.git'), small.fresh()]);
    expect(result.stderr).toMatch(/^error: RPC failed; HTTP 413 .*The requested URL returned error: 413/m);
    expect(result.code).toBe(128);
  },
);

it.each([0, 2])(
  'a repository that is damaged, protocol version %i: what git says, and no clone',
  async (version) => {
    const damaged = await open();
    const repository = damaged.at('app.git');
    const blob = await gitOk(['rev-parse', 'main:file-2'], { cwd: repository });
    rmSync(join(repository, 'objects', blob.slice(0, 2), blob.slice(2)));
    const to = damaged.fresh();
    const { code, stderr } = await clientOf(version).try(['clone', damaged.url('app.git'), to]);
    expect(stderr).toMatch(/^remote: aborting due to possible repository corruption on the remote side\./m);
    expect(code).toBe(128);
    expect(existsSync(join(to, 'file-1'))).toBe(false);
  },
);

describe('a compressed request', () => {
  const probe = Buffer.from('0000');
  const damages: readonly (readonly [string, Buffer, string])[] = [
    ['is not compressed at all', probe, 'the request body is not valid gzip data\n'],
    [
      'is damaged',
      Buffer.concat([gzipSync(probe).subarray(0, 10), Buffer.alloc(30, 0xff)]),
      'the request body is not valid gzip data\n',
    ],
    [
      'ends too early',
      gzipSync(probe).subarray(0, -6),
      'the gzip data of the request body ended too early\n',
    ],
  ];
  const send = (service: string, body: Buffer): Promise<RawResponse> =>
    rawRequest({
      port: lab.server.port,
      method: 'POST',
      path: `/app.git/${service}`,
      headers: [
        ['Content-Type', `application/x-${service}-request`],
        ['Content-Encoding', 'gzip'],
        ['Git-Protocol', 'version=2'],
      ],
      body,
    });

  it.each(damages)('that %s gets 400 and the reason', async (_what, body, text) => {
    for (const service of ['git-upload-pack', 'git-receive-pack']) {
      const answer = await send(service, body);
      expect({ status: answer.status, text: answer.body.toString() }).toEqual({ status: 400, text });
    }
    expect((await send('git-upload-pack', gzipSync(probe))).status).toBe(200);
  });
});
