import { expect, test } from 'vitest';
import { HuffmanCode, kinds, symbolEntry } from '../../../../src/protocol/pack/huffman.js';

const code = (): HuffmanCode =>
  new HuffmanCode(
    Int32Array.from({ length: 288 }, (_, symbol) => symbolEntry(kinds.literal, symbol)),
    10,
  );

/** What the code of these bits, the first one lowest, stands for; `bits` is how long it is. */
function found({ table, mask }: HuffmanCode, hold: number): { symbol: number; bits: number } {
  const entry = table[hold & mask] ?? 0;
  return { symbol: entry >> 10, bits: entry & 15 };
}

test('many small blocks in a pack do not cost a whole table each: one is as wide as its longest code', () => {
  const small = code();
  small.build(Uint8Array.from({ length: 257 }, (_, symbol) => (symbol === 256 ? 1 : 0)));
  expect(small.mask).toBe(1);
  expect(found(small, 0)).toEqual({ symbol: 256, bits: 1 });
  expect(found(small, 1)).toEqual({ symbol: 0, bits: 0 });
});

test('nothing of a wider code is left when a narrower one follows', () => {
  const one = code();
  one.build(new Uint8Array(256).fill(8));
  expect(one.mask).toBe(255);
  one.build(Uint8Array.of(1, 2, 2));
  expect(one.mask).toBe(3);
  expect([0, 1, 2, 3].map((hold) => found(one, hold).symbol)).toEqual([0, 1, 0, 2]);
  one.build(new Uint8Array(30));
  expect(one.mask).toBe(0);
  expect(found(one, 0)).toEqual({ symbol: 0, bits: 0 });
});

test('the lengths of a code may lie anywhere among others', () => {
  const one = code();
  one.build(Uint8Array.of(9, 9, 1, 1, 9), 2, 4);
  expect([0, 1].map((hold) => found(one, hold).symbol)).toEqual([0, 1]);
});
