/** The alphabets of deflate and its fixed codes (RFC 1951, sections 3.2.5 and 3.2.6). */
import { HuffmanCode, kinds, symbolEntry } from './huffman.js';

/** Bits that a table is looked up by: larger ones find more codes at once, and take longer to fill. */
const literalTableBits = 10;
const distanceTableBits = 9;

function literalSymbols(): Int32Array {
  const symbols = new Int32Array(288).fill(symbolEntry(kinds.invalid, 0));
  for (let byte = 0; byte < 256; byte += 1) symbols[byte] = symbolEntry(kinds.literal, byte);
  symbols[256] = symbolEntry(kinds.endOfBlock, 0);
  let length = 3;
  for (let symbol = 257; symbol < 285; symbol += 1) {
    const extraBits = symbol < 265 ? 0 : (symbol - 261) >> 2;
    symbols[symbol] = symbolEntry(kinds.copy, length, extraBits);
    length += 1 << extraBits;
  }
  symbols[285] = symbolEntry(kinds.copy, 258);
  return symbols;
}

function distanceSymbols(): Int32Array {
  const symbols = new Int32Array(32).fill(symbolEntry(kinds.invalid, 0));
  let distance = 1;
  for (let symbol = 0; symbol < 30; symbol += 1) {
    const extraBits = symbol < 4 ? 0 : (symbol - 2) >> 1;
    symbols[symbol] = symbolEntry(kinds.copy, distance, extraBits);
    distance += 1 << extraBits;
  }
  return symbols;
}

const literals = literalSymbols();
const distances = distanceSymbols();

export function literalCode(): HuffmanCode {
  return new HuffmanCode(literals, literalTableBits);
}

export function distanceCode(): HuffmanCode {
  return new HuffmanCode(distances, distanceTableBits);
}

/** The code in which the lengths of the other two are written; its values are 0 to 18. */
export function lengthsCode(): HuffmanCode {
  return new HuffmanCode(
    Int32Array.from({ length: 19 }, (_, symbol) => symbolEntry(kinds.literal, symbol)),
    7,
  );
}

export const fixedLiterals = literalCode();
fixedLiterals.build(
  Uint8Array.from({ length: 288 }, (_, symbol) =>
    symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
  ),
);

export const fixedDistances = distanceCode();
fixedDistances.build(new Uint8Array(32).fill(5));
