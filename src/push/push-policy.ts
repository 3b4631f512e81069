/** What an embedder decides about pushes: the types of its functions. */
import type { AuthorizeUpdate } from '../access/policy.js';
import type { GitUser, RequestContext } from '../context.js';
import type { QuarantinedObjects } from '../git/quarantine.js';
import type { RefUpdate } from '../protocol/push-request.js';
import type { Repository } from '../repository/repository.js';

/** A push, as its own functions see it. */
export interface PushFacts {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  readonly updates: readonly RefUpdate[];
  readonly pushOptions: readonly string[];
  /** The push certificate as it was sent, not verified. */
  readonly certificate: string | undefined;
  /** Either all refs are updated, or none. */
  readonly isAtomic: boolean;
}

/** A push whose objects have arrived, before any ref has changed. */
export interface PreReceivePush extends PushFacts {
  /** The objects that it has brought. They are gone once the function has returned. */
  readonly objects: QuarantinedObjects;
  /** Refuses one ref, or without `refName` the whole push; the reason is shown to whoever pushes. */
  readonly refuse: (reason: string, refName?: string) => void;
  /** Shows lines to whoever pushes, as `remote: …`, at once. */
  readonly say: (text: string) => void;
  /** Aborted when the time for the function is over. */
  readonly signal: AbortSignal;
}

/**
 * Looks at a push before it is let in. What it throws refuses the push: the message of a `GitTyphoonError` is shown, all
 * else becomes an `error` event.
 */
export type PreReceive = (push: PreReceivePush) => void | Promise<void>;

/** A ref that a push has really changed. */
export interface ChangedRef extends RefUpdate {
  /** History was rewritten: the new commit does not contain the old one. */
  readonly isForced: boolean;
}

/** A push that has been carried out. */
export interface PostReceivePush extends Omit<PushFacts, 'updates'> {
  /** What has changed; refs that were refused are not among them. */
  readonly changes: readonly ChangedRef[];
  /** Aborted when the time for the function is over. */
  readonly signal: AbortSignal;
}

/** Hears of a push that has changed something. It holds nothing up; what it throws becomes an `error` event. */
export type PostReceive = (push: PostReceivePush) => void | Promise<void>;

/** Bounds on what one push, or one user, may bring. Each is unbounded where it is not given, but for `maxPushBytes`. */
export interface PushLimits {
  /** The most bytes of a push, as sent and once inflated; not more than `limits.maxPushBytes`. */
  readonly maxPushBytes?: number | undefined;
  /** The most bytes of a single object once unpacked, such as a large file. The push is refused before the object has come. */
  readonly maxObjectBytes?: number | undefined;
  /** The most refs that one push may change. */
  readonly maxRefUpdates?: number | undefined;
  /** The most bytes that the objects of the repository may take on the disk, as `git count-objects` tells them. */
  readonly maxRepositoryBytes?: number | undefined;
  /** How many pushes a user, or an address without one, may make in a time. */
  readonly rate?: { readonly pushes: number; readonly seconds: number } | undefined;
}

/** Chooses the bounds for a push. */
export type PushLimitsFunction = (access: {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
}) => PushLimits | Promise<PushLimits>;

/** All that is configured about pushes. */
export interface PushPolicy {
  readonly authorizeUpdate: AuthorizeUpdate | undefined;
  readonly preReceive: PreReceive | undefined;
  readonly postReceive: PostReceive | undefined;
  readonly limits: PushLimitsFunction;
  /** How long `preReceive` and `postReceive` may take, in milliseconds. */
  readonly callbackTimeoutMs: number;
  /** The repositories' own hooks run as well. */
  readonly ownHooks: boolean;
}
