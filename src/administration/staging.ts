/**
 * Folders in which repositories are made and unmade. They lie below the root, so that a rename puts them into place in
 * one step, and are never served. What a killed process has left is removed with the next one that is opened.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { stagingFolder } from '../repository/reserved.js';

/** How often the owner of a folder shows that it is still there. */
const beatMs = 60_000;

/** A folder whose owner has shown nothing for this long is left over. */
const staleMs = 10 * beatMs;

/** A folder of ours, until it is moved away or removed. */
export interface StagedFolder {
  readonly path: string;
  /** It has been moved into place: there is nothing left to look after. */
  release(): void;
  /** Removes it with all that is in it. */
  remove(): Promise<void>;
}

function readOr(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

/** Where process ids mean the same: this machine since its start, and on Linux this container. */
const machine = createHash('sha256')
  .update(
    JSON.stringify([
      hostname(),
      readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
      readOr(() => readlinkSync('/proc/self/ns/pid')),
    ]),
  )
  .digest('hex')
  .slice(0, 12);

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Whether the folder's owner is known to be dead, or has been silent for long. */
function isLeftOver(name: string, ageMs: number): boolean {
  const [, owner, pid] = /^([0-9a-f]{12})\.(\d+)\./.exec(name) ?? [];
  return ageMs > staleMs || (owner === machine && isGone(Number(pid)));
}

/** Removes what killed processes have left. `nowMs` is the file system's clock, which may be another machine's. */
async function removeLeftovers(folder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (!found || !isLeftOver(name, nowMs - found.mtimeMs)) continue;
    // What cannot be removed now is tried again the next time.
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/** Makes an empty folder of ours below `root`, the real path of the served folder. */
export async function openStaging(root: string): Promise<StagedFolder> {
  const folder = join(root, stagingFolder);
  const path = join(folder, `${machine}.${process.pid}.${randomBytes(8).toString('hex')}`);
  await mkdir(path, { recursive: true });
  await removeLeftovers(folder, (await stat(path)).mtimeMs);
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, beatMs);
  timer.unref();
  return {
    path,
    release: () => clearInterval(timer),
    async remove() {
      clearInterval(timer);
      await rm(path, { recursive: true, force: true });
    },
  };
}
