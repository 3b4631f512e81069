import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestContext } from '../context.js';
import { GitTyphoonError, OptionError } from '../errors.js';
import { addressMatcher, networkOf } from './address-list.js';
import { FailureCounter, type Failures } from './failure-counter.js';
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

function wholeNumber(
  option: Exclude<keyof ThrottleOptions, 'sharedAddresses'>,
  options: ThrottleOptions,
  normal: number,
  highest: number,
) {
  const value = options[option];
  if (value === undefined) return normal;
  const lowest = option === 'delayMs' || option === 'maxDelayMs' ? 0 : 1;
  if (Number.isSafeInteger(value) && value >= lowest && value <= highest) return value;
  throw new OptionError(option, `must be a whole number from ${lowest} to ${highest}`);
}

interface Keys {
  readonly address: string | undefined;
  readonly user: string | undefined;
  /** The user at this address. */
  readonly pair: string | undefined;
}

function keysOf(
  { credentials, remoteAddress }: RequestContext,
  isShared: (address: string | undefined) => boolean,
): Keys {
  const isOwn = remoteAddress !== undefined && !isShared(remoteAddress);
  const address = isOwn ? networkOf(remoteAddress) : undefined;
  const user = credentials?.scheme === 'basic' ? credentials.username : undefined;
  const hasBoth = address !== undefined && user !== undefined;
  return { address, user, pair: hasBoth ? JSON.stringify([user, address]) : undefined };
}

function tooMany({ msLeft }: Failures): GitTyphoonError {
  const seconds = Math.max(1, Math.ceil(msLeft / 1_000));
  return new GitTyphoonError('ERR_TOO_MANY_ATTEMPTS', { headers: [['Retry-After', String(seconds)]] });
}

class Throttle {
  readonly #maxPerAddress: number;
  readonly #maxPerUser: number;
  readonly #delayMs: number;
  readonly #maxDelayMs: number;
  readonly #byAddress: FailureCounter;
  readonly #byUser: FailureCounter;
  readonly #byPair: FailureCounter;
  #delayed = 0;

  constructor(options: ThrottleOptions) {
    const windowMs = wholeNumber('windowMs', options, 900_000, day);
    this.#maxPerAddress = wholeNumber('maxFailuresPerAddress', options, 50, 1_000_000);
    this.#maxPerUser = wholeNumber('maxFailuresPerUser', options, 10, 1_000_000);
    this.#delayMs = wholeNumber('delayMs', options, 250, 60_000);
    this.#maxDelayMs = wholeNumber('maxDelayMs', options, 4_000, 60_000);
    this.#byAddress = new FailureCounter(windowMs);
    this.#byUser = new FailureCounter(windowMs);
    this.#byPair = new FailureCounter(windowMs);
  }

  /** Throws when there were too many failures, `own` of which are the present one. */
  async refuse({ address, pair }: Keys, own = 0): Promise<void> {
    const atAddress = await this.#failures(this.#byAddress, address);
    if (atAddress.count - own >= this.#maxPerAddress) throw tooMany(atAddress);
    const ofPair = await this.#failures(this.#byPair, pair);
    if (ofPair.count - own >= this.#maxPerUser) throw tooMany(ofPair);
  }

  /** Waits the longer the more there were. A user whom others attack from elsewhere waits, but is not refused. */
  async slow({ address, user, pair }: Keys, signal: AbortSignal): Promise<void> {
    const here = await this.#failures(user === undefined ? this.#byAddress : this.#byPair, pair ?? address);
    const everywhere = await this.#failures(this.#byUser, user);
    const delayMs = Math.max(
      this.#delayAfter(here.count),
      this.#delayAfter(everywhere.count - this.#maxPerUser),
    );
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

  async count({ address, user, pair }: Keys): Promise<void> {
    await Promise.all([
      address === undefined ? undefined : this.#byAddress.add(address),
      user === undefined ? undefined : this.#byUser.add(user),
      pair === undefined ? undefined : this.#byPair.add(pair),
    ]);
  }

  /** Only of this user here: others' failures at this address, or this user's elsewhere, are not made good. */
  async forgive({ pair }: Keys): Promise<void> {
    if (pair !== undefined) await this.#byPair.clear(pair);
  }

  #delayAfter(failures: number): number {
    return failures <= 0 ? 0 : Math.min(this.#maxDelayMs, this.#delayMs * 2 ** Math.min(failures - 1, 30));
  }

  #failures(counter: FailureCounter, key: string | undefined): Promise<Failures> | Failures {
    return key === undefined ? { count: 0, msLeft: 0 } : counter.get(key);
  }
}

/**
 * Slows and then refuses (429, with Retry-After) those who try passwords. Failures count per address, and per user name and
 * address, so that nobody can lock a user out from elsewhere: a right password from an address without failures always
 * works, if after a short wait. Counted is what brings credentials and is not recognised, or is answered with 401;
 * requests without credentials are not. Without `remoteAddress` there is no refusal, only the waiting. All is kept in the
 * memory of this process.
 *
 * Put it around the functions that check passwords and tokens, and not around those that believe a proxy or a certificate.
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
    if (!context.credentials) return authenticate(context);
    const keys = keysOf(context, isShared);
    await throttle.refuse(keys);
    await throttle.slow(keys, context.signal);
    let user: Awaited<ReturnType<Authenticate>>;
    try {
      user = await authenticate(context);
    } catch (error) {
      if (error instanceof GitTyphoonError && error.status === 401) {
        await throttle.count(keys);
        await throttle.refuse(keys, 1);
      }
      throw error;
    }
    if (!user) {
      await throttle.count(keys);
      // All that end beyond the limit are answered alike, so that nobody can tell which guess was right.
      await throttle.refuse(keys, 1);
      return user;
    }
    // Of a thousand guesses at once, those that end after the limit do not tell whether they were right.
    await throttle.refuse(keys);
    // With a token as the password, any name can stand before it: that is not this user's success.
    if (user.name === keys.user) await throttle.forgive(keys);
    return user;
  };
}
