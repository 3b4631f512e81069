/**
 * The Huffman codes of deflate (RFC 1951, section 3.2.2): lengths of codes become a table that is looked up by the next bits.
 *
 * An entry is one number: 4 bits for the length of its code, 4 for the extra bits behind the code, 2 for its kind, and
 * the rest for a value: a byte, a length or a distance. Zero stands for what the table does not hold.
 */

/** The bytes are no zlib stream. */
export class DeflateError extends Error {
  override readonly name = 'DeflateError';
}

export const kinds = { literal: 0, copy: 1, endOfBlock: 2, invalid: 3 } as const;

export const maxCodeBits = 15;

/** An entry without the length of its code, which differs from block to block. */
export function symbolEntry(kind: number, value: number, extraBits = 0): number {
  return (value << 10) | (kind << 8) | (extraBits << 4);
}

export class HuffmanCode {
  /** Looked up by as many bits as {@link mask} has. Longer codes are rare, and not in it. */
  readonly table: Int32Array;
  /** No wider than the longest code: a block costs what it brings, not what it could have brought. */
  mask = 0;
  readonly #tableBits: number;
  readonly #symbols: Int32Array;
  /** How many codes there are of each length. */
  readonly #counts = new Uint16Array(maxCodeBits + 1);
  readonly #offsets = new Uint16Array(maxCodeBits + 2);
  /** The entries in the order of their codes. */
  readonly #sorted: Int32Array;
  /** Where the lengths are that are not 0; most symbols of a small block have no code. */
  readonly #coded: Uint16Array;

  constructor(symbols: Int32Array, tableBits: number) {
    this.#symbols = symbols;
    this.#sorted = new Int32Array(symbols.length);
    this.#coded = new Uint16Array(symbols.length);
    this.#tableBits = tableBits;
    this.table = new Int32Array(1 << tableBits);
  }

  /**
   * Takes the lengths of the codes from `start` to `end`, 0 for symbols that have none. Throws {@link DeflateError} for lengths of which no code
   * can be made, and for those that leave codes over, as zlib does: only a code of a single bit may be alone.
   */
  build(lengths: Uint8Array, start = 0, end = lengths.length): void {
    const tableBits = Math.min(this.#sort(lengths, start, end), this.#tableBits);
    const size = 1 << tableBits;
    const { table } = this;
    this.mask = size - 1;
    table.fill(0, 0, size);
    let code = 0;
    let next = 0;
    for (let bits = 1; bits <= tableBits; bits += 1) {
      for (let left = this.#counts[bits] as number; left > 0; left -= 1) {
        const entry = (this.#sorted[next++] as number) | bits;
        for (let at = code; at < size; at += 1 << bits) table[at] = entry;
        code = nextReversed(code, bits);
      }
    }
  }

  /** The entry of a code that is not in the table; 0 when it needs more bits than there are. */
  findLong(hold: number, available: number): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= maxCodeBits; bits += 1) {
      if (bits > available) return 0;
      code |= (hold >>> (bits - 1)) & 1;
      const count = this.#counts[bits] as number;
      if (code - first < count) return (this.#sorted[index + code - first] as number) | bits;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new DeflateError('a code that stands for nothing');
  }

  /** Brings the symbols into the order of their codes; gives the length of the longest code, 0 without any. */
  #sort(lengths: Uint8Array, start: number, end: number): number {
    const counts = this.#counts.fill(0);
    const coded = this.#coded;
    let codedCount = 0;
    for (let at = start; at < end; at += 1) {
      const bits = lengths[at] as number;
      if (bits === 0) continue;
      counts[bits] = (counts[bits] as number) + 1;
      coded[codedCount++] = at;
    }
    const longest = this.#measure();
    const offsets = this.#offsets;
    for (let i = 0; i < codedCount; i += 1) {
      const at = coded[i] as number;
      const bits = lengths[at] as number;
      const place = offsets[bits] as number;
      offsets[bits] = place + 1;
      this.#sorted[place] = this.#symbols[at - start] as number;
    }
    return longest;
  }

  /** Where the codes of each length begin, and how long the longest are. */
  #measure(): number {
    this.#offsets[1] = 0;
    let left = 1;
    let longest = 0;
    for (let bits = 1; bits <= maxCodeBits; bits += 1) {
      const count = this.#counts[bits] as number;
      this.#offsets[bits + 1] = (this.#offsets[bits] as number) + count;
      left = (left << 1) - count;
      if (left < 0) throw new DeflateError('too many codes');
      if (count > 0) longest = bits;
    }
    if (left > 0 && longest > 1) throw new DeflateError('too few codes');
    return longest;
  }
}

/** The code behind `code`, both with their first bit lowest, as the bits come. */
function nextReversed(code: number, bits: number): number {
  let bit = 1 << (bits - 1);
  while ((code & bit) !== 0) bit >>= 1;
  return bit === 0 ? 0 : (code & (bit - 1)) | bit;
}
