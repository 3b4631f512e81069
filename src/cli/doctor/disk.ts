/** Room and permissions of the file systems that a server writes to. */
import { constants } from 'node:fs';
import { access, readFile, realpath, statfs } from 'node:fs/promises';
import { sep } from 'node:path';
import { ok, problem, warning, type Finding } from './finding.js';

const mebibyte = 1024 * 1024;

interface Room {
  readonly blocks: number;
  readonly bavail: number;
  readonly bsize: number;
  readonly files: number;
  readonly ffree: number;
}

/** What `room` of the file system of `folder` means. */
export function judgeRoom(what: string, folder: string, room: Room): Finding {
  const freeBytes = room.bavail * room.bsize;
  const freeShare = room.blocks === 0 ? 1 : room.bavail / room.blocks;
  // Some file systems make inodes as they need them, and tell of none.
  const freeInodes = room.files === 0 ? 1 : room.ffree / room.files;
  const percent = (share: number): string => `${Math.floor(share * 100)} %`;
  const found = `${folder}: ${Math.floor(freeBytes / mebibyte)} MiB free (${percent(freeShare)}), ${percent(freeInodes)} of the inodes`;
  const advice = 'make room: a full disk fails pushes and large fetches';
  if (freeBytes < 100 * mebibyte || freeInodes < 0.01) return problem(what, found, advice);
  if (freeBytes < 1024 * mebibyte || freeShare < 0.05 || freeInodes < 0.05)
    return warning(what, found, advice);
  return ok(what, found);
}

/** The options of the mount that holds a path, of a `/proc/mounts`. */
export function mountOptions(mounts: string, path: string): readonly string[] {
  let best = { point: '', options: '' };
  for (const line of mounts.split('\n')) {
    const [, escaped = '', , options = ''] = line.split(' ');
    const point = escaped.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) =>
      String.fromCodePoint(Number.parseInt(octal, 8)),
    );
    const isAbove = path === point || path.startsWith(point.endsWith(sep) ? point : point + sep);
    // Of two mounts on one place the later one is seen.
    if (point !== '' && isAbove && point.length >= best.point.length) best = { point, options };
  }
  return best.options.split(',');
}

async function checkRoom(what: string, folder: string): Promise<Finding> {
  try {
    return judgeRoom(what, folder, await statfs(folder));
  } catch (error) {
    return problem(what, (error as Error).message, 'see that the folder can be reached');
  }
}

/** Fetches and pushes put files here; what looks at a push is scripts, which must be run. */
async function checkTemporaryUse(folder: string): Promise<Finding> {
  const what = 'temporary folder';
  const advice = 'name another with TMPDIR, or with limits.temporaryDirectory';
  const isWritable = await access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) return problem(what, `${folder} cannot be written to`, advice);
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '');
  return mountOptions(mounts, await realpath(folder)).includes('noexec')
    ? problem(
        what,
        `${folder} is mounted noexec, so that checks of pushes, which are scripts there, cannot run`,
        advice,
      )
    : ok(what, `${folder} can be used`);
}

/** Looks at the folder with the repositories and at the one for temporary files. */
export function checkDisk(root: string, temporary: string): Promise<readonly Finding[]> {
  return Promise.all([
    checkRoom('disk', root),
    checkRoom('disk for temporary files', temporary),
    checkTemporaryUse(temporary),
  ]);
}
