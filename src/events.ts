import type { GitUser, RequestContext } from './context.js';
import type { ChangedCommit, RefHistory } from './git/ref-history.js';
import type { FetchRequest } from './protocol/fetch-request.js';
import type { RefUpdateStatus } from './protocol/push-report.js';
import type { RefUpdate } from './protocol/push-request.js';
import type { Repository } from './repository/repository.js';
import type { CacheResult, GitExitStatus, RequestStage, StageTime } from './timeline.js';
import type { FailureCode } from './errors.js';

export type { ChangedCommit, RefHistory, RefUpdate };

/** A request has been answered, or its client has gone. */
export interface RequestEvent {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository | undefined;
  readonly status: number;
  /** Why the client did not get what it had asked for; in a fetch and a push this may be so with status 200. */
  readonly failure: FailureCode | undefined;
  /** Bytes of the request's body that had come, as they were sent. */
  readonly requestBytes: number;
  /** Bytes of the answer's body that were handed to the door. */
  readonly responseBytes: number;
  /** Refs that a push would change, or objects and refs that a fetch wants, where that is known. */
  readonly refCount: number | undefined;
  /** The code with which git exited or the signal that has ended it, where there was one and it had ended by then. */
  readonly gitExit: GitExitStatus | undefined;
  /** What a cache of answers had, where one was asked. No cache is built in yet. */
  readonly cache: CacheResult | undefined;
  /** When the request came, in milliseconds since 1970. */
  readonly beganAt: number;
  readonly durationMs: number;
  /** What that time was spent on. */
  readonly stages: readonly StageTime[];
  /** The answer did not end as it should: the client left, or git was ended. */
  readonly aborted: boolean;
}

/** A request that has not been answered to its end, as it is when it is looked at. */
export interface ActiveRequest extends Pick<RequestEvent, 'context' | 'user' | 'repository'> {
  /** Bytes so far. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly elapsedMs: number;
  /** What it is doing. */
  readonly stage: RequestStage | undefined;
}

/** A fetch or clone, archive excluded, has been served to its end. */
export interface FetchEvent {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  /** What the client asked for. */
  readonly request: FetchRequest;
  readonly responseBytes: number;
}

/** One ref of a push, with what became of it. */
export interface RefUpdateResult extends RefUpdate {
  /** `unknown` when the client asked for no report, or git died before it had given one. */
  readonly result: RefUpdateStatus | { readonly status: 'unknown' };
}

/** git has ended that was given a push; what became of it, each update says. */
export interface PushEvent {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  readonly updates: readonly RefUpdateResult[];
  /** `ok`, or why the pack could not be stored; undefined when there was no report. */
  readonly unpack: string | undefined;
  readonly pushOptions: readonly string[];
  /** The push certificate as it was sent; git, not we, verifies it. */
  readonly certificate: string | undefined;
  /** Either all refs were to be updated, or none. */
  readonly isAtomic: boolean;
}

/**
 * A push has really changed refs. What git has to be asked for is asked for when somebody wants it; pass the members of
 * `changes` as they are.
 */
export interface ChangeEvent {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  /** At least one; refs that were refused, or that stayed as they were, are not among them. */
  readonly changes: readonly RefUpdate[];
  readonly pushOptions: readonly string[];
  readonly certificate: string | undefined;
  readonly isAtomic: boolean;
  /** Whether history was rewritten: the new commit does not contain the old one. False for created and deleted refs. */
  readonly isForced: (change: RefUpdate) => Promise<boolean>;
  /**
   * The commits that a change has brought. Starts up to two gits, which an abort of `signal` ends. Rejects when git
   * fails.
   */
  readonly history: (change: RefUpdate, signal?: AbortSignal) => Promise<RefHistory>;
}

/** A push has created a repository, which is served from now on; the push itself is told after it. */
export interface CreateEvent {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
}

/** Something failed on the server's side, or a listener threw. A client's own mistakes are no errors here. */
export interface ErrorEvent {
  readonly error: unknown;
  /** Undefined when it happened outside of a request. */
  readonly context: RequestContext | undefined;
}

/** The events of a server. */
export interface GitServerEvents {
  request: RequestEvent;
  fetch: FetchEvent;
  push: PushEvent;
  change: ChangeEvent;
  create: CreateEvent;
  error: ErrorEvent;
}

export type Listener<Event> = (event: Event) => void | Promise<void>;

/** Observers of a server. What they throw is reported and never reaches a request. */
export class Observers {
  readonly #listeners: { [Name in keyof GitServerEvents]: Set<Listener<GitServerEvents[Name]>> } = {
    request: new Set(),
    fetch: new Set(),
    push: new Set(),
    change: new Set(),
    create: new Set(),
    error: new Set(),
  };

  /** Adds a listener; call what is returned to remove it. Throws a TypeError for an event that does not exist. */
  on<Name extends keyof GitServerEvents>(name: Name, listener: Listener<GitServerEvents[Name]>): () => void {
    if (!Object.hasOwn(this.#listeners, name)) {
      const known = Object.keys(this.#listeners).join(', ');
      throw new TypeError(`there is no event "${name}"; known are ${known}`);
    }
    this.#listeners[name].add(listener);
    return () => this.#listeners[name].delete(listener);
  }

  emit<Name extends keyof GitServerEvents>(name: Name, event: GitServerEvents[Name]): void {
    void this.tell(name, event);
  }

  /** As {@link emit}; resolves, and never rejects, when all listeners have ended. */
  async tell<Name extends keyof GitServerEvents>(name: Name, event: GitServerEvents[Name]): Promise<void> {
    const calls: Promise<void>[] = [];
    // Whoever is added meanwhile is called too.
    for (const listener of this.#listeners[name]) calls.push(this.#call(name, listener, event));
    await Promise.all(calls);
  }

  async #call<Event>(name: keyof GitServerEvents, listener: Listener<Event>, event: Event): Promise<void> {
    try {
      await listener(event);
    } catch (error) {
      if (name === 'error') process.emitWarning(`a listener for "error" failed: ${String(error)}`);
      else this.emit('error', { error, context: undefined });
    }
  }
}
