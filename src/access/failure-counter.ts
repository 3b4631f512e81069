import { LRUCache } from 'lru-cache';

/** How often something has failed within the present window. */
export interface Failures {
  readonly count: number;
  /** Milliseconds until they are forgotten. */
  readonly msLeft: number;
}

const none: Failures = { count: 0, msLeft: 0 };

/** More keys than a flood should need, and a few megabytes at the most. */
const maxKeys = 10_000;

/**
 * Failures by key, each forgotten at the end of a window that its first one began. In memory, and bounded: the key that
 * failed longest ago goes first. Nothing here waits, so that whoever looks and acts upon it at once acts upon what is still
 * true; libraries that count for several processes cannot do that.
 */
export class FailureCounter {
  readonly #counts: LRUCache<string, number>;

  constructor(windowMs: number) {
    // The window begins with the first failure, not anew with each.
    this.#counts = new LRUCache({ max: maxKeys, ttl: windowMs, ttlResolution: 0, noUpdateTTL: true });
  }

  get(key: string): Failures {
    const count = this.#counts.peek(key);
    return count === undefined ? none : { count, msLeft: this.#counts.getRemainingTTL(key) };
  }

  add(key: string): void {
    const { count } = this.get(key);
    // One whose window is over would keep that.
    if (count === 0) this.#counts.delete(key);
    this.#counts.set(key, count + 1);
  }

  clear(key: string): void {
    this.#counts.delete(key);
  }
}
