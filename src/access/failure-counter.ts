import { createHash } from 'node:crypto';
import type { RateLimiterMemory } from 'rate-limiter-flexible';

/** How often something has failed within the present window. */
export interface Failures {
  readonly count: number;
  /** Milliseconds until they are forgotten. */
  readonly msLeft: number;
}

const none: Failures = { count: 0, msLeft: 0 };

/** More keys than a flood should need, and a few megabytes at the most. */
const maxKeys = 10_000;

/** Failures by key, each forgotten at the end of a window that its first one began. In memory, and bounded. */
export class FailureCounter {
  readonly #windowMs: number;
  /** Keys, the one that failed longest ago first. The limiter itself knows no bound. */
  readonly #keys = new Set<string>();
  #limiter: Promise<RateLimiterMemory> | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  async get(key: string): Promise<Failures> {
    const digest = digestOf(key);
    if (!this.#keys.has(digest)) return none;
    const found = await (await this.#open()).get(digest);
    if (!found || found.msBeforeNext <= 0) return none;
    return { count: found.consumedPoints, msLeft: found.msBeforeNext };
  }

  async add(key: string): Promise<void> {
    const digest = digestOf(key);
    const limiter = await this.#open();
    this.#keys.delete(digest);
    this.#keys.add(digest);
    await limiter.penalty(digest);
    const [oldest] = this.#keys;
    if (this.#keys.size > maxKeys && oldest !== undefined) await this.#forget(limiter, oldest);
  }

  async clear(key: string): Promise<void> {
    const digest = digestOf(key);
    if (this.#keys.has(digest)) await this.#forget(await this.#open(), digest);
  }

  async #forget(limiter: RateLimiterMemory, digest: string): Promise<void> {
    this.#keys.delete(digest);
    await limiter.delete(digest);
  }

  /** Loaded with the first failure: it is large, and most servers start without needing it. */
  #open(): Promise<RateLimiterMemory> {
    this.#limiter ??= import('rate-limiter-flexible').then(
      ({ RateLimiterMemory }) => new RateLimiterMemory({ points: 1, duration: this.#windowMs / 1_000 }),
    );
    return this.#limiter;
  }
}

/** Names of users may be long, and may be passwords in the wrong place. */
function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('base64');
}
