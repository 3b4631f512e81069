import type { GitUser, RepositoryReference, RequestContext } from '../context.js';
import type { Repository } from '../repository/repository.js';
import type { RepositoryCreator } from './create-on-push.js';
import type { Found } from './gate.js';
import type { NewRepository } from './new-repository.js';

export interface FindParts {
  readonly find: (path: string, context: RequestContext) => Promise<Repository | undefined>;
  /** Makes repositories of pushes; undefined where none does. */
  readonly creator: RepositoryCreator | undefined;
}

/**
 * Finds the repository that a request names. One that a push may make, and has not been there, is made; whether it may
 * has been asked then.
 */
export async function findRepository(
  { find, creator }: FindParts,
  context: RequestContext,
  user: GitUser | undefined,
): Promise<Found<NewRepository>> {
  const began = performance.now();
  const reference = (repository: Repository | undefined): RepositoryReference => ({
    name: repository?.name ?? context.path,
    repository,
  });
  const found = await find(context.path, context);
  if (found || !creator) return { ...reference(found), began, pushMayCreate: creator !== undefined };
  const made = await creator.open(context, user);
  if (made) return { name: context.path, repository: undefined, made, began, pushMayCreate: true };
  // Another push may have created it meanwhile.
  return { ...reference(await find(context.path, context)), began, pushMayCreate: true };
}
