import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { NulFields } from '../../../src/git/nul-fields.js';

function fieldsOf(chunks: readonly Buffer[], maxBytes = 1_000): [text: string, isCut: boolean][] {
  const seen: [string, boolean][] = [];
  const fields = new NulFields(maxBytes, (text, isCut) => void seen.push([text, isCut]));
  for (const chunk of chunks) fields.feed(chunk);
  return seen;
}

test('fields are the same however they come in chunks; what no NUL ends is none', () => {
  const texts = fc.array(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')));
  fc.assert(
    fc.property(texts, fc.array(fc.nat()), (wanted, cuts) => {
      const bytes = Buffer.from(`${wanted.map((text) => `${text}\0`).join('')}rest`);
      const at = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      const asUtf8 = wanted.map((text) => Buffer.from(text).toString());
      expect(fieldsOf(chunks).map(([text]) => text)).toEqual(asUtf8);
    }),
  );
});

test('of a long field the beginning is kept, without a character that is halved', () => {
  const chunks = [Buffer.from('abc'), Buffer.from('dé'), Buffer.from('ü\0short\0')];
  expect(fieldsOf(chunks, 5)).toEqual([
    ['abcd', true],
    ['short', false],
  ]);
});

test('bytes that are not UTF-8 are replaced', () => {
  expect(fieldsOf([Buffer.from([0x61, 0xff, 0x62, 0])])).toEqual([['a\uFFFDb', false]]);
});
