import { describe, expect, test } from 'vitest';
import { parseCapabilities, type Capabilities } from '../../../src/protocol/capabilities.js';
import { maxPktLineBytes, PktLineDecoder } from '../../../src/protocol/pkt-line.js';
import {
  encodePushRefusal,
  PushReportParser,
  sidebandOf,
  type PushReport,
} from '../../../src/protocol/push-report.js';
import { parseRefUpdate, type RefUpdate } from '../../../src/protocol/push-request.js';
import { encodeSideband, parseSideband } from '../../../src/protocol/sideband.js';
import { flush, pkt, zero } from '../../conformance/differential/case.js';
import { cutAt, cuts, eachByte } from '../../fuzz/mutations.js';

const plain = parseCapabilities('report-status');
const banded = parseCapabilities('report-status side-band-64k');

function read(pieces: readonly Buffer[], capabilities: Capabilities): PushReportParser {
  const parser = new PushReportParser(capabilities);
  for (const piece of pieces) parser.feed(piece);
  return parser;
}

const readText = (text: string, capabilities: Capabilities): PushReportParser =>
  read([Buffer.from(text)], capabilities);

function updates(...refNames: readonly string[]): RefUpdate[] {
  return refNames.map((refName) => parseRefUpdate(`${zero} ${'a'.repeat(40)} ${refName}`) as RefUpdate);
}

const reportText =
  pkt('unpack ok\n') +
  pkt('ok refs/heads/a\n') +
  pkt('option refname refs/heads/b\n') +
  pkt('option forced-update\n') +
  pkt('ng refs/heads/c non-fast-forward, or so\n') +
  pkt('ng refs/heads/d\n') +
  flush;

const report: PushReport = {
  unpack: 'ok',
  refs: new Map([
    ['refs/heads/a', { status: 'ok' }],
    ['refs/heads/c', { status: 'rejected', reason: 'non-fast-forward, or so' }],
    ['refs/heads/d', { status: 'rejected', reason: 'failed' }],
  ]),
};

/** Progress around a report that is cut into packets at odd places. */
const bandedReport = Buffer.concat([
  encodeSideband('progress', 'unpack 0%\r'),
  ...cutAt(Buffer.from(reportText), 7).map((piece) => encodeSideband('data', piece)),
  encodeSideband('progress', 'done\n'),
  Buffer.from(flush),
]);

describe('a push report', () => {
  test('is read by itself or in the sideband, wherever its bytes are cut', () => {
    for (const [bytes, capabilities] of [
      [Buffer.from(reportText), plain],
      [bandedReport, banded],
    ] as const) {
      const pieces = [[bytes], eachByte(bytes), ...cuts(bytes).map((position) => cutAt(bytes, position))];
      for (const cut of pieces) {
        const parser = read(cut, capabilities);
        expect(parser.result()).toEqual(report);
        expect(parser.position).toBe('end');
      }
    }
  });

  test('says why a pack could not be stored', () => {
    const text = pkt('unpack index-pack abnormal exit\n') + pkt('ng x unpacker error\n') + flush;
    expect(readText(text, plain).result()).toEqual({
      unpack: 'index-pack abnormal exit',
      refs: new Map([['x', { status: 'rejected', reason: 'unpacker error' }]]),
    });
  });

  test('is not there in an empty answer, in progress, or in an error', () => {
    expect(read([], plain).result()).toBeUndefined();
    expect(readText(flush, banded).result()).toBeUndefined();
    const bands = [encodeSideband('progress', pkt('unpack ok\n')), encodeSideband('error', 'unpack ok\n')];
    expect(read(bands, banded).result()).toBeUndefined();
  });

  test('ends what it has to say where the bytes are no pkt-lines any more', () => {
    const parser = readText(`${pkt('unpack ok\n')}zzzz`, plain);
    parser.feed(Buffer.from(pkt('ok refs/heads/a\n')));
    expect(parser.result()).toEqual({ unpack: 'ok', refs: new Map() });
    expect(parser.position).toBe('inside');
    const inner = read([encodeSideband('data', 'zzzz')], banded);
    inner.feed(bandedReport);
    expect(inner.result()).toBeUndefined();
    expect(inner.position).toBe('inside');
  });
});

describe('the answer to a push stops', () => {
  test('at its end, between two packets, or inside one', () => {
    const whole = Buffer.from(reportText);
    const ends = new Set(Array.from(new PktLineDecoder().decode(whole), ({ end }) => end));
    for (const position of cuts(whole)) {
      const parser = read([whole.subarray(0, position)], plain);
      expect(parser.position).toBe(ends.has(position) ? 'between' : 'inside');
    }
    expect(read([whole], plain).position).toBe('end');
    expect(read([whole, Buffer.from('00')], plain).position).toBe('inside');
    expect(read([whole, Buffer.from(pkt('x'))], plain).position).toBe('between');
    expect(read([], plain).position).toBe('between');
  });

  test('at its end only with the flush packet of the sideband, not with that of the report in it', () => {
    const withoutEnd = bandedReport.subarray(0, -4);
    expect(read([withoutEnd], banded).position).toBe('between');
    expect(read([withoutEnd], banded).result()).toEqual(report);
    expect(read([bandedReport], banded).position).toBe('end');
  });
});

describe('a push that is refused as a whole', () => {
  const reasons = ['short', 'long '.repeat(300), 'ü'.repeat(20_000), 'x'.repeat(200_000)];

  test.each([
    'report-status',
    'report-status-v2',
    'report-status side-band',
    'report-status-v2 side-band-64k',
  ])('is told so in the form that it negotiated with %j', (text) => {
    const capabilities = parseCapabilities(text);
    const names = Array.from({ length: 2000 }, (_unused, index) => `refs/heads/${index}`);
    for (const reason of reasons.slice(0, 2)) {
      const parser = read(
        [encodePushRefusal(updates(...names), capabilities, reason) as Buffer],
        capabilities,
      );
      expect(parser.position).toBe('end');
      expect(parser.result()).toEqual({
        unpack: reason,
        refs: new Map(names.map((name) => [name, { status: 'rejected', reason }])),
      });
    }
  });

  test('is told the beginning of a reason that does not fit into a packet', () => {
    for (const capabilities of [plain, banded]) {
      for (const reason of reasons) {
        const bytes = encodePushRefusal(updates('refs/heads/a', 'n'.repeat(65_000)), capabilities, reason);
        const result = read([bytes as Buffer], capabilities).result();
        expect(reason.startsWith(result?.unpack.replace(/\ufffd+$/, '') ?? '?')).toBe(true);
        expect(result?.refs.get('refs/heads/a')?.status).toBe('rejected');
        expect(result?.refs.get('n'.repeat(65_000))?.status).toBe('rejected');
      }
    }
  });

  test('with a name that has grown because its bytes are no UTF-8', () => {
    const refName = Buffer.alloc(60_000, 0xff).toString('utf8');
    const bytes = encodePushRefusal(updates(refName), plain, 'no') as Buffer;
    expect(Array.from(new PktLineDecoder().decode(bytes), ({ type }) => type)).toEqual([
      'data',
      'data',
      'flush',
    ]);
  });

  test('without a report is told on the band for errors', () => {
    for (const reason of reasons) {
      const bytes = encodePushRefusal(updates('x'), parseCapabilities('side-band-64k'), reason) as Buffer;
      const lines = [...new PktLineDecoder().decode(bytes)];
      expect(lines.at(-1)?.type).toBe('flush');
      const frames = lines.slice(0, -1).map((line) => parseSideband(line));
      expect(frames.every((frame) => frame?.band === 'error')).toBe(true);
      const told = Buffer.concat(frames.map((frame) => frame?.payload ?? Buffer.alloc(0)));
      expect(told.toString()).toBe(`${reason}\n`);
      expect(lines.every((line) => line.type !== 'data' || line.payload.length + 4 <= maxPktLineBytes)).toBe(
        true,
      );
    }
  });

  test('cannot be told anything without a report and without a sideband', () => {
    expect(encodePushRefusal(updates('x'), parseCapabilities('quiet'), 'no')).toBeUndefined();
  });
});

test('receive-pack has the large sideband only', () => {
  expect(sidebandOf(parseCapabilities('side-band side-band-64k'))).toBe('side-band-64k');
  expect(sidebandOf(parseCapabilities('side-band'))).toBeUndefined();
  expect(sidebandOf(parseCapabilities('report-status'))).toBeUndefined();
});
