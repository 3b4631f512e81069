/** Lets no more guesses be checked at once than failures are left, so that none outruns the count. */
import type { Failures } from './failure-counter.js';
import type { GuessLimit } from './guess-limit.js';

/** What a guess counts for, and what it is. */
export interface Guess {
  /** Undefined where failures refuse nobody; there is then no pair either. */
  readonly address: string | undefined;
  /** A user name at this address. */
  readonly pair: string | undefined;
  /** Equal for equal credentials. */
  readonly credentials: string;
}

/** What came of a guess; `unknown` where nobody could tell. */
export type Outcome = 'right' | 'wrong' | 'unknown';

/** Counts what came of the guess that was let in, and decides about those that wait for it. Call it once. */
export type EndGuess = (outcome: Outcome) => void;

export interface GuessLimits {
  readonly byAddress: GuessLimit;
  readonly byPair: GuessLimit;
}

interface Waiting {
  readonly guess: Guess;
  readonly admit: (end: EndGuess) => void;
  readonly fail: (reason: unknown) => void;
}

export class GuessQueue {
  readonly #limits: GuessLimits;
  readonly #refusal: (failures: Failures) => Error;
  /** By address, in the order in which they came. */
  readonly #waiting = new Map<string | undefined, Set<Waiting>>();

  /** `refusal` makes the error for a guess beyond the limit. */
  constructor(limits: GuessLimits, refusal: (failures: Failures) => Error) {
    this.#limits = limits;
    this.#refusal = refusal;
  }

  /**
   * Resolves when this guess may be checked. Whoever comes while all that are left are under way waits for one of them to
   * end well, or for equal credentials to be found right. Rejects when too many have failed, or `signal` is aborted.
   */
  async enter(guess: Guess, signal: AbortSignal): Promise<EndGuess> {
    signal.throwIfAborted();
    this.refuse(guess);
    return this.#hasRoom(guess) ? this.#begin(guess) : this.#wait(guess, signal);
  }

  /** Throws when too many have failed. */
  refuse({ address, pair }: Guess): void {
    const reached = this.#limits.byAddress.reached(address) ?? this.#limits.byPair.reached(pair);
    if (reached) throw this.#refusal(reached);
  }

  #hasRoom({ address, pair }: Guess): boolean {
    return this.#limits.byAddress.hasRoom(address) && this.#limits.byPair.hasRoom(pair);
  }

  #begin(guess: Guess): EndGuess {
    const { byAddress, byPair } = this.#limits;
    byAddress.begin(guess.address);
    byPair.begin(guess.pair);
    return (outcome) => {
      byAddress.end(guess.address);
      byPair.end(guess.pair);
      this.#conclude(guess, outcome);
    };
  }

  #conclude(guess: Guess, outcome: Outcome): void {
    if (outcome === 'wrong') {
      this.#limits.byAddress.count(guess.address);
      this.#limits.byPair.count(guess.pair);
    }
    for (const waiting of this.#waiting.get(guess.address) ?? []) {
      if (outcome === 'right' && waiting.guess.credentials === guess.credentials) {
        // What is known to be right is no guess, and takes no place of one.
        this.#remove(waiting);
        waiting.admit((later) => this.#conclude(waiting.guess, later));
      } else {
        this.#reconsider(waiting);
      }
    }
  }

  #reconsider(waiting: Waiting): void {
    try {
      this.refuse(waiting.guess);
    } catch (error) {
      this.#remove(waiting);
      waiting.fail(error);
      return;
    }
    if (!this.#hasRoom(waiting.guess)) return;
    this.#remove(waiting);
    waiting.admit(this.#begin(waiting.guess));
  }

  #wait(guess: Guess, signal: AbortSignal): Promise<EndGuess> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#remove(waiting);
        waiting.fail(signal.reason);
      };
      const waiting: Waiting = {
        guess,
        admit: (end) => {
          signal.removeEventListener('abort', leave);
          resolve(end);
        },
        fail: (reason) => {
          signal.removeEventListener('abort', leave);
          reject(reason);
        },
      };
      signal.addEventListener('abort', leave);
      const queue = this.#waiting.get(guess.address) ?? new Set();
      this.#waiting.set(guess.address, queue.add(waiting));
    });
  }

  #remove(waiting: Waiting): void {
    const { address } = waiting.guess;
    const queue = this.#waiting.get(address);
    queue?.delete(waiting);
    if (queue?.size === 0) this.#waiting.delete(address);
  }
}
