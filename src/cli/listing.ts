import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSafeSegment } from '../repository/path.js';
import type { RepositoryStore } from '../repository/repository.js';
import { isReservedSegment } from '../repository/reserved.js';

/** What a look through the served folder has found. */
export interface Listing {
  readonly names: readonly string[];
  /** False when the look was broken off: there may be more. */
  readonly isComplete: boolean;
}

/** A server with very many folders starts all the same: the listing is only there to be printed. */
const maxMs = 1_000;

/** The folders in a folder, the last one first: they are taken from the end. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  // Links are left out: a repository behind one is counted where it is.
  return entries
    .filter((entry) => entry.isDirectory() && isSafeSegment(entry.name) && !isReservedSegment(entry.name))
    .map((entry) => entry.name)
    .sort((a, b) => (a < b ? 1 : -1));
}

/** Lists the repositories below `root` by their canonical names, as far as that goes in `withinMs`; by default a second. */
export async function listRepositories(
  root: string,
  store: RepositoryStore,
  withinMs = maxMs,
): Promise<Listing> {
  if (await store.find('')) return { names: [''], isComplete: true };
  const deadline = performance.now() + withinMs;
  const names: string[] = [];
  const left = await foldersIn(root);
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (performance.now() > deadline) return { names, isComplete: false };
    // A folder `app` beside `app.git` finds the latter, but is none itself.
    if ((await store.find(name))?.name === name) names.push(name);
    else for (const below of await foldersIn(join(root, name))) left.push(`${name}/${below}`);
  }
  return { names, isComplete: true };
}
