import type { CreateSettings, PendingRepository } from './create-settings.js';

/** A repository that was found: what it is called, and where git finds it. */
export interface Repository {
  /**
   * Its one canonical name: the path below the root with `/` between the parts, without a final `/.git`.
   * Rules are written for this name, whichever spelling a client used. Empty for a repository that is the root.
   */
  readonly name: string;
  /** The absolute, real path of the git directory (`app.git`, or `app/.git`). */
  readonly gitDir: string;
}

/** Where repositories come from. */
export interface RepositoryStore {
  /**
   * The repository at `path`: decoded, its parts non-empty and none of them `.` or `..`, joined by `/`.
   * Undefined when there is none, or none that may be served.
   */
  find(path: string): Promise<Repository | undefined>;
  /**
   * Makes a repository that `find` does not show before it is published; needed for the option `createOnPush` where
   * the repositories are no folder. `name` is canonical and ends in `.git`; it is the client's to choose. Throws an
   * `AdministrationError` where there can be no such repository.
   */
  create?(name: string, settings: CreateSettings): Promise<PendingRepository>;
}
