import { gitKinds, type GitKind } from './kinds.js';
import { SlotCounter, type Share } from './slots.js';
import { WaitingLine } from './waiting-line.js';

/** A git that waits for its turn. */
export interface Waiter {
  readonly kind: GitKind;
  /** A user or an address: whoever takes turns with others. */
  readonly client: string;
  /** All of which there must be room. */
  readonly shares: readonly Share[];
  /** It is its turn; what it is given ends that. Called at most once, and not together with `refuse`. */
  readonly start: (release: () => void) => void;
  /** It has lost its place to others. */
  readonly refuse: () => void;
}

/**
 * Decides which git may start, and who is next: pure bookkeeping, without time. Whatever can start has been started when
 * a call returns.
 */
export class AdmissionQueue {
  readonly #slots = new SlotCounter();
  readonly #lines: ReadonlyMap<GitKind, WaitingLine<Waiter>>;

  /** Each line holds so many at the most. */
  constructor(maxWaiting: number) {
    this.#lines = new Map(gitKinds.map((kind) => [kind, new WaitingLine<Waiter>(maxWaiting)]));
  }

  running(kind: GitKind): number {
    return this.#slots.taken(kind);
  }

  waiting(kind: GitKind): number {
    return this.#line(kind).length;
  }

  /** Starts what is asked for now, or when its turn has come. */
  enter(waiter: Waiter): void {
    // Whoever still waits has no room where it would go; what they wait for is not taken from them.
    if (this.#slots.fits(waiter.shares)) this.#start(waiter);
    else this.#line(waiter.kind).join(waiter)?.refuse();
  }

  /** Gives up waiting. */
  leave(waiter: Waiter): void {
    this.#line(waiter.kind).leave(waiter);
  }

  /** Refuses all that wait. */
  clear(): void {
    for (const line of this.#lines.values()) for (const waiter of line.clear()) waiter.refuse();
  }

  #line(kind: GitKind): WaitingLine<Waiter> {
    const line = this.#lines.get(kind);
    if (!line) throw new TypeError(`there is no line for ${kind}`);
    return line;
  }

  #start(waiter: Waiter): void {
    const giveBack = this.#slots.take(waiter.shares);
    waiter.start(() => {
      giveBack();
      this.#startNext();
    });
  }

  #startNext(): void {
    for (;;) {
      const next = this.#next();
      if (!next) return;
      this.#line(next.kind).serve(next);
      this.#start(next);
    }
  }

  /** Of all lines, the first whose turn it is; of several, who has come first. */
  #next(): Waiter | undefined {
    const isReady = (waiter: Waiter): boolean => this.#slots.fits(waiter.shares);
    const firsts = [...this.#lines.values()].map((line) => line.first(isReady)).filter((found) => !!found);
    return firsts.sort((a, b) => a.arrival - b.arrival)[0]?.entry;
  }
}
