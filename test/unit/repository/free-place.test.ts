import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePlace, moveToFreePlace, twinOf } from '../../../src/repository/free-place.js';
import { makeBareRepository, makeTempDir, makeWorkTree, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
beforeAll(async () => {
  folder = makeTempDir();
  const at = (name: string): string => join(folder.path, name);
  await makeBareRepository(at('bare.git'), { commits: 0 });
  await makeBareRepository(at('plain'), { commits: 0 });
  await makeWorkTree(at('tree'));
  mkdirSync(at('team/sub'), { recursive: true });
  mkdirSync(at('empty.git'));
  writeFileSync(at('file'), '');
  symlinkSync('team', at('link'));
  symlinkSync('nowhere', at('dangling'));
});
afterAll(() => folder.dispose());

test.each(['new.git', 'team/new.git', 'team.git', 'deep/er/new.git', 'team/sub/x/new.git'])(
  '%s is free',
  async (name) => {
    expect(await freePlace(folder.path, name)).toBe(join(folder.path, name));
  },
);

test.each([
  ['bare.git', 'ERR_REPOSITORY_EXISTS'],
  ['empty.git', 'ERR_REPOSITORY_EXISTS'],
  // Their URLs would be the same.
  ['plain.git', 'ERR_REPOSITORY_EXISTS'],
  ['tree.git', 'ERR_REPOSITORY_EXISTS'],
  ['bare', 'ERR_REPOSITORY_EXISTS'],
  ['plain/x.git', 'ERR_REPOSITORY_PLACE'],
  ['plain/hooks/x.git', 'ERR_REPOSITORY_PLACE'],
  ['tree/deep/x.git', 'ERR_REPOSITORY_PLACE'],
  ['file/x.git', 'ERR_REPOSITORY_PLACE'],
  ['link/x.git', 'ERR_REPOSITORY_PLACE'],
  ['dangling/x.git', 'ERR_REPOSITORY_PLACE'],
])('%s is not free: %s', async (name, code) => {
  await expect(freePlace(folder.path, name)).rejects.toMatchObject({ code });
});

test('nothing can be made in a folder that is itself a repository', async () => {
  await expect(freePlace(join(folder.path, 'plain'), 'x.git')).rejects.toThrow('is itself a repository');
});

test('of many moves to one name one wins, and the others leave what they moved where it was', async () => {
  const sources = Array.from({ length: 5 }, (_, i) => join(folder.path, `source-${i}`));
  for (const source of sources) {
    mkdirSync(source);
    writeFileSync(join(source, 'content'), source);
  }
  const results = await Promise.allSettled(
    sources.map((source) => moveToFreePlace(source, folder.path, 'race/won.git')),
  );
  const lost = results.filter((result) => result.status === 'rejected');
  expect(lost).toHaveLength(4);
  for (const { reason } of lost) expect(reason).toMatchObject({ code: 'ERR_REPOSITORY_EXISTS' });
  const left = (await readdir(folder.path)).filter((name) => name.startsWith('source-'));
  expect(left).toHaveLength(4);
});

test('a name is a twin of what differs from it in case or composition only', () => {
  expect(twinOf('App', ['app', 'other'])).toBe('app');
  expect(twinOf('\u00fc', ['u\u0308'])).toBe('u\u0308');
  expect(twinOf('app', ['App', 'app'])).toBeUndefined();
  expect(twinOf('app', ['application'])).toBeUndefined();
});
