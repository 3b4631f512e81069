import { createHmac, randomBytes } from 'node:crypto';
import { GitTyphoonError } from '../errors.js';
import { verifyPassword, type StoredPassword } from './password.js';

/** Node.js has four threads for this and for reading files: two are left for the files. */
const maxRunning = 2;

/** A flood of wrong passwords may not fill the memory with those that wait. */
const maxWaiting = 500;

const maxRemembered = 1000;

/**
 * Checks passwords. A command of git sends its password two or three times, and hashes are slow on purpose: what
 * was right is remembered, a thousand of them, as a digest under a key that never leaves this process. What was wrong is
 * worked out each time.
 */
export class PasswordChecker {
  readonly #key = randomBytes(32);
  readonly #verified = new Set<string>();
  readonly #pending = new Map<string, Promise<boolean>>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** Forgets everything. */
  clear(): void {
    this.#verified.clear();
  }

  /** Whether `password` is the stored one. */
  async check(user: string, password: string, stored: StoredPassword): Promise<boolean> {
    if (stored.kind === 'plain') return verifyPassword(stored, password);
    const digest = this.#digest('known', user, password, stored);
    if (this.#verified.delete(digest)) {
      // Put in again at the end, so that the one used longest ago is forgotten first.
      this.#verified.add(digest);
      return true;
    }
    const isRight = await this.#shared(digest, password, stored);
    if (isRight) this.#remember(digest);
    return isRight;
  }

  /** Does the same work for a user who does not exist, so that the time does not tell. */
  async pretend(user: string, password: string, stored: StoredPassword): Promise<void> {
    if (stored.kind === 'plain') await verifyPassword(stored, password);
    else await this.#shared(this.#digest('unknown', user, password, stored), password, stored);
  }

  #digest(kind: string, user: string, password: string, stored: StoredPassword): string {
    const text = JSON.stringify([kind, user, password, stored]);
    return createHmac('sha256', this.#key).update(text).digest('base64');
  }

  #remember(digest: string): void {
    const [oldest] = this.#verified;
    if (this.#verified.size >= maxRemembered && oldest !== undefined) this.#verified.delete(oldest);
    this.#verified.add(digest);
  }

  /** Equal questions at the same time, as of a herd of CI machines, are worked out once. */
  #shared(digest: string, password: string, stored: StoredPassword): Promise<boolean> {
    const known = this.#pending.get(digest);
    if (known) return known;
    const answer = this.#inTurn(() => verifyPassword(stored, password)).finally(() =>
      this.#pending.delete(digest),
    );
    this.#pending.set(digest, answer);
    return answer;
  }

  async #inTurn(work: () => Promise<boolean>): Promise<boolean> {
    if (this.#running >= maxRunning) {
      if (this.#waiting.length >= maxWaiting) {
        // A 401 would make git forget the password that it has stored.
        throw new GitTyphoonError('ERR_BUSY', {
          message: 'too many passwords are being checked; try again shortly',
          headers: [['Retry-After', '5']],
        });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await work();
    } finally {
      // The place goes from hand to hand, so that nobody who comes now can take it first.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}
