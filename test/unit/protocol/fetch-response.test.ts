import { describe, expect, test } from 'vitest';
import { PackDetector } from '../../../src/protocol/fetch-response.js';
import { encodePktLine, flushPkt } from '../../../src/protocol/pkt-line.js';
import { delimiter, flush, pkt } from '../../conformance/differential/case.js';
import { cutAt, cuts, eachByte } from '../../fuzz/mutations.js';

function isFound(pieces: readonly Buffer[]): boolean {
  const detector = new PackDetector();
  for (const piece of pieces) detector.feed(piece);
  return detector.found;
}

const oid = 'a'.repeat(40);

describe('a fetch answer holds a pack', () => {
  test.each([
    [
      'of version 2',
      pkt('acknowledgments\n') + pkt('ready\n') + delimiter + pkt('packfile\n') + pkt('\u0001P'),
    ],
    ['of version 2, a clone', pkt('packfile\n')],
    ['with shallow information', pkt('shallow-info\n') + delimiter + pkt('packfile\n')],
    ['of version 0 in a sideband', pkt('NAK\n') + pkt('\u0002counting') + pkt('\u0001PACK')],
    ['of version 0, behind a keepalive', `${pkt('NAK\n')}0005\u0001${pkt('\u0001PACK')}`],
    ['of version 0 without a sideband', `${pkt('NAK\n')}PACK\0\0\0\u0002`],
    ['after shallow lines', `${pkt(`shallow ${oid}`)}${flush}${pkt('NAK\n')}PACK`],
  ])('%s, wherever its bytes are cut', (_name, text) => {
    const bytes = Buffer.from(text);
    expect(isFound([bytes])).toBe(true);
    expect(isFound(eachByte(bytes))).toBe(true);
    for (const position of cuts(bytes)) expect(isFound(cutAt(bytes, position))).toBe(true);
  });
});

describe('a fetch answer holds none', () => {
  test.each([
    ['that is empty', ''],
    ['that is a flush', flush],
    ['of negotiation in version 0', pkt(`ACK ${oid} common\n`) + pkt('NAK\n')],
    ['of negotiation in version 2', pkt('acknowledgments\n') + pkt('NAK\n') + flush],
    ['that is an error', pkt('ERR upload-pack: not our ref\n')],
    ['on band 3', pkt('\u0003fatal')],
    ['that is a keepalive', `${pkt('NAK\n')}0005\u0001`],
    ['of negotiation in bands', pkt('\u0001acknowledgments\n') + pkt('\u0001NAK\n') + flush],
    ['to ls-refs', pkt(`${oid} HEAD symref-target:refs/heads/packfile\n`) + flush],
    ['to ls-refs with a ref of that name', pkt(`${oid} packfile\n`) + flush],
  ])('%s, wherever its bytes are cut', (_name, text) => {
    const bytes = Buffer.from(text);
    expect(isFound([bytes])).toBe(false);
    expect(isFound(eachByte(bytes))).toBe(false);
  });
});

test.each([
  ['behind acknowledgments', pkt('acknowledgments\n') + pkt('NAK\n'), true],
  ['inside a packet', pkt('acknowledgments\n').slice(0, 8), false],
  ['behind the section of the pack', pkt('packfile\n'), false],
  ['where packets are in bands', pkt('\u0001acknowledgments\n'), false],
  ['behind another error', pkt('ERR no\n'), false],
])('an error packet may follow: %s', (_where, text, expected) => {
  const detector = new PackDetector();
  detector.feed(Buffer.from(text));
  expect(detector.takesError).toBe(expected);
});

test('the bytes of a chunk may be used again once it was looked at', () => {
  const detector = new PackDetector();
  const block = Buffer.concat([flushPkt, encodePktLine('packfile\n')]);
  const reused = Buffer.alloc(block.length);
  for (let position = 0; position < block.length; position++) {
    block.copy(reused, 0, position, position + 1);
    detector.feed(reused.subarray(0, 1));
    reused.fill('?');
  }
  expect(detector.found).toBe(true);
});

test('what follows the pack is not looked at', () => {
  const detector = new PackDetector();
  detector.feed(Buffer.from(`${pkt('packfile\n')}zzzz`));
  detector.feed(Buffer.from('garbage'));
  expect(detector.found).toBe(true);
});
