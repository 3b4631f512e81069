import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AdministrationError, DirectoryStore, RepositoryAdministration } from '../../../src/index.js';
import {
  gitOk,
  makeBareRepository,
  makeTempDir,
  makeWorkTree,
  type TempDir,
} from '../../support/fixtures.js';

let folder: TempDir;
let admin: RepositoryAdministration;
let store: DirectoryStore;
const at = (name: string): string => join(folder.path, name);
beforeEach(() => {
  folder = makeTempDir();
  admin = new RepositoryAdministration({ root: folder.path });
  store = new DirectoryStore({ root: folder.path });
});
afterEach(() => folder.dispose());

const shown = async (): Promise<string[]> =>
  (await readdir(folder.path)).filter((name) => !name.startsWith('.gittyphoon-'));

describe('create', () => {
  test('makes a bare repository without hooks, with what the settings say', async () => {
    const made = await admin.create('team/app', {
      defaultBranch: 'trunk',
      objectFormat: 'sha256',
      description: 'One line',
      visibility: 'authenticated',
      shared: 'group',
    });
    expect(made).toEqual({ name: 'team/app.git', gitDir: at('team/app.git') });
    expect(await store.find('team/app')).toEqual(made);
    expect(await readdir(made.gitDir)).not.toContain('hooks');
    expect((await stat(made.gitDir)).mode & 0o070).toBe(0o070);
    expect(await admin.show('team/app')).toMatchObject({
      defaultBranch: 'trunk',
      objectFormat: 'sha256',
      description: 'One line',
      visibility: 'authenticated',
      branches: [],
      lastPush: undefined,
    });
  });

  test('of several of one name one wins, and the others are told', async () => {
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => admin.create('app')));
    const lost = results.filter((result) => result.status === 'rejected');
    expect(lost).toHaveLength(3);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'ERR_REPOSITORY_EXISTS' });
    expect(await shown()).toEqual(['app.git']);
    expect(await readdir(at('.gittyphoon-new'))).toEqual([]);
  });

  test('that fails leaves nothing', async () => {
    const broken = new RepositoryAdministration({ root: folder.path, gitCommand: 'false' });
    await expect(broken.create('app')).rejects.toMatchObject({ code: 'ERR_GIT_FAILED' });
    await expect(admin.create('app', { defaultBranch: '-x' })).rejects.toMatchObject({
      code: 'ERR_REPOSITORY_SETTING',
    });
    expect(await shown()).toEqual([]);
    expect(await readdir(at('.gittyphoon-new'))).toEqual([]);
  });
});

describe('rename', () => {
  test('moves all of it, and makes the folders that it needs', async () => {
    await makeBareRepository(at('old.git'));
    const { branches } = await admin.show('old');
    expect(await admin.rename('old', 'a/b/new')).toEqual({ name: 'a/b/new.git', gitDir: at('a/b/new.git') });
    expect((await admin.show('a/b/new')).branches).toEqual(branches);
    expect(await store.find('old')).toBeUndefined();
  });

  test('keeps a working tree what it is', async () => {
    await makeWorkTree(at('work'));
    expect(await admin.rename('work', 'other/work')).toEqual({
      name: 'other/work',
      gitDir: at('other/work/.git'),
    });
    expect(await gitOk(['status', '--porcelain'], { cwd: at('other/work') })).toBe('');
  });

  test('refuses what exists, what is inside another, and what cannot be moved whole', async () => {
    await admin.create('a');
    await admin.create('b');
    await makeWorkTree(at('tree'));
    await gitOk(['worktree', 'add', '-q', at('linked')], { cwd: at('tree') });
    for (const [name, target, code] of [
      ['a', 'b', 'ERR_REPOSITORY_EXISTS'],
      ['a', 'a', 'ERR_REPOSITORY_EXISTS'],
      ['a', 'tree/a', 'ERR_REPOSITORY_PLACE'],
      ['a', 'a.git/x', 'ERR_REPOSITORY_NAME'],
      ['a', '../a', 'ERR_REPOSITORY_NAME'],
      ['a', '.gittyphoon-trash/a', 'ERR_REPOSITORY_NAME'],
      ['nope', 'x', 'ERR_REPOSITORY_MISSING'],
      ['../x', 'x', 'ERR_REPOSITORY_MISSING'],
      ['tree', 'x', 'ERR_REPOSITORY_PLACE'],
      ['linked', 'x', 'ERR_REPOSITORY_PLACE'],
    ] as const) {
      expect([
        name,
        target,
        await admin.rename(name, target).catch((error: AdministrationError) => error.code),
      ]).toEqual([name, target, code]);
    }
    expect((await shown()).toSorted()).toEqual(['a.git', 'b.git', 'linked', 'tree']);
  });
});

describe('delete', () => {
  test('takes it out of service; nothing in the trash is served, whatever leads there', async () => {
    await makeBareRepository(at('team/app.git'));
    const entry = await admin.delete('team/app');
    expect(entry.name).toBe('team/app.git');
    expect(await admin.trash()).toEqual([entry]);
    const trashed = `.gittyphoon-trash/${entry.id}/team/app.git`;
    expect(existsSync(at(trashed))).toBe(true);
    symlinkSync(at(trashed), at('link.git'));
    await gitOk(['worktree', 'add', '-q', at('tree'), 'main'], { cwd: at(trashed) });
    for (const path of ['team/app', trashed, trashed.replace('trash', 'TRASH'), 'link', 'tree']) {
      expect(await store.find(path)).toBeUndefined();
    }
  });

  test('can be undone, under the same name or another, the latest first', async () => {
    const ids: string[] = [];
    for (const description of ['first', 'second']) {
      await admin.create('app', { description });
      ids.push((await admin.delete('app')).id);
    }
    // Within one second their order is not known.
    const [latest = ''] = ids.toSorted().toReversed();
    const expected = latest === ids[0] ? 'first' : 'second';
    await admin.restore('app');
    expect((await admin.show('app')).description).toBe(expected);
    await expect(admin.restore('app')).rejects.toMatchObject({ code: 'ERR_REPOSITORY_EXISTS' });
    const [left] = await admin.trash();
    expect(await admin.restore(left?.id ?? '', 'old/app')).toEqual({
      name: 'old/app.git',
      gitDir: at('old/app.git'),
    });
    expect(await admin.trash()).toEqual([]);
    expect(await readdir(at('.gittyphoon-trash'))).toEqual([]);
    await expect(admin.restore('app')).rejects.toMatchObject({ code: 'ERR_REPOSITORY_MISSING' });
  });

  test('is for good once it is purged', async () => {
    await makeBareRepository(at('app.git'));
    await admin.delete('app');
    await admin.create('app');
    await admin.delete('app');
    expect(await admin.purge('app')).toHaveLength(2);
    expect(await admin.trash()).toEqual([]);
    expect(await readdir(at('.gittyphoon-new'))).toEqual([]);
  });
});

describe('settings', () => {
  test('of a repository with content', async () => {
    await makeBareRepository(at('app.git'));
    await admin.setDefaultBranch('app', 'topic');
    await admin.describe('app', 'What it is for');
    await admin.setVisibility('app', 'private');
    const details = await admin.show('app');
    expect(details).toMatchObject({
      name: 'app.git',
      defaultBranch: 'topic',
      branches: ['main', 'topic'],
      description: 'What it is for',
      visibility: 'private',
      objectFormat: 'sha1',
    });
    expect(details.sizeBytes).toBeGreaterThan(0);
    expect(details.lastPush).toBeInstanceOf(Date);
    expect(readFileSync(at('app.git/config'), 'utf8')).toContain('visibility = private');
    await admin.describe('app', '');
    expect((await admin.show('app')).description).toBeUndefined();
  });

  test('that cannot be are refused', async () => {
    await makeBareRepository(at('app.git'));
    await makeWorkTree(at('work'));
    for (const change of [
      () => admin.setDefaultBranch('app', 'nope'),
      () => admin.setDefaultBranch('app', '--help'),
      () => admin.setDefaultBranch('app', 'a..b'),
      () => admin.setDefaultBranch('work', 'main'),
      () => admin.describe('app', 'two\nlines'),
      () => admin.setVisibility('app', 'secret' as 'private'),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: 'ERR_REPOSITORY_SETTING' });
    }
    expect((await admin.show('app')).defaultBranch).toBe('main');
  });

  test('of an empty repository may name a branch that is yet to come', async () => {
    await admin.create('app');
    await admin.setDefaultBranch('app', 'later');
    expect((await admin.show('app')).defaultBranch).toBe('later');
  });

  test('last push comes from the reflogs, where there are any', async () => {
    await makeBareRepository(at('app.git'), { commits: 1 });
    await gitOk(['config', 'core.logAllRefUpdates', 'true'], { cwd: at('app.git') });
    await gitOk(['branch', 'new'], { cwd: at('app.git'), env: { GIT_COMMITTER_DATE: '1700000000 +0000' } });
    expect((await admin.show('app')).lastPush).toEqual(new Date(1_700_000_000_000));
  });
});
