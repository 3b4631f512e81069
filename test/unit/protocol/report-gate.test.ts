import { expect, test } from 'vitest';
import { encodePktLine, flushPkt } from '../../../src/protocol/pkt-line.js';
import { ReportGate } from '../../../src/protocol/report-gate.js';
import { encodeSideband } from '../../../src/protocol/sideband.js';

/** Both parts of an answer that arrives in pieces of `size` bytes. */
function split(answer: Buffer, size: number): [progress: string, report: string] {
  const gate = new ReportGate();
  let [progress, report] = ['', ''];
  for (let offset = 0; offset < answer.length; offset += size) {
    const parts = gate.split(answer.subarray(offset, offset + size));
    progress += parts.progress.toString('latin1');
    report += parts.report.toString('latin1');
  }
  return [progress, report];
}

const progress = Buffer.concat([encodeSideband('progress', 'Unpacking\n'), encodePktLine('\u0001')]);
const inBand = Buffer.concat([
  encodeSideband('data', 'unpack ok\n'),
  encodeSideband('progress', 'post-receive\n'),
  flushPkt,
]);
const plain = Buffer.concat([encodePktLine('unpack ok\n'), encodePktLine('ok refs/heads/main\n'), flushPkt]);

test.each([1, 3, 1000])('progress passes and the report waits, in pieces of %i bytes', (size) => {
  const both = Buffer.concat([progress, inBand]);
  expect(split(both, size)).toEqual([progress.toString('latin1'), inBand.toString('latin1')]);
  expect(split(plain, size)).toEqual(['', plain.toString('latin1')]);
  expect(split(flushPkt, size)).toEqual(['', '0000']);
  expect(split(encodeSideband('error', 'dead\n'), size)[0]).toBe('');
});
