import { busy } from './busy.js';

/** How much all requests together may have stored at one time. */
export class SpoolBudget {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are stored now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Throws `ERR_BUSY` when there is no room for so many bytes more. */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#maxBytes) {
      throw busy();
    }
    this.#bytes += bytes;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
