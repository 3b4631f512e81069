/** Access rules as data: what a rules file holds, and what `createAccessRules` takes. */

/** What rules speak of, from the least to the most. `read` is for a repository, the others are for its refs. */
export const permissions = ['read', 'create', 'update', 'force-push', 'delete', 'change-tags'] as const;

/**
 * One thing that a rule can allow or deny:
 * - `read`: fetch, clone and archive, of the repository as a whole
 * - `create`: a ref that is not there yet, tags included
 * - `update`: move a ref forward (to a commit that has the old one in its history)
 * - `force-push`: move a ref anywhere
 * - `delete`: remove a ref that is no tag
 * - `change-tags`: move or remove a tag that is there
 */
export type Permission = (typeof permissions)[number];

/**
 * What stands in `allow` and `deny`: a permission, `write` (every change; in `allow` without `change-tags`), or `all`.
 */
export type PermissionWord = Permission | 'write' | 'all';

/** Who may read a repository when no rule speaks of it: everybody, everybody with a name, or nobody. */
export type Visibility = 'public' | 'authenticated' | 'private';

/** The visibility of some repositories. */
export interface RepositoryVisibility {
  /** A pattern (see `compileGlob`) or several, for canonical names with or without their final `.git`. */
  readonly name: string | readonly string[];
  /** `noted` is what each repository says of itself (see `AccessRulesOptions.visibilityOf`), and private where it says nothing. */
  readonly visibility: Visibility | 'noted';
}

/** One rule. It decides what it allows or denies, for those whom it names, where no earlier rule has decided. */
export interface AccessRule {
  /** Users by name, `@group`, `*` for everybody with a name, `anonymous` for those without. */
  readonly who: string | readonly string[];
  /** Patterns as in {@link RepositoryVisibility}; `.` is a repository that is the served folder. Default all. */
  readonly repositories?: string | readonly string[] | undefined;
  /**
   * Patterns for refs. One that begins with `refs/` is for full names; `heads/` and `tags/` may leave that out; all
   * others are for branches: `main` is `refs/heads/main`. Default all refs.
   */
  readonly refs?: string | readonly string[] | undefined;
  /** Default none; a rule allows or denies something. */
  readonly allow?: PermissionWord | readonly PermissionWord[] | undefined;
  /** Default none; a rule allows or denies something. */
  readonly deny?: PermissionWord | readonly PermissionWord[] | undefined;
  /** What a user reads whose push this rule refuses. One line. Default a general sentence. */
  readonly message?: string | undefined;
}

/** Groups, repositories and rules. Without anything nobody may do anything. */
export interface AccessRulesData {
  /**
   * The members of each group: users, and other groups as `@group`. A group whose members come with their
   * credentials (`GitUser.groups`) is declared with an empty list.
   */
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The first that fits gives a repository its visibility; without one it is private. */
  readonly repositories?: readonly RepositoryVisibility[] | undefined;
  /** The first that fits and speaks of a permission decides it. */
  readonly rules?: readonly AccessRule[] | undefined;
}
