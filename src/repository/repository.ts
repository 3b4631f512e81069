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
}
