/** A repository that a push is about to make: where it is until then, and what becomes of it. */
import { pipeline, finished } from 'node:stream';
import { followPushedBranch, isPushed } from '../administration/create.js';
import type { GitUser, RequestContext } from '../context.js';
import { Observers, type PushEvent } from '../events.js';
import type { GitProcess } from '../git/process.js';
import type { GitRunner } from '../git/runner.js';
import type { PendingRepository } from '../repository/create-settings.js';
import type { Repository } from '../repository/repository.js';
import type { GitResponse } from './exchange.js';
import { HeldReport, type ReportDecision } from './held-report.js';

/** What has become of it. `empty`: git has accepted no ref. `taken`: another push was first. */
type Outcome = 'published' | 'empty' | 'taken' | 'failed';

const refusals = {
  taken: 'another push has created this repository at the same time; fetch, then push again',
  failed: 'the server failed to create the repository',
} as const;

export interface NewRepositoryParts {
  readonly pending: PendingRepository;
  /** Discovery only shows it; the push that follows makes it anew. */
  readonly isForPush: boolean;
  /** HEAD is ours to choose. */
  readonly followsPush: boolean;
  readonly git: GitRunner;
  readonly observers: Observers;
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
}

/**
 * Is given to a service in place of a repository. A push goes into a folder that nobody is served from; once git has
 * written its refs, and before the client reads that it has, the repository is put into service. Whatever fails before
 * that leaves nothing behind.
 */
export class NewRepository {
  /** For the service. Its `gitDir` leads to where the repository is at the time. */
  readonly repository: Repository;
  /** For the service: what it tells of a push waits for the outcome. */
  readonly observers: Observers;
  readonly #parts: NewRepositoryParts;
  readonly #running = new Set<Promise<void>>();
  #gitDir: string;
  #outcome: Promise<Outcome> | undefined;

  constructor(parts: NewRepositoryParts) {
    this.#parts = parts;
    const { name, gitDir } = parts.pending.repository;
    this.#gitDir = gitDir;
    const current = (): string => this.#gitDir;
    this.repository = {
      name,
      get gitDir() {
        return current();
      },
    };
    this.observers = parts.isForPush ? this.#waitingObservers() : parts.observers;
  }

  /** To be told of every git that is started in it. */
  readonly onStart = (process: GitProcess): void => {
    const released = process.released.then(() => void this.#running.delete(released));
    this.#running.add(released);
  };

  /** The service's answer, to be sent in its place. The repository looks after itself from here. */
  deliver(response: GitResponse): GitResponse {
    const { body } = response;
    if (body.kind !== 'stream') {
      this.end();
      return response;
    }
    finished(body.stream, { writable: false }, () => this.end());
    if (!this.#parts.isForPush) return response;
    const held = new HeldReport(() => this.#decide());
    pipeline(body.stream, held, () => {});
    return { ...response, body: { kind: 'stream', stream: held, sentBytes: () => held.pushedBytes } };
  }

  /** The request is over, or has failed: when no git works in it any more, it is published or removed. */
  end(): void {
    this.#settle().catch((error: unknown) => this.#report(error));
  }

  async #settle(): Promise<void> {
    try {
      // A git may go on after its client has left, and what watches it may start another.
      while (this.#running.size > 0) await Promise.all(this.#running);
      if (this.#parts.isForPush) await this.#conclude();
    } finally {
      await this.#parts.pending.discard();
    }
  }

  async #decide(): Promise<ReportDecision> {
    const outcome = await this.#conclude();
    return outcome === 'taken' || outcome === 'failed'
      ? { kind: 'refuse', reason: refusals[outcome] }
      : { kind: 'pass' };
  }

  #conclude(): Promise<Outcome> {
    this.#outcome ??= this.#publish().catch((error: unknown) => {
      this.#report(error);
      return 'failed' as const;
    });
    return this.#outcome;
  }

  async #publish(): Promise<Outcome> {
    const { pending, git, followsPush, observers, context, user } = this.#parts;
    if (!(await isPushed(git, this.#gitDir))) return 'empty';
    if (followsPush) await followPushedBranch(git, this.#gitDir);
    const published = await pending.publish();
    if (!published) return 'taken';
    this.#gitDir = published.gitDir;
    observers.emit('create', { context, user, repository: published });
    return 'published';
  }

  #report(error: unknown): void {
    this.#parts.observers.emit('error', { error, context: this.#parts.context });
  }

  #waitingObservers(): Observers {
    const { observers } = this.#parts;
    const waiting = new Observers();
    waiting.on('error', (event) => observers.emit('error', event));
    waiting.on('push', async (event) => {
      const outcome = await this.#conclude();
      const isRefused = outcome === 'taken' || outcome === 'failed';
      observers.emit('push', isRefused ? refusedPush(event, refusals[outcome]) : event);
    });
    return waiting;
  }
}

/** git had accepted it, into a repository that was thrown away. */
function refusedPush(event: PushEvent, reason: string): PushEvent {
  const updates = event.updates.map((update) => ({
    ...update,
    result: { status: 'rejected', reason } as const,
  }));
  return { ...event, updates, unpack: reason };
}
