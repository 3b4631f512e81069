/** What the property tests draw from, and how often. */
import * as fc from 'fast-check';

/** `FUZZ_RUNS=10000 npx vitest run test/fuzz` looks for longer. */
export const fuzz: fc.Parameters<unknown> = { numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

export const bytes = (maxLength = 300): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

export const objectId: fc.Arbitrary<string> = fc.string({
  unit: fc.constantFrom(...Array.from('0123456789abcdef')),
  minLength: 40,
  maxLength: 40,
});

/** A text of a line of the protocol: any Unicode but NUL and newlines. */
export const lineText = (minLength = 0): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', minLength, maxLength: 40 }).filter((text) => !/[\0\n\ufffd]/.test(text));

/** A word of a line: no spaces either. */
export const word: fc.Arbitrary<string> = lineText(1)
  .map((text) => text.replaceAll(/\s/g, ''))
  .filter((text) => text !== '');

const pktText = (payload: string): string =>
  (Buffer.byteLength(payload) + 4).toString(16).padStart(4, '0') + payload;

/** Bytes that look like git's protocol for a while: words of its grammar, packets and noise in any order. */
export const almostProtocol: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc.constantFrom('0000', '0001', '0002', '0003', '0004', 'fff0', 'ffff', '00', 'PACK', '\0', '\n', '-1'),
      fc
        .tuple(
          fc.constantFrom(
            'want ',
            'have ',
            'shallow ',
            'deepen ',
            'filter ',
            'done',
            'command=',
            'want-ref ',
            'agent=',

            'push-cert\0',
            'push-cert-end\n',
            '\n',
            'unpack ',
            'ok ',
            'ng ',
            '\u0001',
            '\u0002',
            '\u0003',
            '',
            'push-cert\0push-options',
            'packfile\n',
            '\u00010009ok x',
            '\u0001000fng x ',
          ),
          fc.oneof(objectId, lineText()),
          fc.constantFrom('', '\n', ' ', '\0push-options', `\0report-status push-options`),
        )
        .map((parts) => pktText(parts.join(''))),
      fc
        .tuple(objectId, objectId, word)
        .map(([oldOid, newOid, name]) => pktText(`${oldOid} ${newOid} ${name}\0push-options`)),
      bytes(20).map((noise) => noise.toString('latin1')),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))));

/** Any of the two. */
export const hostile: fc.Arbitrary<Buffer> = fc.oneof(bytes(), almostProtocol);

/** `whole` in pieces, cut at any places; pieces may be empty. */
export function piecesOf(whole: Buffer, places: readonly number[]): Buffer[] {
  const ends = places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b);
  return [...ends, whole.length].map((end, index) => whole.subarray(index === 0 ? 0 : ends[index - 1], end));
}

export const places: fc.Arbitrary<number[]> = fc.array(fc.nat(), { maxLength: 8 });
