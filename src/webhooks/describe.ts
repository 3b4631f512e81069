/** What a push has brought, as far as git says it in time. */
import type { ChangeEvent, RefUpdate } from '../events.js';
import { aborted } from './aborted.js';
import type { ChangeFacts } from './payload.js';

/** Of a push that changes more refs, such as a mirror of a repository, nobody asks for the commits. */
const maxDescribed = 100;

/** What is known of a change without asking git. */
export function factsWithoutGit({ kind }: RefUpdate): ChangeFacts {
  return {
    isForced: kind === 'update' ? undefined : false,
    history: kind === 'delete' ? { head: undefined, commits: [], isTruncated: false } : undefined,
  };
}

/** Asks git about the changes of one push, one after the other. */
export class PushDescriber {
  readonly #event: ChangeEvent;
  readonly #signal: AbortSignal;
  readonly #tooLate: Promise<never>;
  #problem: Error | undefined;
  #incompleteCount = 0;

  /** When `signal` is aborted, what is not known yet is left out. */
  constructor(event: ChangeEvent, signal: AbortSignal) {
    this.#event = event;
    this.#signal = signal;
    this.#tooLate = aborted(signal);
  }

  /** Never rejects: what git does not say is undefined. */
  async facts(change: RefUpdate): Promise<ChangeFacts> {
    const known = factsWithoutGit(change);
    if (change.kind === 'delete' || this.#event.changes.length > maxDescribed) return known;
    let { isForced } = known;
    try {
      isForced ??= await this.#inTime(() => this.#event.isForced(change));
      return { isForced, history: await this.#inTime(() => this.#event.history(change, this.#signal)) };
    } catch (error) {
      this.#problem ??= error as Error;
      this.#incompleteCount += 1;
      return { ...known, isForced };
    }
  }

  /** The first thing that went wrong, and for how many changes something did. */
  get problem(): { readonly cause: Error; readonly count: number } | undefined {
    return this.#problem && { cause: this.#problem, count: this.#incompleteCount };
  }

  #inTime<T>(ask: () => Promise<T>): Promise<T> {
    return Promise.race([this.#signal.aborted ? this.#tooLate : ask(), this.#tooLate]);
  }
}
