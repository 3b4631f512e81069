/**
 * SECURITY: a token's scope holds on every endpoint, in every version, and whichever way the token comes (S2: a direct
 * POST; S4: one scheme that skips a check). Everything else here is allowed to everybody who is somebody.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTokenFile, type TokenFile } from '../../src/access/index.js';
import { git, gitOk, makeBareRepository, makeTempDir, type TempDir } from '../support/fixtures.js';
import { delimiter, flush, pkt } from './differential/case.js';
import { clientOf, openLab, protocolVersions, type Lab } from './lab.js';

let folder: TempDir;
let tokens: TokenFile;
let lab: Lab;
let head: string;
let pack: string;

/** The tokens under test, by what they are. */
const secrets: Record<string, string> = {};

beforeAll(async () => {
  folder = makeTempDir();
  tokens = await openTokenFile(join(folder.path, 'tokens.json'));
  lab = await openLab({
    publicRead: false,
    publicWrite: false,
    authenticate: tokens.authenticate,
    authorize: ({ user }) => user !== undefined,
  });
  for (const name of ['mine', 'other']) {
    await makeBareRepository(lab.at(`${name}.git`), { commits: 1 });
    await gitOk(['repack', '-a', '-q'], { cwd: lab.at(`${name}.git`) });
    await gitOk(['update-server-info'], { cwd: lab.at(`${name}.git`) });
    await gitOk(['config', 'daemon.uploadarch', 'true'], { cwd: lab.at(`${name}.git`) });
  }
  head = await gitOk(['rev-parse', 'main'], { cwd: lab.at('mine.git') });
  pack = readdirSync(join(lab.at('mine.git'), 'objects/pack')).find((name) => name.endsWith('.pack')) ?? '';
  const common = { user: 'ann', repositories: ['mine'], expires: 'never' } as const;
  for (const scope of ['read', 'write'] as const) {
    secrets[scope] = (await tokens.create({ ...common, scope })).token;
  }
  const revoked = await tokens.create({ ...common, scope: 'write' });
  await tokens.revoke([revoked.id]);
  secrets['revoked'] = revoked.token;
  secrets['damaged'] = `${secrets['write']}x`;
});

afterAll(async () => {
  await lab.close();
  await tokens.close();
  folder.dispose();
});

const schemes = {
  'as a Basic password': (token: string) => `Basic ${Buffer.from(`any:${token}`).toString('base64')}`,
  'as a Bearer token': (token: string) => `Bearer ${token}`,
} as const;

interface Ask {
  readonly path: string;
  readonly type?: string;
  readonly body?: string;
}

/** All that can be asked for of a repository. */
function readingEndpoints(): readonly Ask[] {
  const want = pkt(`want ${head}\n`) + flush + pkt('done\n');
  const lsRefs = pkt('command=ls-refs\n') + delimiter + flush;
  const archive = pkt('argument HEAD\n') + flush;
  const request = (service: string): string => `application/x-${service}-request`;
  return [
    { path: 'info/refs?service=git-upload-pack' },
    { path: 'git-upload-pack', type: request('git-upload-pack'), body: want },
    { path: 'git-upload-pack', type: request('git-upload-pack'), body: lsRefs },
    { path: 'git-upload-archive', type: request('git-upload-archive'), body: archive },
    { path: 'info/refs' },
    { path: 'HEAD' },
    { path: 'objects/info/packs' },
    { path: `objects/${head.slice(0, 2)}/${head.slice(2)}` },
    { path: `objects/pack/${pack}` },
    { path: `objects/pack/${pack.replace('.pack', '.idx')}` },
  ];
}

function writingEndpoints(ref: string): readonly Ask[] {
  const update = pkt(`${'0'.repeat(40)} ${head} refs/heads/${ref}\0report-status\n`) + flush;
  // The empty pack: version 2, no objects, and the checksum of that.
  const emptyPack = '5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e';
  return [
    { path: 'info/refs?service=git-receive-pack' },
    {
      path: 'git-receive-pack',
      type: 'application/x-git-receive-pack-request',
      body: Buffer.from(update).toString('latin1') + Buffer.from(emptyPack, 'hex').toString('latin1'),
    },
  ];
}

async function statusOf(
  repository: string,
  ask: Ask,
  authorization: string,
  version: number,
): Promise<number> {
  const response = await fetch(`${lab.url(repository)}/${ask.path}`, {
    method: ask.body === undefined ? 'GET' : 'POST',
    headers: {
      Authorization: authorization,
      'Git-Protocol': `version=${ask.body?.includes('command=') ? 2 : version}`,
      ...(ask.type === undefined ? {} : { 'Content-Type': ask.type }),
    },
    ...(ask.body === undefined ? {} : { body: Buffer.from(ask.body, 'latin1') }),
  });
  await response.arrayBuffer();
  return response.status;
}

let refCount = 0;

describe.each(Object.entries(schemes))('%s', (_way, headerOf) => {
  describe.each(protocolVersions)('in version %s', (version) => {
    /** The statuses of all reading and all writing endpoints, each once. */
    async function statuses(which: string, repository: string): Promise<{ read: number[]; write: number[] }> {
      const authorization = headerOf(secrets[which] ?? '');
      const all = async (asks: readonly Ask[]): Promise<number[]> => {
        const each = asks.map((ask) => statusOf(repository, ask, authorization, version));
        return [...new Set(await Promise.all(each))];
      };
      const read = await all(readingEndpoints());
      const write = await all(writingEndpoints(`new-${(refCount += 1)}`));
      return { read, write };
    }

    const lastRef = (repository: string): Promise<number | null> =>
      git(['rev-parse', '--verify', '-q', `refs/heads/new-${refCount}`], { cwd: lab.at(repository) }).then(
        ({ code }) => code,
      );

    it('a token for writing opens every endpoint of its repository', async () => {
      expect(await statuses('write', 'mine.git')).toEqual({ read: [200], write: [200] });
      expect(await lastRef('mine.git')).toBe(0);
    });

    it('a token for reading opens every endpoint that reads, and none that writes', async () => {
      expect(await statuses('read', 'mine.git')).toEqual({ read: [200], write: [403] });
      expect(await lastRef('mine.git')).not.toBe(0);
    });

    it.each(['read', 'write'])('a token for %s shows nothing of another repository', async (which) => {
      expect(await statuses(which, 'other.git')).toEqual({ read: [404], write: [404] });
      expect(await statuses(which, 'missing.git')).toEqual({ read: [404], write: [404] });
      expect(await lastRef('other.git')).not.toBe(0);
    });

    it.each(['revoked', 'damaged'])('a token that is %s is a wrong password everywhere', async (which) => {
      for (const repository of ['mine.git', 'other.git', 'missing.git']) {
        expect(await statuses(which, repository)).toEqual({ read: [401], write: [401] });
      }
    });

    it('git says why a push is refused', async () => {
      const client = clientOf(version);
      const path = lab.fresh();
      const header = ['-c', `http.extraHeader=Authorization: ${headerOf(secrets['read'] ?? '')}`];
      await client.ok([...header, 'clone', '-q', lab.url('mine'), path]);
      expect(existsSync(join(path, 'file-1'))).toBe(true);
      const push = await client.try([...header, 'push', lab.url('mine'), 'HEAD:refs/heads/no'], path);
      expect(push.stderr).toContain('remote: you are not allowed to push to this repository');
      const other = await client.try([...header, 'ls-remote', lab.url('other')]);
      expect(other.stderr).toContain('not found');
    });
  });
});
