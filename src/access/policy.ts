import type { GitUser, RepositoryReference, RequestContext } from '../context.js';

/** A repository that is there. */
type Repository = NonNullable<RepositoryReference['repository']>;

/** Who is it? Undefined for credentials that it does not know, null for such that are its own and not good. */
export type Authenticate = (
  context: RequestContext,
) => GitUser | null | undefined | Promise<GitUser | null | undefined>;

/** May they? Also asked for repositories that do not exist, so that both cases take the same time. */
export type Authorize = (
  access: RepositoryReference & { readonly user: GitUser | undefined; readonly context: RequestContext },
) => boolean | Promise<boolean>;

/** What a push asks to do to one ref. */
export interface RefUpdateRequest {
  readonly refName: string;
  readonly oldOid: string;
  readonly newOid: string;
  readonly kind: 'create' | 'update' | 'delete';
}

/**
 * What is decided about one ref of a push: yes, no (with a reason for the user), or yes unless history is rewritten, which
 * deleting a ref counts as.
 */
export type UpdateDecision = boolean | string | { readonly unlessForced: string };

/** May they do this to that ref? Asked for every ref of a push, once the push as such is allowed. */
export type AuthorizeUpdate = (access: {
  readonly update: RefUpdateRequest;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  readonly context: RequestContext;
}) => UpdateDecision | Promise<UpdateDecision>;

/** The value of WWW-Authenticate; several values give several headers. */
export type Challenge = (context: RequestContext) => string | readonly string[];

/** Who may do what, as configured. */
export interface AccessPolicy {
  readonly authenticate: Authenticate | undefined;
  readonly authorize: Authorize | undefined;
  readonly challenge: Challenge;
  readonly publicRead: boolean;
  readonly publicWrite: boolean;
}
