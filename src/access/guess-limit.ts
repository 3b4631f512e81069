import { Tally } from '../tally.js';
import { FailureCounter, type Failures } from './failure-counter.js';

const none: Failures = { count: 0, msLeft: 0 };

/**
 * How many wrong guesses a key may have, those under way included: each may turn out to be one. Without a key nothing is
 * counted and nothing refused.
 */
export class GuessLimit {
  readonly #maxFailures: number;
  readonly #failures: FailureCounter;
  readonly #underWay = new Tally();

  constructor(maxFailures: number, windowMs: number) {
    this.#maxFailures = maxFailures;
    this.#failures = new FailureCounter(windowMs);
  }

  failures(key: string | undefined): Failures {
    return key === undefined ? none : this.#failures.get(key);
  }

  /** The failures, if no more are allowed. */
  reached(key: string | undefined): Failures | undefined {
    const failures = this.failures(key);
    return failures.count >= this.#maxFailures ? failures : undefined;
  }

  /** Whether one more guess may be checked now, whatever becomes of those under way. */
  hasRoom(key: string | undefined): boolean {
    if (key === undefined) return true;
    return this.#failures.get(key).count + this.#underWay.get(key) < this.#maxFailures;
  }

  begin(key: string | undefined): void {
    if (key !== undefined) this.#underWay.add(key);
  }

  end(key: string | undefined): void {
    if (key !== undefined) this.#underWay.remove(key);
  }

  count(key: string | undefined): void {
    if (key !== undefined) this.#failures.add(key);
  }

  forgive(key: string | undefined): void {
    if (key !== undefined) this.#failures.clear(key);
  }
}
