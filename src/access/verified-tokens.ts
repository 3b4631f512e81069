import { createHmac, randomBytes } from 'node:crypto';
import type { GitUser } from '../context.js';

const maxRemembered = 1_000;

/** A key that its issuer has withdrawn, and a mapping by an embedder's function, are looked at this often. */
const maxAgeMs = 60_000;

/**
 * Tokens that were found good, the last thousand of them, for a minute at the most: one command of git shows its token
 * two or three times. They are kept as digests under a key that never leaves this process.
 */
export class VerifiedTokens {
  readonly #key = randomBytes(32);
  readonly #users = new Map<string, { readonly user: GitUser; readonly until: number }>();

  /** The user of a token that was remembered, and is so still. */
  find(token: string): GitUser | undefined {
    const digest = this.#digest(token);
    const found = this.#users.get(digest);
    if (!found) return undefined;
    this.#users.delete(digest);
    if (Date.now() >= found.until) return undefined;
    // Put in again at the end, so that the one used longest ago is forgotten first.
    this.#users.set(digest, found);
    return found.user;
  }

  /** Remembers a user until the token expires, in seconds of the Unix clock. */
  add(token: string, user: GitUser, expires: number): void {
    const [oldest] = this.#users.keys();
    if (this.#users.size >= maxRemembered && oldest !== undefined) this.#users.delete(oldest);
    this.#users.set(this.#digest(token), { user, until: Math.min(expires * 1000, Date.now() + maxAgeMs) });
  }

  #digest(token: string): string {
    return createHmac('sha256', this.#key).update(token).digest('base64');
  }
}
