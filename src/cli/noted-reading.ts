/** Who may read what the command serves without rules: everybody, unless a repository says otherwise of itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authorize } from '../access/index.js';
import type { Repository, RepositoryStore } from '../repository/repository.js';
import type { Visibility } from '../repository/create-settings.js';

export type VisibilityOf = (repository: Repository) => Promise<Visibility | undefined>;

/**
 * Reading as repositories have noted it (`gittyphoon repo visibility`); one that has noted nothing is public. Whoever may
 * push to a repository may read it too: what they push goes on from what is there.
 */
export function readingAsNoted(visibilityOf: VisibilityOf, mayPush: Authorize): Authorize {
  return async (access) => {
    const { repository, user, context } = access;
    // Hidden and missing repositories are answered alike, so that what is missing is nobody's to read.
    if (!repository) return false;
    const visibility = (await visibilityOf(repository)) ?? 'public';
    if (visibility === 'public' || (visibility === 'authenticated' && user !== undefined)) return true;
    return mayPush({ ...access, context: { ...context, operation: 'write' } });
  };
}

/** The gate holds back its answers for as long, whether there is a repository or not. */
const hidingMs = 10;

/** The repositories that everybody may read, for pages that everybody may see; all others are as if they were not there. */
export function publicOnly(store: RepositoryStore, visibilityOf: VisibilityOf): RepositoryStore {
  return {
    async find(path) {
      const began = performance.now();
      const repository = await store.find(path);
      if (repository && ((await visibilityOf(repository)) ?? 'public') === 'public') return repository;
      await sleep(Math.max(0, began + hidingMs - performance.now()));
      return undefined;
    },
  };
}

/** The repositories of no folder at all. */
export const nothingToShow: RepositoryStore = { find: () => Promise.resolve(undefined) };
