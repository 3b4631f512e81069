/** The walk over zlib streams against zlib itself. */
import { constants, deflateSync, inflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { DeflateError } from '../../src/protocol/pack/huffman.js';
import { PackEntries, PackError } from '../../src/protocol/pack/pack-entries.js';
import { ZlibWalk } from '../../src/protocol/pack/zlib-walk.js';
import { entryHeader, entryTypes, packHeader } from '../support/packs.js';
import { bytes, fuzz, piecesOf, places } from './arbitraries.js';
import { changed, type Change } from './mutations.js';

/** Contents that make blocks of every kind: noise, words that come again, and long runs. */
const contents: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      bytes(2_000),
      fc.tuple(bytes(20), fc.integer({ min: 1, max: 500 })).map(([one, times]) => repeated(one, times)),
      fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 70_000 })).map(([byte, n]) => Buffer.alloc(n, byte)),
      fc
        .string({ unit: fc.constantFrom(...Array.from('etaoin shrdlu')), maxLength: 5_000 })
        .map((text) => Buffer.from(text)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts));

function repeated(one: Buffer, times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => one));
}

const stream: fc.Arbitrary<{ readonly whole: Buffer; readonly packed: Buffer }> = fc
  .record({
    whole: contents,
    level: fc.integer({ min: 0, max: 9 }),
    memLevel: fc.integer({ min: 1, max: 9 }),
    windowBits: fc.integer({ min: 9, max: 15 }),
    strategy: fc.constantFrom(
      constants.Z_DEFAULT_STRATEGY,
      constants.Z_FILTERED,
      constants.Z_HUFFMAN_ONLY,
      constants.Z_RLE,
      constants.Z_FIXED,
    ),
  })
  .map(({ whole, ...options }) => ({ whole, packed: deflateSync(whole, options) }));

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bits: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({
    kind: fc.constantFrom('remove' as const, 'repeat' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    count: fc.integer({ min: 1, max: 20 }),
  }),
);

function changedBy(whole: Buffer, changes: readonly Change[]): Buffer {
  let result = whole;
  for (const one of changes) result = changed(result, one);
  return result;
}

type Verdict =
  | { readonly kind: 'end'; readonly produced: number; readonly used: number }
  | { readonly kind: 'bad' | 'unfinished' | 'checksum' };

/** What zlib makes of a stream with something behind it. */
function zlibVerdict(packed: Buffer): Verdict {
  try {
    // The largest window whatever the header says, as in git (inflateInit).
    const { buffer, engine } = inflateSync(packed, { info: true, windowBits: 15 }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { kind: 'end', produced: buffer.length, used: engine.bytesWritten };
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    if (code === 'Z_BUF_ERROR') return { kind: 'unfinished' };
    return { kind: message === 'incorrect data check' ? 'checksum' : 'bad' };
  }
}

/** What we make of it in pieces; without `expected`, of a stream of which nobody knows what shall come out. */
function walkVerdict(pieces: readonly Buffer[], expected?: number): Verdict {
  const walk = new ZlibWalk();
  walk.begin(expected ?? Number.MAX_SAFE_INTEGER);
  let used = 0;
  try {
    for (const piece of pieces) if (!walk.isAtEnd) used += walk.feed(piece, 0);
  } catch (error) {
    if (!(error instanceof DeflateError)) throw error;
    if (expected !== undefined || !walk.isAtEnd) return { kind: 'bad' };
  }
  return walk.isAtEnd ? { kind: 'end', produced: walk.produced, used } : { kind: 'unfinished' };
}

test('finds the end of every stream, and what comes out, wherever it is cut', () => {
  fc.assert(
    fc.property(stream, bytes(10), places, ({ whole, packed }, behind, cut) => {
      const pieces = piecesOf(Buffer.concat([packed, behind]), cut);
      expect(walkVerdict(pieces, whole.length)).toEqual({
        kind: 'end',
        produced: whole.length,
        used: packed.length,
      });
      expect(walkVerdict(pieces, whole.length + 1)).toEqual({ kind: 'bad' });
      expect(walkVerdict(pieces, whole.length - 1)).toEqual({ kind: 'bad' });
    }),
    fuzz,
  );
});

test('keeps the first bytes of the contents', () => {
  fc.assert(
    fc.property(stream, places, ({ whole, packed }, cut) => {
      const walk = new ZlibWalk();
      walk.begin(whole.length);
      for (const piece of piecesOf(packed, cut)) if (!walk.isAtEnd) walk.feed(piece, 0);
      const length = Math.min(whole.length, walk.head.length);
      expect(Buffer.from(walk.head.subarray(0, length))).toEqual(whole.subarray(0, length));
    }),
    fuzz,
  );
});

/** What we may say where zlib says that. */
const agreeing: Record<Verdict['kind'], readonly Verdict['kind'][]> = {
  end: ['end'],
  checksum: ['end'],
  // A code that stands for nothing may be seen by us some bits later than what has come.
  bad: ['bad', 'unfinished'],
  unfinished: ['unfinished'],
};

test('agrees with zlib on streams that were changed, but for their checksum', () => {
  fc.assert(
    fc.property(
      stream,
      fc.array(change, { minLength: 1, maxLength: 3 }),
      places,
      ({ packed }, changes, cut) => {
        const broken = changedBy(packed, changes);
        const theirs = zlibVerdict(broken);
        const pieces = piecesOf(broken, cut);
        const ours = walkVerdict(pieces);
        expect(agreeing[theirs.kind]).toContain(ours.kind);
        expect(ours).toMatchObject(theirs.kind === 'end' ? { produced: theirs.produced } : {});
      },
    ),
    fuzz,
  );
});

test('a pack of any bytes gives sizes or an error of the grammar, wherever it is cut', () => {
  const entry = fc
    .tuple(fc.integer({ min: 0, max: 7 }), stream, fc.constantFrom(0, 0, 0, 1))
    .map(([type, { whole, packed }, off]) => {
      const base =
        type === entryTypes.refDelta ? Buffer.alloc(20) : Buffer.alloc(type === entryTypes.ofsDelta ? 1 : 0);
      return Buffer.concat([entryHeader(type, whole.length + off), base, packed]);
    });
  const pack = fc
    .tuple(
      fc.array(fc.oneof(entry, bytes(40)), { maxLength: 3 }),
      fc.nat(4),
      fc.array(change, { maxLength: 2 }),
    )
    .map(([entries, count, changes]) =>
      changedBy(Buffer.concat([packHeader(count), ...entries, Buffer.alloc(20)]), changes),
    );
  const outcome = (pieces: readonly Buffer[]): { sizes: number[]; isBad: boolean } => {
    const sizes: number[] = [];
    const entries = new PackEntries({ oidBytes: 20, onSize: (size) => void sizes.push(size) });
    try {
      for (const piece of pieces) entries.feed(piece);
    } catch (error) {
      if (!(error instanceof PackError || error instanceof DeflateError)) throw error;
      return { sizes, isBad: true };
    }
    return { sizes, isBad: false };
  };
  fc.assert(
    fc.property(pack, places, (whole, cut) => {
      const once = outcome([whole]);
      const often = outcome(piecesOf(whole, cut));
      expect(often.isBad).toBe(once.isBad);
      // In pieces, a delta may tell its size before its end turns out to be bad.
      expect(once.isBad ? often.sizes.slice(0, once.sizes.length) : often.sizes).toEqual(once.sizes);
    }),
    fuzz,
  );
});
