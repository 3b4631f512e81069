/** Bits out of chunks, the lowest of a byte first (RFC 1951, section 3.1.1). */
import type { HuffmanCode } from './huffman.js';

export class BitReader {
  chunk: Buffer = Buffer.alloc(0);
  /** Where the next byte of the chunk is. */
  at = 0;
  /** Bits that have been read and not yet taken, the next one lowest; all above {@link count} are zero. */
  hold = 0;
  /** How many bits are held, at most 32. */
  count = 0;

  /** Goes on in another chunk. */
  open(chunk: Buffer, at: number): void {
    this.chunk = chunk;
    this.at = at;
  }

  /** Whether there are `bits` more, at most 16, or 32 where whole bytes are read. */
  has(bits: number): boolean {
    while (this.count < bits) {
      if (this.at >= this.chunk.length) return false;
      this.hold |= (this.chunk[this.at++] as number) << this.count;
      this.count += 8;
    }
    return true;
  }

  /** The next bits, fewer than 32, which must be there. */
  take(bits: number): number {
    const value = this.hold & ((1 << bits) - 1);
    this.hold >>>= bits;
    this.count -= bits;
    return value;
  }

  /** The entry of the next code, not taken; 0 when its bits have not all come. */
  peekCode(code: HuffmanCode): number {
    for (;;) {
      const entry = code.table[this.hold & code.mask] || code.findLong(this.hold, this.count);
      if (entry !== 0 && (entry & 15) <= this.count) return entry;
      if (!this.has(this.count + 1)) return 0;
    }
  }

  /** Drops what is left of a byte. */
  align(): void {
    this.take(this.count & 7);
  }
}
