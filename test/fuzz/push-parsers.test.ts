/** Properties of what is pushed and of what is answered to it. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCapabilities } from '../../src/protocol/capabilities.js';
import { encodePktLine, PktLineDecoder, PktLineError } from '../../src/protocol/pkt-line.js';
import { encodePushRefusal, PushReportParser } from '../../src/protocol/push-report.js';
import {
  PushRequestError,
  PushRequestParser,
  type PushRequest,
  type RefUpdate,
} from '../../src/protocol/push-request.js';
import { bytes, fuzz, hostile, lineText, objectId, piecesOf, places, word } from './arbitraries.js';

const zero = '0'.repeat(40);
const pkt = (payload: string): Buffer => encodePktLine(payload);
const flush = Buffer.from('0000');

const update: fc.Arbitrary<RefUpdate> = fc
  .tuple(objectId, objectId, word, fc.constantFrom('create', 'update', 'delete'))
  .filter(([oldOid, newOid]) => oldOid !== zero && newOid !== zero)
  .map(([oldOid, newOid, refName, kind]) => ({
    oldOid: kind === 'create' ? zero : oldOid,
    newOid: kind === 'delete' ? zero : newOid,
    refName,
    kind,
  }));

describe('push requests', () => {
  interface Outcome {
    readonly request?: PushRequest;
    /** What followed the head. */
    readonly rest?: string;
    readonly error?: string;
  }

  function parse(pieces: readonly Buffer[], offersPushOptions: boolean): Outcome {
    const parser = new PushRequestParser({ offersPushOptions });
    try {
      for (const [index, piece] of pieces.entries()) {
        const end = parser.feed(piece);
        if (end === undefined) continue;
        const rest = Buffer.concat([piece.subarray(end), ...pieces.slice(index + 1)]);
        return { request: parser.result(), rest: rest.toString('latin1') };
      }
      return {};
    } catch (error) {
      if (!(error instanceof PushRequestError || error instanceof PktLineError)) throw error;
      return { error: error.message };
    }
  }

  test('of any bytes give a request, an error of the grammar, or nothing yet, wherever they are cut', () => {
    fc.assert(
      fc.property(hostile, places, fc.boolean(), (whole, cut, offersPushOptions) => {
        expect(parse(piecesOf(whole, cut), offersPushOptions)).toEqual(parse([whole], offersPushOptions));
      }),
      fuzz,
    );
  });

  const asked = fc.record({
    updates: fc.array(update, { minLength: 1, maxLength: 5 }),
    shallow: fc.array(objectId, { maxLength: 3 }),
    pushOptions: fc.option(fc.array(lineText(), { maxLength: 4 }), { nil: undefined }),
    isSigned: fc.boolean(),
    pack: bytes(),
  });

  test('say what was asked for, and leave the pack alone', () => {
    fc.assert(
      fc.property(asked, places, ({ updates, shallow, pushOptions, isSigned, pack }, cut) => {
        const capabilities = `report-status${pushOptions ? ' push-options' : ''} agent=x`;
        const commands = updates.map(({ oldOid, newOid, refName }) => `${oldOid} ${newOid} ${refName}`);
        const certificate = [
          'certificate version 0.1',
          '',
          ...commands,
          '-----BEGIN PGP SIGNATURE-----',
          'x',
        ];
        const lines = isSigned
          ? [`push-cert\0${capabilities}`, ...certificate.map((text) => `${text}\n`), 'push-cert-end\n']
          : commands.map((text, index) => (index === 0 ? `${text}\0${capabilities}` : text));
        const head = [
          ...shallow.map((oid) => pkt(`shallow ${oid}`)),
          ...lines.map((text) => pkt(text)),
          flush,
        ];
        const options = pushOptions ? [...pushOptions.map((option) => pkt(option)), flush] : [];
        const whole = Buffer.concat([...head, ...options, pack]);
        expect(parse(piecesOf(whole, cut), true)).toEqual({
          request: {
            updates,
            capabilities: parseCapabilities(capabilities),
            pushOptions: pushOptions ?? [],
            shallow,
            certificate: isSigned ? certificate.map((text) => `${text}\n`).join('') : undefined,
          },
          rest: pack.toString('latin1'),
        });
      }),
      fuzz,
    );
  });
});

describe('push reports', () => {
  const capabilities = fc
    .constantFrom(
      'report-status',
      'report-status-v2 side-band',
      'report-status side-band-64k',
      'side-band-64k',
      '',
    )
    .map((text) => parseCapabilities(text));

  test('of any bytes are read without an error, and alike wherever they are cut', () => {
    fc.assert(
      fc.property(hostile, places, capabilities, (whole, cut, negotiated) => {
        const once = new PushReportParser(negotiated);
        once.feed(whole);
        const often = new PushReportParser(negotiated);
        for (const piece of piecesOf(whole, cut)) often.feed(piece);
        expect(often.result()).toEqual(once.result());
        expect(often.position).toBe(once.position);
      }),
      fuzz,
    );
  });

  test('that refuse a push are read as they were written', () => {
    const reason = lineText(1).chain((text) =>
      fc.integer({ min: 1, max: 3000 }).map((times) => text.repeat(times)),
    );
    const updates = fc.uniqueArray(update, { maxLength: 20, selector: ({ refName }) => refName });
    fc.assert(
      fc.property(updates, capabilities, reason, places, (all, negotiated, why, cut) => {
        fc.pre(Buffer.byteLength(why) < 60_000);
        const whole = encodePushRefusal(all, negotiated, why) ?? Buffer.alloc(0);
        const parser = new PushReportParser(negotiated);
        for (const piece of piecesOf(whole, cut)) parser.feed(piece);
        expect(parser.position).toBe(negotiated.size === 0 ? 'between' : 'end');
        const refs = new Map(all.map(({ refName }) => [refName, { status: 'rejected', reason: why }]));
        const isReported = negotiated.has('report-status') || negotiated.has('report-status-v2');
        expect(parser.result()).toEqual(isReported ? { unpack: why, refs } : undefined);
      }),
      fuzz,
    );
  });

  test('are written for any names and reasons, whatever their length', () => {
    const long = fc
      .tuple(lineText(1), fc.integer({ min: 1, max: 70_000 }))
      .map(([text, times]) => text.repeat(times));
    fc.assert(
      fc.property(long, long, capabilities, (refName, why, negotiated) => {
        const all: RefUpdate[] = [
          { oldOid: zero, newOid: zero, refName: refName.slice(0, 65_000), kind: 'delete' },
        ];
        const whole = encodePushRefusal(all, negotiated, why) ?? flush;
        const lines = [...new PktLineDecoder().decode(whole)];
        expect(lines.at(-1)).toEqual({ type: 'flush', end: whole.length });
      }),
      { numRuns: 20 },
    );
  });
});
