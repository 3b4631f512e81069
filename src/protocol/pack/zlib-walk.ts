/**
 * Finds the end of a zlib stream (RFC 1950 and 1951) and counts what would come out of it, without inflating: what costs
 * memory in a bomb is its contents, and these are never made. As strict as zlib, but for the checksum at the end, which
 * needs the contents; a stream that fails here fails in git.
 */
import { BitReader } from './bit-reader.js';
import { BlockCodes } from './block-codes.js';
import { fixedDistances, fixedLiterals } from './deflate-codes.js';
import { DeflateError, kinds, type HuffmanCode } from './huffman.js';

const checksumBytes = 4;

/** What is kept of the contents: the two sizes at the beginning of a delta. */
const headBytes = 20;

type State = 'header' | 'block' | 'codes' | 'symbols' | 'stored-length' | 'stored' | 'checksum' | 'end';

export class ZlibWalk {
  /** The first bytes of the contents, as far as {@link produced} goes. */
  readonly head = new Uint8Array(headBytes);
  readonly #bits = new BitReader();
  readonly #codes = new BlockCodes();
  #state: State = 'end';
  #literals: HuffmanCode = fixedLiterals;
  #distances: HuffmanCode = fixedDistances;
  #isLastBlock = false;
  /** Bytes of a stored block, or of the checksum, that are still to come. */
  #left = 0;
  /** The length of a copy of which the distance is still to come. */
  #copy = 0;
  #produced = 0;
  #expected = 0;

  /** How many bytes would have come out so far. */
  get produced(): number {
    return this.#produced;
  }

  get isAtEnd(): boolean {
    return this.#state === 'end';
  }

  /** Begins with another stream, which shall have `expected` bytes of contents. */
  begin(expected: number): void {
    this.#bits.hold = 0;
    this.#bits.count = 0;
    this.#state = 'header';
    this.#isLastBlock = false;
    this.#copy = 0;
    this.#produced = 0;
    this.#expected = expected;
  }

  /**
   * Takes the bytes of a chunk from `at` on, and gives back where it has stopped: at the end of the chunk, or behind the
   * stream. Throws {@link DeflateError} for what is no zlib stream, or one with other than the expected contents.
   */
  feed(chunk: Buffer, at: number): number {
    this.#bits.open(chunk, at);
    while (this.#state !== 'end' && this.#step());
    if (this.#produced > this.#expected || (this.isAtEnd && this.#produced < this.#expected)) {
      throw new DeflateError('the contents are not as long as they shall be');
    }
    return this.#bits.at;
  }

  /** Goes on to the next state; false when it needs more bytes. */
  #step(): boolean {
    switch (this.#state) {
      case 'header':
        return this.#readHeader();
      case 'block':
        return this.#isLastBlock ? this.#endBlocks() : this.#readBlockHeader();
      case 'codes':
        if (!this.#codes.read(this.#bits)) return false;
        return this.#beginSymbols(this.#codes.literals, this.#codes.distances);
      case 'symbols':
        return this.#readSymbols();
      case 'stored-length':
        return this.#readStoredLength();
      case 'stored':
        return this.#passStored();
      case 'checksum':
        this.#pass();
        return this.#left === 0 && this.#goTo('end');
      case 'end':
        return false;
    }
  }

  #goTo(state: State): true {
    this.#state = state;
    return true;
  }

  #readHeader(): boolean {
    const bits = this.#bits;
    if (!bits.has(16)) return false;
    const method = bits.take(8);
    const flags = bits.take(8);
    const isDeflate = (method & 15) === 8 && method >> 4 <= 7;
    const hasDictionary = (flags & 0x20) !== 0;
    if (!isDeflate || hasDictionary || (method * 256 + flags) % 31 !== 0) {
      throw new DeflateError('no zlib header');
    }
    return this.#goTo('block');
  }

  #readBlockHeader(): boolean {
    const bits = this.#bits;
    if (!bits.has(3)) return false;
    this.#isLastBlock = bits.take(1) === 1;
    switch (bits.take(2)) {
      case 0:
        bits.align();
        return this.#goTo('stored-length');
      case 1:
        return this.#beginSymbols(fixedLiterals, fixedDistances);
      case 2:
        this.#codes.begin();
        return this.#goTo('codes');
      default:
        throw new DeflateError('a block of no known type');
    }
  }

  #beginSymbols(literals: HuffmanCode, distances: HuffmanCode): true {
    this.#literals = literals;
    this.#distances = distances;
    return this.#goTo('symbols');
  }

  /** What has been read ahead, 32 bits at most, is of the checksum: nothing of what follows it is lost. */
  #endBlocks(): true {
    const bits = this.#bits;
    bits.align();
    this.#left = checksumBytes - bits.count / 8;
    return this.#goTo('checksum');
  }

  /** Here too, what has been read ahead is less than what is needed. */
  #readStoredLength(): boolean {
    const bits = this.#bits;
    if (!bits.has(32)) return false;
    this.#left = bits.hold & 0xffff;
    if (this.#left !== ~bits.hold >>> 16) throw new DeflateError('a bad length of a stored block');
    bits.hold = 0;
    bits.count = 0;
    return this.#goTo('stored');
  }

  #passStored(): boolean {
    const { chunk, at } = this.#bits;
    const passed = this.#pass();
    for (let i = 0; i < passed && this.#produced + i < headBytes; i += 1) {
      this.head[this.#produced + i] = chunk[at + i] as number;
    }
    this.#produced += passed;
    return this.#left === 0 && this.#goTo('block');
  }

  #pass(): number {
    const passed = Math.min(this.#left, this.#bits.chunk.length - this.#bits.at);
    this.#bits.at += passed;
    this.#left -= passed;
    return passed;
  }

  /** The symbols of a block, as far as the chunk goes. Nearly all time is spent here, so that all is in local variables. */
  #readSymbols(): boolean {
    const bits = this.#bits;
    const { chunk } = bits;
    const { table, mask } = this.#literals;
    const { table: distanceTable, mask: distanceMask } = this.#distances;
    let { at, hold, count } = bits;
    let copy = this.#copy;
    let produced = this.#produced;
    let isOver = false;
    while (!isOver) {
      // A code and its extra bits are 28 bits at most.
      for (; count <= 24 && at < chunk.length; count += 8) hold |= (chunk[at++] as number) << count;
      const entry =
        copy === 0
          ? table[hold & mask] || this.#literals.findLong(hold, count)
          : distanceTable[hold & distanceMask] || this.#distances.findLong(hold, count);
      const codeBits = entry & 15;
      const used = codeBits + ((entry >> 4) & 15);
      if (entry === 0 || used > count) break;
      const kind = (entry >> 8) & 3;
      const value = (entry >> 10) + ((hold >>> codeBits) & ((1 << (used - codeBits)) - 1));
      hold >>>= used;
      count -= used;
      if (kind === kinds.literal) {
        if (produced < headBytes) this.head[produced] = value;
        produced += 1;
      } else if (kind === kinds.invalid) {
        throw new DeflateError('a symbol that stands for nothing');
      } else if (kind === kinds.endOfBlock) {
        isOver = true;
      } else if (copy === 0) {
        copy = value;
      } else {
        this.#copyInHead(produced, copy, value);
        produced += copy;
        copy = 0;
      }
    }
    bits.at = at;
    bits.hold = hold;
    bits.count = count;
    this.#copy = copy;
    this.#produced = produced;
    return isOver && this.#goTo('block');
  }

  #copyInHead(produced: number, length: number, distance: number): void {
    if (distance > produced) throw new DeflateError('a copy from before the beginning');
    const end = Math.min(produced + length, headBytes);
    for (let i = produced; i < end; i += 1) this.head[i] = this.head[i - distance] as number;
  }
}
