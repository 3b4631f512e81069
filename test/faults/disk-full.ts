import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitRandom, makeTempDir } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { fetchType } from '../conformance/raw-push.js';
import type { Fault } from './fault.js';
import type { Place } from './place.js';

/** Why no file system can be mounted here, if so. */
function cannotMount(): string | undefined {
  const place = makeTempDir();
  try {
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place.path]);
    if (mounted.status === 0) spawnSync('umount', [place.path]);
    return mounted.status === 0 ? undefined : 'mounting a small file system needs root';
  } finally {
    place.dispose();
  }
}

/** Fills a file system until `leftBytes` are left, for the time of `during`. */
async function whileFull(
  place: Place,
  folder: string,
  leftBytes: number,
  during: () => Promise<void>,
): Promise<void> {
  // What an earlier push has taken is free again when its git has gone.
  await eventually('git has ended', () => place.running('git').length === 0);
  const filler = join(folder, 'filler');
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
  try {
    await during();
  } finally {
    rmSync(filler);
  }
}

async function pushFails(place: Place): Promise<void> {
  const { code, stderr } = await place.push(place.freshRef());
  if (code === 0) throw new Error(`a push into a full disk succeeded: ${stderr}`);
}

/** A clone needs no disk on the server. */
async function cloneWorks(place: Place): Promise<void> {
  const { code, stderr } = await place.clone();
  if (code !== 0) throw new Error(`a clone from a full disk failed: ${stderr}`);
}

const kibibyte = 1024;

export const diskFull: Fault = {
  name: 'disk full: repositories, temporary files',
  setting: { diskMiB: 160 },
  cannot: cannotMount,
  async cause(place) {
    // Something that the server does not have yet, whatever has been pushed before.
    await commitRandom(place.work, 'filling', 2 * 1024 * kibibyte);
    for (const left of [0, 64 * kibibyte, 1024 * kibibyte]) {
      await whileFull(place, place.root, left, async () => {
        await pushFails(place);
        await cloneWorks(place);
      });
    }
    await whileFull(place, place.temporary, 0, async () => {
      const { code, stderr } = await place.push(place.freshRef());
      if (code !== 0) throw new Error(`a push that needs no temporary file failed: ${stderr}`);
      await cloneWorks(place);
      // A request that would have to wait in a file.
      const body = Buffer.alloc(4 * 1024 * kibibyte, '0032want 0000000000000000000000000000000000000000\n');
      const { status } = await rawRequest({
        port: place.server.port,
        method: 'POST',
        path: '/app.git/git-upload-pack',
        headers: fetchType,
        body,
      });
      if (status < 400) throw new Error(`a request for which there was no room was answered with ${status}`);
    });
  },
};
