/**
 * The head of a block that brings its own codes (RFC 1951, section 3.2.7): the lengths of the codes, themselves coded.
 */
import type { BitReader } from './bit-reader.js';
import { distanceCode, lengthsCode, literalCode } from './deflate-codes.js';
import { DeflateError } from './huffman.js';

const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] as const;

/** What symbols above 15 stand for: the extra bits, and what these count from. */
const repeats = [
  { bits: 2, from: 3 },
  { bits: 3, from: 3 },
  { bits: 7, from: 11 },
] as const;

export class BlockCodes {
  readonly literals = literalCode();
  readonly distances = distanceCode();
  readonly #coded = lengthsCode();
  readonly #codedLengths = new Uint8Array(order.length);
  readonly #lengths = new Uint8Array(288 + 32);
  #literalCount = 0;
  #distanceCount = 0;
  #codedCount = 0;
  /** How many lengths have been read, those of the coded ones first; negative before the counts. */
  #read = -1;

  /** Prepares for another block. */
  begin(): void {
    this.#read = -1;
  }

  /**
   * Reads as far as the bits go, and says whether the codes are complete. Throws {@link DeflateError} for what makes no
   * codes.
   */
  read(bits: BitReader): boolean {
    if (this.#read < 0 && !this.#readCounts(bits)) return false;
    if (!this.#readCodedLengths(bits)) return false;
    if (!this.#readLengths(bits)) return false;
    // Without it no block would end (zlib's inflate.c).
    if (this.#lengths[256] === 0) throw new DeflateError('a block without an end');
    const total = this.#literalCount + this.#distanceCount;
    this.literals.build(this.#lengths, 0, this.#literalCount);
    this.distances.build(this.#lengths, this.#literalCount, total);
    return true;
  }

  #readCounts(bits: BitReader): boolean {
    if (!bits.has(14)) return false;
    this.#literalCount = bits.take(5) + 257;
    this.#distanceCount = bits.take(5) + 1;
    this.#codedCount = bits.take(4) + 4;
    if (this.#literalCount > 286 || this.#distanceCount > 30) throw new DeflateError('too many symbols');
    this.#codedLengths.fill(0);
    this.#read = 0;
    return true;
  }

  #readCodedLengths(bits: BitReader): boolean {
    if (this.#read >= this.#codedCount) return true;
    while (this.#read < this.#codedCount) {
      if (!bits.has(3)) return false;
      this.#codedLengths[order[this.#read] as number] = bits.take(3);
      this.#read += 1;
    }
    this.#coded.build(this.#codedLengths);
    return true;
  }

  #readLengths(bits: BitReader): boolean {
    const total = this.#literalCount + this.#distanceCount;
    const lengths = this.#lengths;
    for (let at = this.#read - this.#codedCount; at < total; at = this.#read - this.#codedCount) {
      const entry = bits.peekCode(this.#coded);
      if (entry === 0) return false;
      const symbol = entry >> 10;
      if (symbol < 16) {
        bits.take(entry & 15);
        lengths[at] = symbol;
        this.#read += 1;
        continue;
      }
      const repeat = repeats[symbol - 16] as (typeof repeats)[number];
      if (!bits.has((entry & 15) + repeat.bits)) return false;
      bits.take(entry & 15);
      const count = repeat.from + bits.take(repeat.bits);
      if (at + count > total || (symbol === 16 && at === 0)) throw new DeflateError('a bad repetition');
      lengths.fill(symbol === 16 ? (lengths[at - 1] as number) : 0, at, at + count);
      this.#read += count;
    }
    return true;
  }
}
