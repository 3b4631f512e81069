/** Admission: how many gits run at once, and who waits for how long. */
import { networkOf } from '../../access/address-list.js';
import type { GitUser } from '../../context.js';
import { GitTyphoonError } from '../../errors.js';
import { busy } from '../busy.js';
import { sharesOf, type AdmissionCaps, type Claim } from './caps.js';
import { gitKinds, type GitKind } from './kinds.js';
import { AdmissionQueue, type Waiter } from './queue.js';

export interface AdmissionLimits extends AdmissionCaps {
  /** How long a request may wait for its turn. */
  readonly queueTimeoutMs: number;
}

/** How many there are of each kind. */
export type KindCounts = Readonly<Record<GitKind, number>>;

export interface AdmissionStatus {
  /** Gits that run for requests. */
  readonly running: KindCounts;
  /** Requests that wait for their turn. */
  readonly queued: KindCounts;
  /** Requests that were refused because too many waited, or that waited too long; since the start. */
  readonly refused: KindCounts;
}

/** A git that may be started. */
export interface Slot {
  /** The git is gone; to be called once it is, and harmless when called again. */
  release(): void;
}

export interface Applicant {
  readonly user: GitUser | undefined;
  readonly remoteAddress: string | undefined;
  /** The folder of the repository. */
  readonly gitDir: string;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

function claimOf(kind: GitKind, { user, remoteAddress, gitDir }: Applicant): Claim {
  const client =
    user === undefined ? `address ${remoteAddress && networkOf(remoteAddress)}` : `user ${user.name}`;
  const isOneClient = user !== undefined || remoteAddress !== undefined;
  return { kind, repository: gitDir, client, isOneClient };
}

export class Admission {
  readonly #queue: AdmissionQueue;
  readonly #limits: AdmissionLimits;
  readonly #refused = new Map<GitKind, number>();
  #isClosed = false;

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
    this.#queue = new AdmissionQueue(limits.maxQueuedRequests);
  }

  /**
   * Resolves when a git of this kind may be started; throws `ERR_BUSY` when too many wait or when it takes too long,
   * `ERR_CLOSING` while the server shuts down, and `ERR_CLIENT_GONE` when nobody waits for it any more.
   */
  enter(kind: GitKind, applicant: Applicant): Promise<Slot> {
    const { signal } = applicant;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new GitTyphoonError('ERR_CLIENT_GONE'));
        return;
      }
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onGone);
      };
      const leave = (error: GitTyphoonError): void => {
        settle();
        this.#queue.leave(waiter);
        reject(error);
      };
      const onGone = (): void => leave(new GitTyphoonError('ERR_CLIENT_GONE'));
      const refuse = (): void =>
        leave(this.#isClosed ? new GitTyphoonError('ERR_CLOSING') : this.#busy(kind));
      const start = (release: () => void): void => {
        settle();
        resolve({ release });
      };
      const claim = claimOf(kind, applicant);
      const waiter: Waiter = {
        kind,
        client: claim.client,
        shares: sharesOf(this.#limits, claim),
        start,
        refuse,
      };
      const timer = setTimeout(refuse, this.#limits.queueTimeoutMs);
      signal.addEventListener('abort', onGone, { once: true });
      this.#queue.enter(waiter);
      // Who comes now may still start where there is room, but nobody waits for a server that ends.
      if (this.#isClosed) this.#queue.clear();
    });
  }

  status(): AdmissionStatus {
    const count = (of: (kind: GitKind) => number): KindCounts => {
      const [refs, lazy, fetch, push] = gitKinds;
      return { refs: of(refs), lazy: of(lazy), fetch: of(fetch), push: of(push) };
    };
    return {
      running: count((kind) => this.#queue.running(kind)),
      queued: count((kind) => this.#queue.waiting(kind)),
      refused: count((kind) => this.#refused.get(kind) ?? 0),
    };
  }

  /** Refuses all that wait, and all that would have to. */
  close(): void {
    this.#isClosed = true;
    this.#queue.clear();
  }

  #busy(kind: GitKind): GitTyphoonError {
    this.#refused.set(kind, (this.#refused.get(kind) ?? 0) + 1);
    return busy();
  }
}
