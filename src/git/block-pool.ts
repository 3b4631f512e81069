/**
 * Buffers between git and a client that are used again and again.
 *
 * Node.js reads every chunk into a new 64 KiB buffer, which V8 frees only when the garbage collector passes. A
 * chunk that waits for a slow client has by then been promoted to the old generation, which is collected rarely,
 * so that a few slow clients hold tens of megabytes of dead buffers. Copied into a block of ours at once, the
 * buffer dies young, and the block comes back when its bytes are on their way. `bench/memory.mjs` measures it.
 */
const blockBytes = 64 * 1024;

/** More free blocks than this are left to the garbage collector. */
const maxFree = 4;

export class BlockPool {
  readonly #free: Buffer[] = [];

  /** A copy of `chunk` that must be given back with {@link recycle}, or is lost to the pool. */
  copy(chunk: Buffer): Buffer {
    hastenCollection();
    if (chunk.length > blockBytes) return Buffer.from(chunk);
    const block = this.#free.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
    chunk.copy(block);
    return block.subarray(0, chunk.length);
  }

  /** Takes back a block whose bytes nobody reads any more. */
  recycle(used: Buffer): void {
    if (used.buffer.byteLength !== blockBytes || this.#free.length >= maxFree) return;
    this.#free.push(Buffer.from(used.buffer));
  }
}

/** Kept, so that the allocation below is not optimised away. */
const ballast: { last: unknown[] } = { last: [] };

/**
 * The collector passes when a megabyte of small objects has gathered; a chunk adds hardly a kilobyte to them, but
 * 64 to what is dead. Eight kilobytes of garbage more make it pass ten times as often, in no measurable time.
 */
export function hastenCollection(): void {
  // oxlint-disable-next-line unicorn/no-new-array
  ballast.last = new Array(1024);
}
