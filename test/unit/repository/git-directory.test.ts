import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repositoryAt } from '../../../src/repository/function-store.js';
import {
  commonDirectory,
  exists,
  isGitDirectory,
  resolveGitDirectory,
} from '../../../src/repository/git-directory.js';
import { git, gitOk, makeTempDir, makeWorkTree, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
const at = (...parts: readonly string[]): string => join(folder.path, ...parts);

/** A git directory as far as git looks to tell. */
function makeGitDirectory(path: string): string {
  mkdirSync(join(path, 'objects'), { recursive: true });
  mkdirSync(join(path, 'refs'));
  writeFileSync(join(path, 'HEAD'), 'ref: refs/heads/main\n');
  return path;
}

beforeAll(() => {
  folder = makeTempDir();
});
afterAll(() => folder.dispose());

/** What git itself takes a path for (upload-pack calls enter_repo, as http-backend does). */
async function resolvedByGit(path: string): Promise<boolean> {
  const config = ['-c', 'safe.directory=*'];
  return (await git([...config, 'upload-pack', '--advertise-refs', path])).code === 0;
}

describe('a path is resolved in the order of git', () => {
  test('/.git, the path itself, .git/.git, .git', async () => {
    const order = ['x/.git', 'x', 'x.git/.git', 'x.git'];
    for (const path of order.toReversed()) makeGitDirectory(at('order', path));
    for (const path of order) {
      expect(await resolveGitDirectory(at('order', 'x'))).toBe(at('order', path));
      // Out of the way, but not what lies in it.
      for (const part of ['HEAD', 'objects', 'refs']) rmSync(at('order', path, part), { recursive: true });
    }
    expect(await resolveGitDirectory(at('order', 'x'))).toBeUndefined();
  });

  test('as git does with real repositories', async () => {
    await gitOk(['init', '-q', '--bare', at('real', 'bare.git')]);
    await makeWorkTree(at('real', 'work'));
    mkdirSync(at('real', 'empty'));
    for (const [path, expected] of [
      ['bare', at('real', 'bare.git')],
      ['bare.git', at('real', 'bare.git')],
      ['work', at('real', 'work', '.git')],
      ['work/.git', at('real', 'work', '.git')],
      ['work.git', undefined],
      ['empty', undefined],
      ['missing', undefined],
      ['bare.git/objects', undefined],
    ] as const) {
      expect(await resolveGitDirectory(at('real', path))).toBe(expected);
      expect(await resolvedByGit(at('real', path))).toBe(expected !== undefined);
    }
  });
});

describe('a git directory', () => {
  test('has HEAD, objects and refs, and nothing less', async () => {
    for (const missing of ['HEAD', 'objects', 'refs']) {
      const path = makeGitDirectory(at('lacking', missing));
      expect(await isGitDirectory(path)).toBe(true);
      renameSync(join(path, missing), join(path, 'elsewhere'));
      expect(await isGitDirectory(path)).toBe(false);
    }
    const path = makeGitDirectory(at('lacking', 'file'));
    rmSync(join(path, 'refs'), { recursive: true });
    writeFileSync(join(path, 'refs'), '');
    expect(await isGitDirectory(path)).toBe(false);
  });

  test('may have a HEAD that is a dangling link, as in old repositories', async () => {
    const path = makeGitDirectory(at('old'));
    rmSync(join(path, 'HEAD'));
    symlinkSync('refs/heads/main', join(path, 'HEAD'));
    expect(await isGitDirectory(path)).toBe(true);
    expect(await exists(join(path, 'HEAD'))).toBe(true);
    expect(await exists(join(path, 'refs', 'heads', 'main'))).toBe(false);
  });

  test('is given by its real path', async () => {
    const path = makeGitDirectory(at('real-path.git'));
    symlinkSync(path, at('link'));
    expect(await resolveGitDirectory(at('link'))).toBe(path);
  });

  test('of a linked worktree shares what another has', async () => {
    await makeWorkTree(at('main'));
    await gitOk(['worktree', 'add', '-q', at('linked')], { cwd: at('main') });
    const own = at('main', '.git', 'worktrees', 'linked');
    expect(await resolveGitDirectory(at('linked'))).toBe(own);
    expect(await commonDirectory(own)).toBe(at('main', '.git'));
    expect(await commonDirectory(at('main', '.git'))).toBe(at('main', '.git'));
  });
});

describe('a .git file', () => {
  test.each([
    ['names a folder absolutely', (target: string) => `gitdir: ${target}\n`, true],
    ['names a folder relatively', () => 'gitdir: ../target.git\n', true],
    ['may lack the newline', () => 'gitdir: ../target.git', true],
    ['needs its key', () => '../target.git\n', false],
    ['needs a folder', () => 'gitdir: \n', false],
    ['names one folder', () => 'gitdir: ../target.git\ngitdir: ../target.git\n', false],
    ['names one that exists', () => 'gitdir: ../missing.git\n', false],
    ['is not empty', () => '', false],
  ])('%s', async (name, textOf, isRead) => {
    const base = name.replaceAll(' ', '-');
    const target = makeGitDirectory(at(base, 'target.git'));
    mkdirSync(at(base, 'work'));
    writeFileSync(at(base, 'work', '.git'), textOf(target));
    expect(await resolveGitDirectory(at(base, 'work'))).toBe(isRead ? target : undefined);
    expect(await resolvedByGit(at(base, 'work'))).toBe(isRead);
  });
});

// A pack of gigabytes that a path such as `app.git/objects/pack/pack-….pack/HEAD` names would be read into memory.
test('a large file is no .git file, and one that never ends is not opened', async () => {
  const target = makeGitDirectory(at('large', 'target.git'));
  const text = `gitdir: ${target}\n`;
  writeFileSync(at('large', 'small'), text);
  writeFileSync(at('large', 'padded'), text + '\n'.repeat(64 * 1024));
  expect(await resolveGitDirectory(at('large', 'small'))).toBe(target);
  expect(await resolveGitDirectory(at('large', 'padded'))).toBeUndefined();
  symlinkSync('/dev/zero', join(target, 'commondir'));
  expect(await commonDirectory(target)).toBe(target);
});

test('a folder that a function names keeps the name that was asked for', async () => {
  const path = makeGitDirectory(at('stored', '0001.git'));
  expect(await repositoryAt(at('stored', '0001'), 'team/app')).toEqual({ name: 'team/app', gitDir: path });
  expect(await repositoryAt(at('stored', '0002'), 'team/app')).toBeUndefined();
});
