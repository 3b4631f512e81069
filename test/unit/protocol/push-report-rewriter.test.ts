import { describe, expect, test } from 'vitest';
import { parseCapabilities } from '../../../src/protocol/capabilities.js';
import { PktLineDecoder } from '../../../src/protocol/pkt-line.js';
import { PushReportRewriter } from '../../../src/protocol/push-report-rewriter.js';
import { encodeSideband, parseSideband } from '../../../src/protocol/sideband.js';
import { flush, pkt } from '../../conformance/differential/case.js';
import { cutAt, cuts, eachByte } from '../../fuzz/mutations.js';

const reasons = new Map([
  ['refs/heads/a', 'protected: ask a maintainer'],
  ['refs/heads/b', 'no'],
]);

function rewritten(pieces: readonly Buffer[], capabilities: string): Buffer {
  const rewriter = new PushReportRewriter(parseCapabilities(capabilities), (refName) => reasons.get(refName));
  return Buffer.concat(pieces.map((piece) => rewriter.feed(piece)));
}

const report = (a: string): string =>
  pkt('unpack ok\n') +
  pkt(`ng refs/heads/a ${a}\n`) +
  pkt('ok refs/heads/b\n') +
  pkt('option refname refs/heads/x\n') +
  pkt('ng refs/heads/c non-fast-forward\n') +
  flush;
const before = report('hook declined');
const after = report('protected: ask a maintainer');

/** What is in band 1, and what is in the others, in their order. */
function bandsOf(answer: Buffer): { data: string; others: string[]; ends: string } {
  let data = '';
  const others: string[] = [];
  for (const line of new PktLineDecoder().decode(answer)) {
    const frame = parseSideband(line);
    if (frame?.band === 'data') data += frame.payload.toString();
    else if (frame) others.push(`${frame.band} ${frame.payload.toString()}`);
  }
  return { data, others, ends: answer.toString('latin1').slice(-4) };
}

describe('a report', () => {
  test('by itself has our reasons for what was refused, wherever it is cut', () => {
    const bytes = Buffer.from(before);
    expect(rewritten([bytes], 'report-status').toString()).toBe(after);
    expect(rewritten(eachByte(bytes), 'report-status').toString()).toBe(after);
    for (const position of cuts(bytes)) {
      expect(rewritten(cutAt(bytes, position), 'report-status').toString()).toBe(after);
    }
  });

  test('in a sideband has them too, and progress keeps its place', () => {
    const bytes = Buffer.concat([
      encodeSideband('progress', 'hello\n'),
      Buffer.from('0005\u0001'),
      encodeSideband('data', before.slice(0, 30)),
      encodeSideband('progress', 'more\n'),
      encodeSideband('data', before.slice(30)),
      encodeSideband('error', 'late'),
      Buffer.from(flush),
    ]);
    const expected = {
      data: after,
      others: ['progress hello\n', 'progress more\n', 'error late'],
      ends: flush,
    };
    const capabilities = 'report-status side-band-64k';
    expect(bandsOf(rewritten([bytes], capabilities))).toEqual(expected);
    expect(bandsOf(rewritten(eachByte(bytes), capabilities))).toEqual(expected);
    const whole = rewritten([bytes], capabilities).toString('latin1');
    expect(whole).toContain('0005\u0001');
  });

  test('that says ok is never changed: what git has done is done', () => {
    expect(rewritten([Buffer.from(before)], 'report-status').toString()).toContain('ok refs/heads/b\n');
  });
});

test('an answer without a report goes through', () => {
  const bytes = Buffer.concat([encodeSideband('progress', 'hello\n'), Buffer.from(flush)]);
  expect(rewritten([bytes], 'side-band-64k')).toEqual(bytes);
});

test('bytes that are no answer are an error', () => {
  expect(() => rewritten([Buffer.from('zzzz')], 'report-status')).toThrow('bad line length character');
});
