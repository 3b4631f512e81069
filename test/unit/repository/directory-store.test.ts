import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DirectoryStore } from '../../../src/repository/directory-store.js';
import type { Repository } from '../../../src/repository/repository.js';
import { gitOk, makeTempDir, makeWorkTree, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
let root: string;
let store: DirectoryStore;

const at = (path: string): string => join(root, path);
const outside = (path: string): string => join(folder.path, path);

async function makeBare(path: string): Promise<string> {
  await gitOk(['init', '-q', '--bare', '-b', 'main', path]);
  return path;
}

const found = (name: string, gitDir: string): Repository => ({ name, gitDir });

beforeAll(() => {
  folder = makeTempDir();
  root = outside('root');
  mkdirSync(root);
  store = new DirectoryStore({ root });
});
afterAll(() => folder.dispose());

describe('a repository has one name, whichever way it is asked for', () => {
  test('when it is bare', async () => {
    const gitDir = await makeBare(at('team/bare.git'));
    for (const path of ['team/bare', 'team/bare.git']) {
      expect(await store.find(path)).toEqual(found('team/bare.git', gitDir));
    }
  });

  test('when it has a work tree', async () => {
    await makeWorkTree(at('work'));
    for (const path of ['work', 'work/.git']) {
      expect(await store.find(path)).toEqual(found('work', at('work/.git')));
    }
    await makeWorkTree(at('tree.git'));
    for (const path of ['tree', 'tree.git', 'tree.git/.git']) {
      expect(await store.find(path)).toEqual(found('tree.git', at('tree.git/.git')));
    }
  });

  test('when it is reached by a link', async () => {
    const gitDir = await makeBare(at('target.git'));
    symlinkSync(gitDir, at('link'));
    symlinkSync('target.git', at('relative'));
    for (const path of ['link', 'relative']) {
      expect(await store.find(path)).toEqual(found('target.git', gitDir));
    }
  });

  test('when it is a linked worktree, which is named by its own folder', async () => {
    await makeWorkTree(at('main'));
    await gitOk(['worktree', 'add', '-q', at('linked')], { cwd: at('main') });
    expect(await store.find('linked')).toEqual(found('linked', at('main/.git/worktrees/linked')));
    expect(await store.find('main/.git/worktrees/linked')).toBeUndefined();
  });

  test('when its git directory stands elsewhere below the root', async () => {
    mkdirSync(at('stores'));
    await gitOk(['init', '-q', `--separate-git-dir=${at('stores/apart.git')}`, at('apart')]);
    const gitDir = at('stores/apart.git');
    expect(await store.find('apart')).toEqual(found('stores/apart.git', gitDir));
    expect(await store.find('stores/apart')).toEqual(found('stores/apart.git', gitDir));
  });

  test('when the root itself is a link', async () => {
    symlinkSync(root, outside('door'));
    const gitDir = await makeBare(at('behind.git'));
    const linked = new DirectoryStore({ root: outside('door') });
    expect(await linked.find('behind')).toEqual(found('behind.git', gitDir));
  });
});

describe('the root may be a repository itself', () => {
  test('bare or not, under the empty name, and then nothing in it is another', async () => {
    const bare = new DirectoryStore({ root: await makeBare(outside('alone.git')) });
    expect(await bare.find('')).toEqual(found('', outside('alone.git')));
    await makeBare(outside('alone.git/inner.git'));
    expect(await bare.find('inner')).toBeUndefined();

    const work = new DirectoryStore({ root: await makeWorkTree(outside('tree')) });
    for (const path of ['', '.git']) expect(await work.find(path)).toEqual(found('', outside('tree/.git')));
    await makeBare(outside('tree/inner.git'));
    expect(await work.find('inner.git')).toBeUndefined();
  });

  test('but not one beside the root whose name begins alike', async () => {
    await makeBare(outside('root.git'));
    await makeBare(outside('root-x'));
    expect(await store.find('')).toBeUndefined();
    symlinkSync(outside('root-x'), at('to-x'));
    expect(await store.find('to-x')).toBeUndefined();
    expect(await store.find('../root-x')).toBeUndefined();
  });
});

describe('nothing outside of the root is found', () => {
  test('by a link to a repository or to a folder', async () => {
    await makeBare(outside('others/secret.git'));
    symlinkSync(outside('others/secret.git'), at('escape'));
    symlinkSync(outside('others'), at('others'));
    for (const path of ['escape', 'others/secret', 'others/secret.git']) {
      expect(await store.find(path)).toBeUndefined();
    }
  });

  test('by a .git file', async () => {
    await makeBare(outside('others/aim.git'));
    mkdirSync(at('pointer'));
    writeFileSync(at('pointer/.git'), `gitdir: ${outside('others/aim.git')}\n`);
    mkdirSync(at('pointer2'));
    writeFileSync(at('pointer2/.git'), 'gitdir: ../../others/aim.git\n');
    expect(await store.find('pointer')).toBeUndefined();
    expect(await store.find('pointer2')).toBeUndefined();
  });

  test('by a commondir', async () => {
    await makeBare(outside('others/common.git'));
    mkdirSync(at('borrower.git'));
    writeFileSync(at('borrower.git/HEAD'), 'ref: refs/heads/main\n');
    writeFileSync(at('borrower.git/commondir'), `${outside('others/common.git')}\n`);
    expect(await store.find('borrower')).toBeUndefined();
  });

  test('by the worktree of a repository that is served', async () => {
    await makeWorkTree(at('origin'));
    await gitOk(['worktree', 'add', '-q', outside('others/worktree')], { cwd: at('origin') });
    symlinkSync(outside('others/worktree'), at('worktree'));
    expect(await store.find('worktree')).toBeUndefined();
  });

  test('by the worktree of a repository that is not', async () => {
    await makeWorkTree(outside('others/far'));
    await gitOk(['worktree', 'add', '-q', at('near')], { cwd: outside('others/far') });
    expect(await store.find('near')).toBeUndefined();
  });
});

describe('nothing inside of a repository is found', () => {
  test('where its users may have put it', async () => {
    await makeWorkTree(at('host'));
    await makeBare(at('host/planted.git'));
    await makeWorkTree(at('host/deep/er/tree'));
    for (const path of ['host/planted', 'host/planted.git', 'host/deep/er/tree']) {
      expect(await store.find(path)).toBeUndefined();
    }
    await makeBare(at('box.git'));
    await makeBare(at('box.git/inner.git'));
    expect(await store.find('box/inner')).toBeUndefined();
    expect(await store.find('box.git/inner')).toBeUndefined();
  });

  test('by a link to it from outside of the repository', async () => {
    await makeWorkTree(at('outer'));
    await makeBare(at('outer/planted.git'));
    symlinkSync(at('outer/planted.git'), at('shortcut'));
    expect(await store.find('shortcut')).toBeUndefined();
  });

  test('but for a .git in a bare one: it is what git means by either path', async () => {
    await makeBare(at('double.git'));
    await makeBare(at('double.git/.git'));
    for (const path of ['double', 'double.git', 'double.git/.git']) {
      expect(await store.find(path)).toEqual(found('double.git', at('double.git/.git')));
    }
  });

  test('nor its submodules', async () => {
    await makeWorkTree(at('part'));
    await makeWorkTree(at('whole'));
    await gitOk(['-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', at('part'), 'sub'], {
      cwd: at('whole'),
    });
    expect(await store.find('whole/sub')).toBeUndefined();
    expect(await store.find('whole/.git/modules/sub')).toBeUndefined();
  });
});

test('what is no repository is not found', async () => {
  mkdirSync(at('plain/deep'), { recursive: true });
  writeFileSync(at('plain/file'), '');
  for (const path of ['plain', 'plain/deep', 'plain/file', 'plain/file/below', 'missing', 'a'.repeat(255)]) {
    expect(await store.find(path)).toBeUndefined();
  }
});

test('with requireExportOk, only what holds the file is found', async () => {
  const strict = new DirectoryStore({ root, requireExportOk: true });
  const gitDir = await makeBare(at('exported.git'));
  await makeWorkTree(at('exported-tree'));
  expect(await strict.find('exported')).toBeUndefined();
  writeFileSync(join(gitDir, 'git-daemon-export-ok'), '');
  expect(await strict.find('exported')).toEqual(found('exported.git', gitDir));
  // It belongs into the git directory, not beside it.
  writeFileSync(at('exported-tree/git-daemon-export-ok'), '');
  expect(await strict.find('exported-tree')).toBeUndefined();
  writeFileSync(at('exported-tree/.git/git-daemon-export-ok'), '');
  expect(await strict.find('exported-tree')).toEqual(found('exported-tree', at('exported-tree/.git')));
});

test('a root that is gone is an error, not an empty folder', async () => {
  await expect(new DirectoryStore({ root: outside('gone') }).find('app')).rejects.toThrow('ENOENT');
});
