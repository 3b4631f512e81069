/** A disk that is full: the request fails clearly, the server lives, and nothing is left behind. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commitRandom, fsck, git, gitOk, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { openLab, refOf } from './lab.js';
import { leftovers, openFiles } from './leftovers.js';
import { fetchType, lsRefs } from './raw-push.js';

const folder = makeTempDir();
const disk = join(folder.path, 'disk');
mkdirSync(disk);
const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
const hasDisk = mount.status === 0;
if (!hasDisk) process.stderr.write('skipped: a small disk can only be mounted by root\n');

afterAll(() => {
  if (hasDisk) spawnSync('umount', ['-l', disk]);
  folder.dispose();
});

describe.skipIf(!hasDisk)('a disk that is full', () => {
  it('below the temporary folder: a large fetch is answered with 507, small ones and pushes go on', async () => {
    const lab = await openLab({ limits: { temporaryDirectory: disk, spoolThresholdBytes: 1_000 } });
    await makeBareRepository(lab.at('app.git'));
    const before = openFiles();
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'full'), Buffer.alloc(bavail * bsize - 8 * 1024));
    const post = {
      port: lab.server.port,
      method: 'POST',
      path: '/app.git/git-upload-pack',
      headers: fetchType,
    };
    const large = Buffer.alloc(3_000_000, lsRefs);
    const answer = await rawRequest({ ...post, body: large, chunkBytes: 60_000 });
    expect(answer.status).toBe(507);
    expect(answer.body.toString()).toBe('the server has no room left on its disk\n');
    expect(lab.server.events.error.map(({ error }) => (error as { code?: string }).code)).toEqual([
      'ERR_NO_SPACE',
    ]);
    expect((await rawRequest({ ...post, body: lsRefs })).status).toBe(200);

    rmSync(join(disk, 'full'));
    expect((await rawRequest({ ...post, body: large, chunkBytes: 60_000 })).status).toBe(507);
    await gitOk(['clone', '-q', lab.url('app.git'), lab.fresh()]);
    await eventually(
      'nothing is left',
      () => leftovers(lab.root, disk).length === 0 && openFiles() <= before + 2,
    );
    expect(lab.server.git.status()).toMatchObject({ spooledBytes: 0, gitProcesses: 0 });
    await lab.close();
  });

  it('below the repositories: a push that does not fit is refused and gone, others are served', async () => {
    const root = join(disk, 'served');
    mkdirSync(root);
    const lab = await openLab({ repositories: root });
    await makeBareRepository(join(root, 'app.git'));
    const work = lab.fresh();
    await gitOk(['clone', '-q', join(root, 'app.git'), work]);
    const old = await refOf(join(root, 'app.git'), 'main');
    await commitRandom(work, 'large', 3_000_000);
    const { code, stderr } = await git(['push', lab.url('app.git'), 'main'], { cwd: work });
    expect(code).toBe(1);
    expect(stderr).toMatch(/No space left on device|unpack-objects abnormal exit|index-pack abnormal exit/);
    expect(stderr).toContain('! [remote rejected] main -> main');
    expect(await refOf(join(root, 'app.git'), 'main')).toBe(old);
    await eventually('nothing is left', () => leftovers(root, join(lab.root)).length === 0);
    await fsck(join(root, 'app.git'));
    await gitOk(['clone', '-q', lab.url('app.git'), lab.fresh()]);
    await lab.close();
  });
});
