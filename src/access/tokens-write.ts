/** Replacing a file so that every reader, also one after a crash, finds the old content or the new one. */
import type { Stats } from 'node:fs';
import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMissing } from './file-problem.js';

/** Where the file really is: a link to it stays a link, and all its names share one lock. */
export async function realFile(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return join(await realpath(dirname(file)), basename(file));
  }
}

async function statIfThere(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * The new file belongs to whom the old one belonged to: an administrator who makes a token must not take the file away
 * from the server's user.
 */
async function keepOwner(handle: FileHandle, old: Stats | undefined): Promise<void> {
  if (!old) return;
  const { uid, gid } = await handle.stat();
  if (uid !== old.uid || gid !== old.gid) await handle.chown(old.uid, old.gid);
}

/** A rename lasts only once its folder is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces `file`, which holds its real path, in one step; call it under the file's lock. A new file has mode 0600; of
 * an old one's, what its group may stays, and others may nothing. `beforeRename` may still stop it.
 */
export async function replaceFile(
  file: string,
  content: string,
  beforeRename: () => Promise<void>,
): Promise<void> {
  const old = await statIfThere(file);
  const mode = old ? (old.mode & 0o660) | 0o600 : 0o600;
  const temporary = `${file}.new`;
  // One name for all: what a crash has left is cleared away by the next writer.
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(content);
      await keepOwner(handle, old);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await beforeRename();
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}
