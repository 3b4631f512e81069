/** Refs that are broken or change while they are read, and which repository a path stands for. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository, makeWorkTree } from '../support/fixtures.js';
import { gitAtLeast } from '../support/gits.js';
import { rawRequest } from '../support/raw-http.js';
import { clientOf, openLab, protocolVersions, refOf, type Lab } from './lab.js';

let lab: Lab;
let count = 0;
let name = '';
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());
beforeEach(() => {
  name = `app-${(count += 1)}.git`;
});

const namesOf = (listed: string): string[] => listed.split('\n').map((line) => line.split('\t')[1] ?? '');

/** Files that are no sound refs: broken ones, then locks and names that no ref may have. */
async function addBrokenRefs(repository: string): Promise<void> {
  const main = await refOf(repository, 'main');
  for (const [file, content] of [
    ['gone', '1'.repeat(40)],
    ['nonsense', 'nonsense'],
    ['empty', ''],
    ['dangling', 'ref: refs/heads/nowhere'],
    ['main.lock', main],
    ['.hidden', main],
  ] as const) {
    writeFileSync(join(repository, 'refs', 'heads', file), `${content}\n`);
  }
}

// upload-pack leaves it to its clients to judge them (ls-refs.c: for_each_fullref_in_prefixes).
it.each(protocolVersions)(
  'broken refs are listed as git lists them, protocol version %i',
  async (version) => {
    await makeBareRepository(lab.at(name));
    await addBrokenRefs(lab.at(name));
    const listed = await clientOf(version).ok(['ls-remote', lab.url(name)]);
    expect(listed).toBe(await clientOf(version).ok(['ls-remote', lab.at(name)]));
    expect(listed).not.toMatch(/lock|hidden|dangling/);
    const copy = lab.fresh();
    await clientOf(version).ok(['clone', '-q', '--single-branch', lab.url(name), copy]);
    expect(await refOf(copy, 'HEAD')).toBe(await refOf(lab.at(name), 'main'));
    await fsck(copy);
  },
);

// http-backend.c: get_info_refs. A dumb client would look for their objects, and fail.
it('broken refs are kept from dumb clients', async () => {
  await makeBareRepository(lab.at(name));
  await addBrokenRefs(lab.at(name));
  const env = { GIT_SMART_HTTP: '0' };
  const refs = namesOf(await gitOk(['ls-remote', '--heads', lab.url(name)], { env }));
  expect(refs).toEqual(['refs/heads/main', 'refs/heads/topic']);
  const copy = lab.fresh();
  await gitOk(['clone', '-q', lab.url(name), copy], { env });
  await fsck(copy);
});

describe.each([...protocolVersions, 'dumb' as const])('protocol %s', (version) => {
  const client = version === 'dumb' ? clientOf(2, { env: { GIT_SMART_HTTP: '0' } }) : clientOf(version);

  it('no ref is missing while refs are packed and unpacked', async () => {
    await makeBareRepository(lab.at(name));
    const main = await refOf(lab.at(name), 'main');
    for (let i = 0; i < 20; i += 1) await gitOk(['branch', `b${i}`, 'main'], { cwd: lab.at(name) });
    const state = { isOver: false };
    const packing = (async () => {
      for (let i = 0; !state.isOver; i += 1) {
        await gitOk(['pack-refs', '--all'], { cwd: lab.at(name) });
        await gitOk(['update-ref', `refs/heads/b${i % 20}`, i % 2 ? main : `${main}~1`], {
          cwd: lab.at(name),
        });
      }
    })();
    try {
      for (let i = 0; i < 8; i += 1) {
        const refs = namesOf(await client.ok(['ls-remote', lab.url(name), 'refs/heads/*']));
        expect(refs).toHaveLength(22);
      }
    } finally {
      state.isOver = true;
      await packing;
    }
  });

  it('a detached HEAD is told by its id, and a clone stands there', async () => {
    await makeBareRepository(lab.at(name));
    const parent = await refOf(lab.at(name), 'main~1');
    await gitOk(['update-ref', '--no-deref', 'HEAD', parent], { cwd: lab.at(name) });
    expect(await client.ok(['ls-remote', lab.url(name), 'HEAD'])).toBe(`${parent}\tHEAD`);
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url(name), copy]);
    expect(await refOf(copy, 'HEAD')).toBe(parent);
  });
});

describe('a path stands for (path.c: enter_repo)', () => {
  const headOf = async (path: string): Promise<string> => {
    const { code, stdout } = await clientOf(2).try(['ls-remote', lab.url(path), 'HEAD']);
    return code === 0 ? (stdout.split('\t')[0] ?? '') : 'none';
  };

  it('a folder with .git in it, before the folder itself and the one with the suffix .git', async () => {
    await makeWorkTree(lab.at('order'));
    const tree = await commitFile(lab.at('order'), 'tree', 'tree\n');
    await makeBareRepository(lab.at('order.git'), { commits: 1 });
    const bare = await refOf(lab.at('order.git'), 'HEAD');
    expect(await headOf('order')).toBe(tree);
    expect(await headOf('order/.git')).toBe(tree);
    expect(await headOf('order.git')).toBe(bare);
  });

  it('a working tree whose folder ends with .git, with the suffix and without it', async () => {
    await makeWorkTree(lab.at('suffixed.git'));
    const tree = await refOf(lab.at('suffixed.git'), 'HEAD');
    for (const path of ['suffixed', 'suffixed.git', 'suffixed.git/.git'])
      expect(await headOf(path)).toBe(tree);
  });

  it('a folder that is no repository, then the one with the suffix', async () => {
    mkdirSync(lab.at('plain'));
    await makeBareRepository(lab.at('plain.git'), { commits: 1 });
    expect(await headOf('plain')).toBe(await refOf(lab.at('plain.git'), 'HEAD'));
  });

  it('three dots, which are a name like any other', async () => {
    await makeBareRepository(lab.at('.../app.git'), { commits: 1 });
    expect(await headOf('.../app.git')).toBe(await refOf(lab.at('.../app.git'), 'HEAD'));
  });

  it('the same when the whole URL is the target, as a proxy may ask', async () => {
    await makeBareRepository(lab.at('absolute.git'), { commits: 1 });
    const path = `http://other.example.org/absolute.git/HEAD`;
    const answer = await rawRequest({ port: lab.server.port, path });
    expect([answer.status, answer.body.toString()]).toEqual([200, 'ref: refs/heads/main\n']);
  });

  it('nothing when a part of it, or all of it, is longer than a name may be', async () => {
    for (const path of [`/${'a'.repeat(256)}/HEAD`, `/${'a/'.repeat(3000)}HEAD`]) {
      expect((await rawRequest({ port: lab.server.port, path })).status).toBe(404);
    }
  });
});

// Before 2.41 a client took every empty repository for one of SHA-1.
const newer = gitAtLeast(2, 41);
it.skipIf(!newer).each(protocolVersions)(
  'an empty SHA-256 repository is cloned as one, protocol version %i',
  async (version) => {
    const command = newer?.command ?? 'git';
    const client = clientOf(version, { command });
    const server = await openLab({ repositories: lab.root, gitCommand: command });
    try {
      await makeBareRepository(lab.at(name), { commits: 0, objectFormat: 'sha256' });
      const copy = lab.fresh();
      await client.ok(['clone', '-q', server.url(name), copy]);
      expect(await gitOk(['rev-parse', '--show-object-format'], { cwd: copy })).toBe('sha256');
      await gitOk(['checkout', '-q', '-B', 'main'], { cwd: copy });
      const oid = await commitFile(copy, 'first', 'first\n');
      await client.ok(['push', '-q', 'origin', 'main'], copy);
      expect(await refOf(lab.at(name), 'main')).toBe(oid);
      await fsck(lab.at(name));
    } finally {
      await server.close();
    }
  },
);
