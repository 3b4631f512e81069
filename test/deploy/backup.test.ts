/** The scripts of docs/backup.md, tried on repositories that are pushed to meanwhile. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  commitFile,
  fsck,
  gitOk,
  hermetic,
  makeBareRepository,
  makeTempDir,
  makeWorkTree,
  refsOf,
} from '../support/fixtures.js';
import { startServer, type TestServer } from '../support/server.js';

const run = promisify(execFile);
const place = makeTempDir();
const served = join(place.path, 'served');
let server: TestServer;

const script = (name: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> =>
  run(fileURLToPath(new URL(`../../deploy/backup/${name}.sh`, import.meta.url)), args, { env: hermetic });

beforeAll(async () => {
  await makeBareRepository(join(served, 'app.git'), { commits: 3 });
  await makeBareRepository(join(served, 'team', 'sha256.git'), { commits: 1, objectFormat: 'sha256' });
  await makeBareRepository(join(served, 'empty.git'), { commits: 0 });
  await makeWorkTree(join(served, 'work'));
  await gitOk(['config', 'transfer.hideRefs', 'refs/internal'], { cwd: join(served, 'app.git') });
  await gitOk(['update-ref', 'refs/internal/1', 'main'], { cwd: join(served, 'app.git') });
  await gitOk(['symbolic-ref', 'HEAD', 'refs/heads/trunk'], { cwd: join(served, 'empty.git') });
  writeFileSync(join(served, 'app.git', 'hooks', 'update'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  mkdirSync(join(served, '.gittyphoon-trash', 'old.git', 'objects'), { recursive: true });
  mkdirSync(join(served, '.gittyphoon-trash', 'old.git', 'refs'));
  writeFileSync(join(served, '.gittyphoon-trash', 'old.git', 'HEAD'), 'ref: refs/heads/main\n');
  server = await startServer({ repositories: served, publicWrite: true });
});
afterAll(async () => {
  await server.close();
  place.dispose();
});

describe('a backup while people push', () => {
  const backup = join(place.path, 'backup');
  const restored = join(place.path, 'restored');
  const moments: string[] = [];

  beforeAll(async () => {
    const work = join(place.path, 'pusher');
    await gitOk(['clone', '-q', `${server.url}/app.git`, work]);
    const backingUp = { isOver: false };
    const pushing = (async () => {
      for (let time = 0; !backingUp.isOver; time += 1) {
        moments.push(await refsOf(join(served, 'app.git')));
        await commitFile(work, 'pushed', `${time}`);
        await gitOk(['push', '-q', 'origin', `HEAD:main`, `HEAD:refs/heads/at-${time}`], { cwd: work });
      }
      moments.push(await refsOf(join(served, 'app.git')));
    })();
    await script('backup', served, backup).finally(() => (backingUp.isOver = true));
    await pushing;
    await script('restore', backup, restored);
  });

  it('holds every repository, and nothing of the trash', () => {
    const names = readFileSync(join(backup, 'repositories'), 'utf8').trim().split('\n');
    expect(names.sort()).toEqual(['app.git', 'empty.git', 'team/sha256.git', 'work/.git']);
    expect(readdirSync(restored).sort()).toEqual(['app.git', 'empty.git', 'team', 'work']);
  });

  it('has the refs of one moment, hidden ones as well, with all objects', async () => {
    const refs = await refsOf(join(restored, 'app.git'));
    expect(refs).toContain('refs/internal/1');
    const each = refs.split('\n');
    const since = moments.filter((moment) => moment.includes('refs/internal/1'));
    expect(since.length).toBeGreaterThan(1);
    // A push may have been written in part when git looked: no ref may be one that never was.
    const everWas = new Set(moments.flatMap((moment) => moment.split('\n')));
    expect(each.filter((ref) => !everWas.has(ref))).toEqual([]);
    await Promise.all(
      ['app.git', 'empty.git', 'team/sha256.git', 'work'].map((name) => fsck(join(restored, name))),
    );
  });

  it('keeps what git does not carry: HEAD, configuration, hooks', async () => {
    expect(readFileSync(join(restored, 'empty.git', 'HEAD'), 'utf8')).toBe('ref: refs/heads/trunk\n');
    expect(await gitOk(['config', 'transfer.hideRefs'], { cwd: join(restored, 'app.git') })).toBe(
      'refs/internal',
    );
    expect(statSync(join(restored, 'app.git', 'hooks', 'update')).mode & 0o111).not.toBe(0);
    expect(
      await gitOk(['rev-parse', '--show-object-format'], { cwd: join(restored, 'team/sha256.git') }),
    ).toBe('sha256');
  });

  it('is served like the original', async () => {
    const other = await startServer({ repositories: restored, publicWrite: true });
    const copy = join(place.path, 'copy');
    await gitOk(['clone', '-q', `${other.url}/app.git`, copy]);
    await commitFile(copy, 'after', 'x');
    await gitOk(['push', '-q', 'origin', 'HEAD:refs/heads/after'], { cwd: copy });
    await other.close();
  });

  it('gives one repository back, and touches none that is there', async () => {
    await expect(script('restore', backup, restored, 'app.git')).rejects.toThrow('is there already');
    const before = await refsOf(join(restored, 'app.git'));
    rmSync(join(restored, 'app.git'), { recursive: true });
    await script('restore', backup, restored, 'app.git');
    expect((await refsOf(join(restored, 'app.git'))).split('\n')).toEqual(
      expect.arrayContaining(before.split('\n').filter((ref) => !ref.includes('refs/heads/after'))),
    );
  });
});

it('branches and files that look like a repository do not make the backup fail, and are none in it', async () => {
  const attacked = join(place.path, 'attacked');
  const planted = ['HEAD', 'objects/a', 'refs/a'];
  await makeBareRepository(join(attacked, 'app.git'), { commits: 1 });
  for (const name of planted)
    await gitOk(['update-ref', `refs/heads/x/${name}`, 'main'], { cwd: join(attacked, 'app.git') });
  await makeWorkTree(join(attacked, 'work'));
  // Before `.git` in every order, as after it.
  for (const folder of ['+x', 'x'])
    for (const name of planted) await commitFile(join(attacked, 'work'), `${folder}/${name}`, 'no ref');
  const backup = join(place.path, 'of-attacked');
  await script('backup', attacked, backup);
  expect(readFileSync(join(backup, 'repositories'), 'utf8')).toBe('app.git\nwork/.git\n');
  await script('restore', backup, join(place.path, 'of-attacked-restored'));
});

describe('what cannot be', () => {
  it.each([
    ['backup', 'without arguments', [], 'give the folder'],
    ['backup', 'of nothing', [join(place.path, 'nowhere'), join(place.path, 'b1')], 'is no folder'],
    ['backup', 'onto a folder', [served, served], 'is there already'],
    ['restore', 'of no backup', [served, join(place.path, 'r1')], 'no complete backup'],
  ] as const)('a %s %s is refused', async (name, _what, args, message) => {
    await expect(script(name, ...args)).rejects.toThrow(message);
    expect(existsSync(join(place.path, 'b1'))).toBe(false);
  });

  it('a repository that cannot be read makes the backup fail, and it does not look whole', async () => {
    const broken = join(place.path, 'broken');
    await makeBareRepository(join(broken, 'bad.git'), { commits: 1 });
    rmSync(join(broken, 'bad.git', 'objects'), { recursive: true });
    mkdirSync(join(broken, 'bad.git', 'objects'));
    const backup = join(place.path, 'of-broken');
    await expect(script('backup', broken, backup)).rejects.toThrow('not complete');
    await expect(script('restore', backup, join(place.path, 'r2'))).rejects.toThrow('no complete backup');
  });
});
