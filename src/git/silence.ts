export interface Patience {
  /** How long git may take for its first byte, in milliseconds. */
  readonly firstByteMs: number;
  /** How long it may say nothing after that. */
  readonly idleMs: number;
  /** git has all that it needs to answer. Default: it has so from the start. */
  readonly from?: Promise<unknown> | undefined;
}

/**
 * Notices a git that says nothing for too long while its reader waits for it. Time in which the reader takes nothing does
 * not count. Its timer is seldom set: what is called for every chunk only notes the time.
 */
export class SilenceWatch {
  readonly #patience: Patience;
  readonly #onSilent: () => void;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  #hasSpoken = false;
  #isHeld = false;
  #hasEnded = false;

  constructor(patience: Patience, onSilent: () => void) {
    this.#patience = patience;
    this.#onSilent = onSilent;
    if (!patience.from) this.#begin();
    else
      patience.from.then(
        () => this.#begin(),
        () => {},
      );
  }

  /** git has said something. */
  heard(): void {
    this.#since = performance.now();
    if (this.#hasSpoken) return;
    this.#hasSpoken = true;
    // The time for all that follows may be the shorter one.
    if (this.#timer) this.#wait(this.#allowedMs);
  }

  /** The reader takes nothing at present. */
  hold(): void {
    this.#isHeld = true;
  }

  /** The reader waits for more. */
  resume(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#since = performance.now();
  }

  /** Nothing more will come. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #allowedMs(): number {
    return this.#hasSpoken ? this.#patience.idleMs : this.#patience.firstByteMs;
  }

  #begin(): void {
    if (this.#hasEnded) return;
    this.#since = performance.now();
    this.#wait(this.#allowedMs);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), ms);
  }

  #check(): void {
    const left = this.#isHeld ? this.#allowedMs : this.#since + this.#allowedMs - performance.now();
    if (left > 0) this.#wait(Math.ceil(left));
    else this.#onSilent();
  }
}
