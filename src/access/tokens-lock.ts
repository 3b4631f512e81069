/**
 * One writer at a time, over processes: the command and several workers of a server. A lock is a symbolic link which
 * leads nowhere; its target says who holds it. A link is made in one step together with its target, so that no crash
 * leaves a lock of nobody.
 */
import { randomUUID } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { readlink, symlink, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMissing } from './file-problem.js';
import { TokenFileError } from './tokens-error.js';

/** A holder who cannot be seen (another machine or container) and whose lock stays this long has died. */
const staleMs = 30_000;

/** Writers hold a lock for milliseconds; whoever waits this long has found something broken. */
const patienceMs = 90_000;

/** Process ids mean something on one machine and in one namespace only. */
function placeName(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

const place = placeName();

function newHolder(): string {
  return [process.pid, randomUUID(), place].join(' ');
}

function isKnownDead(holder: string): boolean {
  const [, pid = '', where] = /^(\d+) \S+ (.*)$/s.exec(holder) ?? [];
  if (where !== place) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function take(lock: string, holder: string): Promise<boolean> {
  try {
    await symlink(holder, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function holderOf(lock: string): Promise<string | undefined> {
  try {
    return await readlink(lock);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function remove(lock: string): Promise<void> {
  try {
    await unlink(lock);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Takes a dead holder's lock away. Several may find it dead at once: they do this one after the other, or the second
 * would remove the lock that a third has meanwhile taken.
 */
export async function breakLock(lock: string, dead: string): Promise<void> {
  const guard = `${lock}.break`;
  if (await take(guard, newHolder())) {
    try {
      if ((await holderOf(lock)) === dead) await unlink(lock);
    } finally {
      await remove(guard);
    }
    return;
  }
  const breaker = await holderOf(guard);
  // Somebody died within these few lines.
  if (breaker !== undefined && isKnownDead(breaker)) await remove(guard);
}

async function waitFor(lock: string, holder: string, file: string): Promise<void> {
  const began = performance.now();
  let seen: string | undefined;
  let seenSince = began;
  while (!(await take(lock, holder))) {
    const now = performance.now();
    const other = await holderOf(lock);
    // Measured by watching, not by the times of files: clocks of file servers differ from ours.
    if (other !== seen) [seen, seenSince] = [other, now];
    if (other !== undefined && (isKnownDead(other) || now - seenSince > staleMs)) {
      await breakLock(lock, other);
    } else if (now - began > patienceMs) {
      throw new TokenFileError(file, `other writers leave no turn; is ${lock} left over? then remove it`);
    }
    await sleep(2 + Math.random() * 20);
  }
}

/**
 * Does `work` while nobody else does any under the lock of the same file. `work` calls `checkHeld` immediately before
 * what must not be done twice: it rejects when the lock was taken away, because we seemed dead.
 */
export async function withLock<T>(
  file: string,
  work: (checkHeld: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const lock = `${file}.lock`;
  const holder = newHolder();
  await waitFor(lock, holder, file);
  try {
    return await work(async () => {
      if ((await holderOf(lock)) !== holder) {
        throw new TokenFileError(file, 'another writer has taken over; nothing was changed, try again');
      }
    });
  } finally {
    if ((await holderOf(lock)) === holder) await remove(lock);
  }
}
