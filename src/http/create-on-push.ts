/**
 * Create on push: whether this push may make this repository. Who may not is answered as for any repository that is
 * missing.
 */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessPolicy } from '../access/policy.js';
import { initBare, stageRepository, type StageOptions } from '../administration/create.js';
import type { GitUser, RequestContext } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import type { Observers } from '../events.js';
import type { GitRunner } from '../git/runner.js';
import { AdministrationError } from '../repository/administration-error.js';
import {
  checkCreateSettings,
  type CreateSettings,
  type PendingRepository,
} from '../repository/create-settings.js';
import { freePlace } from '../repository/free-place.js';
import { newRepositoryName } from '../repository/new-name.js';
import type { RepositoryStore } from '../repository/repository.js';
import { mayCreate } from './gate.js';
import { NewRepository } from './new-repository.js';

/** What a new repository is like that a push would make; false where none may be made. */
export type CreateOnPush = (access: {
  /** The name that it would get, such as `team/app.git`. */
  readonly name: string;
  /** The path as it was asked for, such as `team/app`. */
  readonly path: string;
  readonly user: GitUser | undefined;
  readonly context: RequestContext;
}) => false | CreateSettings | Promise<false | CreateSettings>;

/** Where new repositories go. */
export type CreatePlace =
  | { readonly kind: 'folder'; readonly options: StageOptions }
  | { readonly kind: 'store'; readonly create: NonNullable<RepositoryStore['create']> };

export interface RepositoryCreatorParts {
  readonly decide: CreateOnPush;
  readonly place: CreatePlace;
  readonly policy: AccessPolicy;
  readonly git: GitRunner;
  readonly observers: Observers;
  /** For the repositories that discovery shows. */
  readonly temporaryDirectory: string;
}

/** The client may create, but not this. What is in the way is not told: it may be somebody else's. */
function refusal(error: AdministrationError): GitTyphoonError {
  if (error.code === 'ERR_REPOSITORY_NAME') {
    return new GitTyphoonError('ERR_FORBIDDEN', {
      message: `no repository can be created: ${error.message}`,
    });
  }
  return new GitTyphoonError('ERR_FORBIDDEN', {
    message: 'no repository of this name can be created here',
    cause: error,
  });
}

/** The canonical name, or why there is none. */
function nameOf(path: string): string | AdministrationError {
  try {
    return newRepositoryName(path);
  } catch (error) {
    if (error instanceof AdministrationError) return error;
    throw error;
  }
}

export class RepositoryCreator {
  readonly #parts: RepositoryCreatorParts;

  constructor(parts: RepositoryCreatorParts) {
    this.#parts = parts;
  }

  /**
   * The repository that this request may make, to be asked where none was found. Undefined for reading and for whoever
   * may not, and where there is one by now; throws for a name that cannot be.
   */
  async open(context: RequestContext, user: GitUser | undefined): Promise<NewRepository | undefined> {
    if (context.service !== 'git-receive-pack') return undefined;
    const { path } = context;
    const known = nameOf(path);
    // Rules are asked about the name that would be served, never about another spelling of it.
    const name = known instanceof AdministrationError ? path : known;
    const { policy, decide } = this.#parts;
    if (!(await mayCreate(policy, { name, repository: undefined, user, context }))) return undefined;
    // Functions written in plain JavaScript may return anything; nothing is a no.
    const given = (await decide({ name, path, user, context })) as unknown;
    if (given === false || given === undefined || given === null) return undefined;
    if (known instanceof AdministrationError) throw refusal(known);
    return this.#make(known, checkSettings(given), context, user);
  }

  async #make(
    name: string,
    settings: CreateSettings,
    context: RequestContext,
    user: GitUser | undefined,
  ): Promise<NewRepository | undefined> {
    const { git, observers } = this.#parts;
    const isForPush = context.phase === 'rpc';
    try {
      const pending = isForPush ? await this.#stage(name, settings) : await this.#example(name, settings);
      const followsPush = settings.defaultBranch === undefined;
      return new NewRepository({ pending, isForPush, followsPush, git, observers, context, user });
    } catch (error) {
      if (!(error instanceof AdministrationError)) throw error;
      // Another push may have created it since it was looked for.
      if (isForPush && error.code === 'ERR_REPOSITORY_EXISTS') return undefined;
      throw refusal(error);
    }
  }

  #stage(name: string, settings: CreateSettings): Promise<PendingRepository> {
    const { place, git } = this.#parts;
    return place.kind === 'folder'
      ? stageRepository(git, place.options, name, settings)
      : place.create(name, settings);
  }

  /**
   * For discovery: an empty repository of the same kind in a private temporary folder, for the time of the answer.
   * Nothing is made where repositories are before there is a push: many a discovery is followed by none.
   */
  async #example(name: string, settings: CreateSettings): Promise<PendingRepository> {
    const { place, git, temporaryDirectory } = this.#parts;
    if (place.kind === 'folder') await freePlace(await realpath(place.options.root), name);
    const gitDir = await realpath(await mkdtemp(join(temporaryDirectory, 'gittyphoon-empty-')));
    const discard = (): Promise<void> => rm(gitDir, { recursive: true, force: true });
    try {
      await initBare(git, gitDir, settings);
    } catch (error) {
      await discard();
      throw error;
    }
    return { repository: { name, gitDir }, publish: async () => undefined, discard };
  }
}

/** What an embedder's function gave; a mistake in it is the server's fault, not the client's. */
function checkSettings(given: unknown): CreateSettings {
  try {
    return checkCreateSettings(given);
  } catch (error) {
    throw new TypeError('createOnPush() must return false or the settings of a repository', { cause: error });
  }
}
