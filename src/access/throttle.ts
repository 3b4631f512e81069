import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import { wholeNumberOr, type Bounds } from '../option-checks.js';
import { addressMatcher, networkOf } from './address-list.js';
import { FailureCounter, type Failures } from './failure-counter.js';
import { GuessLimit } from './guess-limit.js';
import { GuessQueue, type EndGuess, type Guess, type Outcome } from './guess-queue.js';
import type { Authenticate } from './policy.js';

export interface ThrottleOptions {
  /** Milliseconds for which failures count, from the first one on. Default 900,000 (15 minutes); at most a day. */
  readonly windowMs?: number | undefined;
  /**
   * How many failures an address may have; IPv6 counts by its first 64 bits. Default 50: people behind one router share
   * it. Beyond that all attempts from there are refused, right ones as well.
   */
  readonly maxFailuresPerAddress?: number | undefined;
  /**
   * How many failures one user name may have from one address. Default 10. Beyond that this name is refused from there,
   * and attempts at it from elsewhere are slowed.
   */
  readonly maxFailuresPerUser?: number | undefined;
  /**
   * Addresses and networks from which everybody comes, such as that of a proxy: failures from there refuse nobody, and only
   * slow attempts at the same user name. Default none.
   */
  readonly sharedAddresses?: readonly string[] | undefined;
  /** Milliseconds that the attempt after the first failure waits; each further failure doubles it. Default 250; 0 slows nothing. */
  readonly delayMs?: number | undefined;
  /** The longest that an attempt waits, in milliseconds. Default 4,000; at most 60,000. */
  readonly maxDelayMs?: number | undefined;
}

const day = 86_400_000;

/** Waiting attempts hold connections. */
const maxDelayed = 1_000;

/** Keys are short whatever a client sends: names of users may be long, and may be passwords in the wrong place. */
function digestOf(...parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64');
}

interface Attempt extends Guess {
  readonly user: string | undefined;
}

function attemptOf(
  credentials: Credentials,
  remoteAddress: string | undefined,
  isShared: (address: string | undefined) => boolean,
): Attempt {
  const isOwn = remoteAddress !== undefined && !isShared(remoteAddress);
  const address = isOwn ? networkOf(remoteAddress) : undefined;
  const name = credentials.scheme === 'basic' ? credentials.username : undefined;
  return {
    address,
    user: name === undefined ? undefined : digestOf(name),
    pair: name === undefined || address === undefined ? undefined : digestOf(name, address),
    credentials: digestOf(...Object.values(credentials)),
  };
}

function tooMany({ msLeft }: Failures): GitTyphoonError {
  const seconds = Math.max(1, Math.ceil(msLeft / 1_000));
  return new GitTyphoonError('ERR_TOO_MANY_ATTEMPTS', { headers: [['Retry-After', String(seconds)]] });
}

class Throttle {
  readonly #maxPerUser: number;
  readonly #delayMs: number;
  readonly #maxDelayMs: number;
  readonly #byAddress: GuessLimit;
  readonly #byPair: GuessLimit;
  readonly #byUser: FailureCounter;
  readonly #queue: GuessQueue;
  #delayed = 0;

  constructor(options: ThrottleOptions) {
    const number = (
      option: Exclude<keyof ThrottleOptions, 'sharedAddresses'>,
      normal: number,
      bounds: Bounds,
    ) => wholeNumberOr(options[option], option, normal, bounds);
    const windowMs = number('windowMs', 900_000, { highest: day });
    const maxPerAddress = number('maxFailuresPerAddress', 50, { highest: 1_000_000 });
    this.#maxPerUser = number('maxFailuresPerUser', 10, { highest: 1_000_000 });
    this.#delayMs = number('delayMs', 250, { lowest: 0, highest: 60_000 });
    this.#maxDelayMs = number('maxDelayMs', 4_000, { lowest: 0, highest: 60_000 });
    this.#byAddress = new GuessLimit(maxPerAddress, windowMs);
    this.#byPair = new GuessLimit(this.#maxPerUser, windowMs);
    this.#byUser = new FailureCounter(windowMs);
    this.#queue = new GuessQueue({ byAddress: this.#byAddress, byPair: this.#byPair }, tooMany);
  }

  /** Resolves when this attempt may be checked; rejects when it may not. */
  async admit(attempt: Attempt, signal: AbortSignal): Promise<EndGuess> {
    this.#queue.refuse(attempt);
    await this.#slow(attempt, signal);
    const end = await this.#queue.enter(attempt, signal);
    return (outcome) => {
      if (outcome === 'wrong' && attempt.user !== undefined) this.#byUser.add(attempt.user);
      end(outcome);
    };
  }

  /** Only of this user here: others' failures at this address, or this user's elsewhere, are not made good. */
  forgive({ pair }: Attempt): void {
    this.#byPair.forgive(pair);
  }

  /** Waits the longer the more there were. A user whom others attack from elsewhere waits, but is not refused. */
  async #slow({ address, user, pair }: Attempt, signal: AbortSignal): Promise<void> {
    const here = user === undefined ? this.#byAddress.failures(address) : this.#byPair.failures(pair);
    const everywhere = user === undefined ? 0 : this.#byUser.get(user).count;
    const delayMs = Math.max(this.#delayAfter(here.count), this.#delayAfter(everywhere - this.#maxPerUser));
    if (delayMs === 0) return;
    if (this.#delayed >= maxDelayed) {
      if (here.count > 0) throw tooMany({ count: here.count, msLeft: this.#maxDelayMs });
      // Somebody without failures of their own must not be shut out by a flood of others.
      return;
    }
    this.#delayed += 1;
    try {
      await sleep(delayMs, undefined, { signal });
    } finally {
      this.#delayed -= 1;
    }
  }

  #delayAfter(failures: number): number {
    return failures <= 0 ? 0 : Math.min(this.#maxDelayMs, this.#delayMs * 2 ** Math.min(failures - 1, 30));
  }
}

/**
 * Slows and then refuses (429, with Retry-After) those who try passwords. Failures count per address, and per user name and
 * address, so that nobody can lock a user out from elsewhere: a right password from an address without failures always
 * works, if after a short wait. Counted is what brings credentials and is not recognised, or is answered with 401;
 * requests without credentials are not. No more are checked at once than failures are left: others wait for these to end, or
 * for equal credentials to be found right. Without `remoteAddress` there is no refusal, only the waiting. All is kept in
 * the memory of this process.
 *
 * Put it around the functions that check passwords and tokens, and not around those that believe a proxy or a certificate.
 * They must end at some time: one that never does keeps its place for ever.
 *
 * @example
 * const { authenticate } = await openHtpasswdFile('/etc/git.htpasswd');
 * const git = createGitServer({ repositories, authenticate: throttled(authenticate), authorize });
 */
export function throttled(authenticate: Authenticate, options: ThrottleOptions = {}): Authenticate {
  const throttle = new Throttle(options);
  const { sharedAddresses } = options;
  const isShared = sharedAddresses ? addressMatcher('sharedAddresses', sharedAddresses) : () => false;
  return async (context) => {
    const { credentials, remoteAddress, signal } = context;
    if (!credentials) return authenticate(context);
    const attempt = attemptOf(credentials, remoteAddress, isShared);
    const end = await throttle.admit(attempt, signal);
    let outcome: Outcome = 'unknown';
    try {
      const user = await authenticate(context);
      outcome = user ? 'right' : 'wrong';
      // With a token as the password, any name can stand before it: that is not this user's success.
      const isOwnName = credentials.scheme === 'basic' && user?.name === credentials.username;
      if (isOwnName) throttle.forgive(attempt);
      return user;
    } catch (error) {
      if (error instanceof GitTyphoonError && error.status === 401) outcome = 'wrong';
      throw error;
    } finally {
      end(outcome);
    }
  };
}
