/** Properties of the protocol's parsers: what goes in comes out, cuts change nothing, noise does no harm. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFetchRequest, type FetchRequest } from '../../src/protocol/fetch-request.js';
import { PackDetector } from '../../src/protocol/fetch-response.js';
import { negotiateProtocol } from '../../src/protocol/git-protocol.js';
import {
  encodePktLine,
  maxPktLineBytes,
  PktLineDecoder,
  PktLineError,
  type PktLine,
} from '../../src/protocol/pkt-line.js';
import { encodeSideband, parseSideband } from '../../src/protocol/sideband.js';
import { bytes, fuzz, hostile, objectId, piecesOf, places, word } from './arbitraries.js';

const zero = '0'.repeat(40);
const pkt = (payload: string): Buffer => encodePktLine(payload);
const flush = Buffer.from('0000');

interface Decoded {
  readonly lines: readonly PktLine[];
  readonly failed: boolean;
}

function decode(pieces: readonly Buffer[]): Decoded {
  const decoder = new PktLineDecoder();
  const lines: PktLine[] = [];
  try {
    for (const piece of pieces) {
      for (const { end: _end, ...line } of decoder.decode(piece)) lines.push(line);
      expect(decoder.pendingBytes).toBeLessThan(maxPktLineBytes);
    }
    return { lines, failed: false };
  } catch (error) {
    if (!(error instanceof PktLineError)) throw error;
    return { lines, failed: true };
  }
}

describe('pkt-lines', () => {
  const line: fc.Arbitrary<PktLine> = fc.oneof(
    bytes().map((payload): PktLine => ({ type: 'data', payload })),
    fc.constantFrom<PktLine>({ type: 'flush' }, { type: 'delim' }, { type: 'response-end' }),
  );
  const digits = { flush: '0000', delim: '0001', 'response-end': '0002' } as const;
  const encode = (one: PktLine): Buffer =>
    one.type === 'data' ? encodePktLine(one.payload) : Buffer.from(digits[one.type]);

  test('are read as they were written, wherever they are cut', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), places, (lines, cut) => {
        const whole = Buffer.concat(lines.map((one) => encode(one)));
        expect(decode(piecesOf(whole, cut))).toEqual({ lines, failed: false });
      }),
      fuzz,
    );
  });

  test('give the same lines and the same end for any bytes, wherever they are cut', () => {
    fc.assert(
      fc.property(hostile, places, (whole, cut) => {
        expect(decode(piecesOf(whole, cut))).toEqual(decode([whole]));
      }),
      fuzz,
    );
  });

  test('in a sideband come out whole, in packets of at most its size', () => {
    fc.assert(
      fc.property(
        bytes(3000),
        fc.constantFrom('data', 'progress', 'error'),
        fc.constantFrom(['side-band', 1000] as const, ['side-band-64k', 65520] as const),
        (payload, band, [variant, limit]) => {
          const { lines } = decode([encodeSideband(band, payload, variant)]);
          const frames = lines.map((one) => parseSideband(one));
          expect(Buffer.concat(frames.map((frame) => frame?.payload ?? Buffer.alloc(0)))).toEqual(payload);
          for (const frame of frames) {
            expect(frame?.band).toBe(band);
            expect((frame?.payload.length ?? 0) + 5).toBeLessThanOrEqual(limit);
          }
        },
      ),
      fuzz,
    );
  });
});

describe('the Git-Protocol header', () => {
  test('lets nothing into the environment but its own pattern, and nothing above the highest version', () => {
    const entry = fc.oneof(
      fc.constantFrom(
        'version=0',
        'version=1',
        'version=2',
        'version=3',
        'version',
        'a=b',
        'A',
        '',
        '=',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const header = fc.array(entry, { maxLength: 40 }).map((entries) => entries.join(':'));
    fc.assert(
      fc.property(header, fc.constantFrom(0, 1, 2), (text, highest) => {
        const { version, environment } = negotiateProtocol(text, highest);
        expect(version).toBeLessThanOrEqual(highest);
        expect(environment ?? 'none').toMatch(/^[a-z0-9]+(?:=[a-z0-9]+)?(?::[a-z0-9]+(?:=[a-z0-9]+)?)*$/);
        // git, which reads it next, must come to the same version.
        const versions = (environment ?? '')
          .split(':')
          .map((part) => /^version=([012])$/.exec(part)?.[1] ?? '0');
        expect(version).toBe(Math.max(...versions.map(Number)));
      }),
      fuzz,
    );
  });
});

describe('fetch requests', () => {
  async function* stream(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
    yield* pieces;
  }
  const parse = (pieces: readonly Buffer[]): Promise<FetchRequest> => parseFetchRequest(stream(pieces));

  test('of any bytes are read without an error, and alike wherever they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, places, async (whole, cut) => {
        const found = await parse([whole]);
        expect(await parse(piecesOf(whole, cut))).toEqual(found);
        expect(found.depth ?? 0).toBeGreaterThanOrEqual(0);
        expect(found.haveCount).toBeLessThanOrEqual(whole.length / 4);
      }),
      fuzz,
    );
  });

  test('say what was asked for', async () => {
    const asked = fc.record({
      wants: fc.array(objectId, { minLength: 1, maxLength: 5 }),
      wantRefs: fc.array(word, { maxLength: 3 }),
      haveCount: fc.nat(5),
      depth: fc.option(fc.integer({ min: 1, max: 1e9 }), { nil: undefined }),
      filter: fc.option(word, { nil: undefined }),
      done: fc.boolean(),
      agent: fc.option(word, { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(asked, places, async (request, cut) => {
        const { wants, wantRefs, haveCount, depth, filter, done, agent } = request;
        const whole = Buffer.concat([
          pkt('command=fetch\n'),
          ...(agent === undefined ? [] : [pkt(`agent=${agent}\n`)]),
          Buffer.from('0001'),
          ...wants.map((oid) => pkt(`want ${oid}\n`)),
          ...wantRefs.map((name) => pkt(`want-ref ${name}\n`)),
          ...Array.from({ length: haveCount }, () => pkt(`have ${zero}\n`)),
          ...(depth === undefined ? [] : [pkt(`deepen ${depth}\n`)]),
          ...(filter === undefined ? [] : [pkt(`filter ${filter}\n`)]),
          ...(done ? [pkt('done\n')] : []),
          flush,
        ]);
        expect(await parse(piecesOf(whole, cut))).toEqual({ command: 'fetch', ...request });
      }),
      fuzz,
    );
  });
});

test('a pack is found or not found in an answer, wherever it is cut, and never lost again', () => {
  fc.assert(
    fc.property(hostile, places, (whole, cut) => {
      const once = new PackDetector();
      once.feed(whole);
      const often = new PackDetector();
      let before = false;
      for (const piece of piecesOf(whole, cut)) {
        often.feed(piece);
        expect(often.found || !before).toBe(true);
        before = often.found;
      }
      expect(often.found).toBe(once.found);
    }),
    fuzz,
  );
});
