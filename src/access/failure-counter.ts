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
 * Failures by key, each forgotten at the end of a window that its first one began. In memory, and bounded. Nothing here
 * waits, so that whoever looks and acts upon it at once acts upon what is still true.
 */
export class FailureCounter {
  readonly #windowMs: number;
  /** The key that failed longest ago first. */
  readonly #entries = new Map<string, { readonly count: number; readonly until: number }>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  get(key: string): Failures {
    const entry = this.#entries.get(key);
    if (!entry) return none;
    const msLeft = entry.until - performance.now();
    if (msLeft > 0) return { count: entry.count, msLeft };
    this.#entries.delete(key);
    return none;
  }

  add(key: string): void {
    const { count, msLeft } = this.get(key);
    const until = performance.now() + (count === 0 ? this.#windowMs : msLeft);
    // Put in again at the end.
    this.#entries.delete(key);
    this.#entries.set(key, { count: count + 1, until });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > maxKeys && oldest !== undefined) this.#entries.delete(oldest);
  }

  clear(key: string): void {
    this.#entries.delete(key);
  }
}
