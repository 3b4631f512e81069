import type { GitUser } from '../context.js';

/** A herd of different requests may not fill the memory. */
const maxEntries = 1_000;

/** Users that were recognised a short time ago, by a digest of what they were recognised by. */
export class AnswerCache {
  readonly #entries = new Map<string, { readonly user: GitUser; readonly until: number }>();
  readonly #lifetimeMs: number;

  /** With a lifetime of 0 it keeps nothing. */
  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  get(key: string): GitUser | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (performance.now() < entry.until) return entry.user;
    this.#entries.delete(key);
    return undefined;
  }

  /** `askedAt` is when the question was asked: what has been revoked since then must not live longer for that. */
  set(key: string, user: GitUser, askedAt: number): void {
    const until = askedAt + this.#lifetimeMs;
    if (performance.now() >= until) return;
    this.#entries.delete(key);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size >= maxEntries && oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, { user, until });
  }
}
