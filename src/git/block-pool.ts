/** How much is read at once. A socket pair holds some 200 KiB. */
const blockBytes = 128 * 1024;

/** More free blocks than this are left to the garbage collector. */
const maxFree = 3;

/** Buffers that are used again and again, for one transfer. */
export class BlockPool {
  readonly #free: Buffer[] = [];

  /** A block to read into; it comes back by {@link recycle}, or is lost to the pool. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
  }

  /** Takes back the block of a chunk that nobody reads any more. */
  recycle(chunk: Buffer): void {
    if (chunk.buffer.byteLength !== blockBytes || this.#free.length >= maxFree) return;
    this.#free.push(Buffer.from(chunk.buffer));
  }
}
