/** What a request spends its time on, and what else becomes known of it on its way. */
import type { FailureCode } from './errors.js';

/**
 * The stages of a request, as its time is told. Some are left out, and some run beside each other:
 * - `authenticate`: finding out who it is
 * - `find`: finding the repository, or making the one that a push creates
 * - `authorize`: asking whether they may
 * - `configure`: git's configuration of the repository, and the embedder's `environment`
 * - `body`: until the request has come completely; in a push beside `queue` and `git`
 * - `queue`: waiting for git's turn
 * - `git`: from git's start to its first byte; in a push with the time that its pack takes to come
 * - `answer`: from there to the last byte
 */
export const requestStages = [
  'authenticate',
  'find',
  'authorize',
  'configure',
  'body',
  'queue',
  'git',
  'answer',
] as const;
export type RequestStage = (typeof requestStages)[number];

/** When a stage was, in milliseconds. */
export interface StageTime {
  readonly stage: RequestStage;
  /** Since the request came. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** What a cache of answers had. */
export type CacheResult = 'hit' | 'miss';

/** The code with which git exited, or the signal that has ended it. */
export type GitExitStatus = number | NodeJS.Signals;

interface Mark {
  readonly stage: RequestStage;
  readonly began: number;
  ended?: number;
}

/** The record of one request. The stages mark themselves on it; nobody on the way reads it. */
export class Timeline {
  /** In milliseconds since 1970. */
  readonly beganAt = Date.now();
  /** Bytes of the body that have come, as they were sent. */
  requestBytes = 0;
  /** Refs that a push would change, or objects and refs that a fetch wants. */
  refCount: number | undefined;
  gitExit: GitExitStatus | undefined;
  cache: CacheResult | undefined;
  /** Why the client did not get what it had asked for. */
  failure: FailureCode | undefined;
  readonly #began = performance.now();
  readonly #marks: Mark[] = [];

  /** Since the request came, in milliseconds. */
  get elapsedMs(): number {
    return performance.now() - this.#began;
  }

  /** The stage that was begun last, of those that have not ended. */
  get current(): RequestStage | undefined {
    return this.#marks.findLast(({ ended }) => ended === undefined)?.stage;
  }

  begin(stage: RequestStage): void {
    this.#marks.push({ stage, began: this.elapsedMs });
  }

  /** Ends a stage; harmless for one that does not run. */
  end(stage: RequestStage): void {
    const mark = this.#marks.findLast((each) => each.stage === stage && each.ended === undefined);
    if (mark) mark.ended = this.elapsedMs;
  }

  /** Does the work of a stage, which ends with it in either way. */
  async during<T>(stage: RequestStage, work: () => T | Promise<T>): Promise<T> {
    this.begin(stage);
    try {
      return await work();
    } finally {
      this.end(stage);
    }
  }

  /** The stages in the order in which they began; one that still runs has lasted until now. */
  stages(): readonly StageTime[] {
    const now = this.elapsedMs;
    return this.#marks.map(({ stage, began, ended = now }) => ({
      stage,
      startMs: began,
      durationMs: ended - began,
    }));
  }
}
