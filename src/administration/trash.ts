/**
 * Deleted repositories: `.gittyphoon-trash/DATE-RANDOM/NAME` below the root, with their names as folders, so that
 * nothing has to be written down beside the one rename that deletes.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { moveToFreePlace } from '../repository/free-place.js';
import { exists, isGitDirectory } from '../repository/git-directory.js';
import { trashFolder } from '../repository/reserved.js';
import { openStaging } from './staging.js';

/** A repository that was deleted. */
export interface TrashEntry {
  /** The folder in the trash, such as `20250131T235959Z-1a2b3c`; the latest is the greatest. */
  readonly id: string;
  readonly name: string;
  readonly deletedAt: Date;
}

const idForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{6}$/;

function newId(): string {
  const now = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${now}-${randomBytes(3).toString('hex')}`;
}

function dateOf(id: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = idForm.exec(id) ?? [];
  return year === undefined ? undefined : new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

/** The name of the one repository in a folder of the trash; undefined for what an interrupted deletion has left. */
async function nameIn(folder: string): Promise<string | undefined> {
  const parts: string[] = [];
  for (let path = folder; ;) {
    if (parts.length > 0 && ((await exists(join(path, '.git'))) || (await isGitDirectory(path)))) {
      return parts.join('/');
    }
    const [child] = await readdir(path).catch(() => []);
    if (child === undefined || parts.length > 1000) return undefined;
    parts.push(child);
    path = join(path, child);
  }
}

/** Moves the folder of the repository `name` into the trash. */
export async function moveToTrash(root: string, name: string): Promise<TrashEntry> {
  const id = newId();
  const target = join(root, trashFolder, id, ...name.split('/'));
  await mkdir(dirname(target), { recursive: true });
  await rename(join(root, ...name.split('/')), target);
  return { id, name, deletedAt: dateOf(id) ?? new Date() };
}

/** All deleted repositories, the latest first. */
export async function listTrash(root: string): Promise<readonly TrashEntry[]> {
  const trash = join(root, trashFolder);
  const ids = await readdir(trash).catch(() => []);
  const entries: TrashEntry[] = [];
  for (const id of ids.toSorted((a, b) => (a < b ? 1 : -1))) {
    const deletedAt = dateOf(id);
    const name = deletedAt && (await nameIn(join(trash, id)));
    if (deletedAt && name !== undefined) entries.push({ id, name, deletedAt });
  }
  return entries;
}

/** Removes the folders that are left when a repository has been taken out of the trash. */
async function removeEmpty(root: string, { id, name }: TrashEntry): Promise<void> {
  const parts = [id, ...name.split('/').slice(0, -1)];
  for (let count = parts.length; count > 0; count--) {
    await rmdir(join(root, trashFolder, ...parts.slice(0, count))).catch(() => {});
  }
}

/** Puts a deleted repository back, as `name`; in one step, and only where there is none. */
export async function restoreFromTrash(root: string, entry: TrashEntry, name: string): Promise<string> {
  const from = join(root, trashFolder, entry.id, ...entry.name.split('/'));
  const gitDir = await moveToFreePlace(from, root, name);
  await removeEmpty(root, entry);
  return gitDir;
}

/** Removes a deleted repository for good. An interrupted removal is finished by whoever comes next. */
export async function purgeFromTrash(root: string, entry: TrashEntry): Promise<void> {
  const folder = await openStaging(root);
  try {
    await rename(join(root, trashFolder, entry.id), join(folder.path, 'purged'));
  } finally {
    await folder.remove();
  }
}
