import { describe, expect, test } from 'vitest';
import {
  encodePktLine,
  flushPkt,
  maxPktLineBytes,
  maxPktPayloadBytes,
  PktLineDecoder,
  PktLineError,
  pktText,
  readPktLine,
  type PktLine,
} from '../../../src/protocol/pkt-line.js';
import { cutAt, cuts, eachByte } from '../../fuzz/mutations.js';

function decodeAll(pieces: readonly Buffer[]): { lines: PktLine[]; pendingBytes: number } {
  const decoder = new PktLineDecoder();
  const lines: PktLine[] = [];
  for (const piece of pieces) {
    for (const { end: _end, ...line } of decoder.decode(piece)) lines.push(line);
  }
  return { lines, pendingBytes: decoder.pendingBytes };
}

const data = (text: string): PktLine => ({ type: 'data', payload: Buffer.from(text) });

describe('a pkt-line is written', () => {
  test('with a length that counts itself, in lower case, and without a newline of its own', () => {
    expect(encodePktLine('a\n').toString()).toBe('0006a\n');
    expect(encodePktLine('').toString()).toBe('0004');
    expect(encodePktLine('é').toString()).toBe('0006é');
    expect(encodePktLine(Buffer.alloc(0xabc)).toString('latin1', 0, 4)).toBe('0ac0');
  });

  test('up to 65520 bytes and no further', () => {
    const longest = encodePktLine(Buffer.alloc(maxPktPayloadBytes));
    expect(longest).toHaveLength(maxPktLineBytes);
    expect(longest.toString('latin1', 0, 4)).toBe('fff0');
    expect(() => encodePktLine(Buffer.alloc(maxPktPayloadBytes + 1))).toThrow(PktLineError);
    // Bytes count, not characters.
    expect(() => encodePktLine('é'.repeat(maxPktPayloadBytes / 2 + 1))).toThrow(PktLineError);
  });
});

describe('a pkt-line is read', () => {
  test('in all four kinds', () => {
    const { lines, pendingBytes } = decodeAll([Buffer.from('0009hello00000001000200040005a')]);
    expect(lines).toEqual([
      data('hello'),
      { type: 'flush' },
      { type: 'delim' },
      { type: 'response-end' },
      data(''),
      data('a'),
    ]);
    expect(pendingBytes).toBe(0);
  });

  test('with its length in either case', () => {
    const payload = Buffer.alloc(0xfa - 4, 'x');
    for (const length of ['00fa', '00FA', '00Fa']) {
      expect(readPktLine(Buffer.concat([Buffer.from(length), payload]))).toEqual({
        line: { type: 'data', payload },
        bytes: 0xfa,
      });
    }
  });

  test('at an offset, and not before it is there whole', () => {
    const bytes = Buffer.from('junk0007abc');
    expect(readPktLine(bytes, 4)).toEqual({ line: data('abc'), bytes: 7 });
    for (let end = 4; end < bytes.length; end++) {
      expect(readPktLine(bytes.subarray(0, end), 4)).toBeUndefined();
    }
  });

  test('up to a length of fff0, and every greater one is refused before its bytes have come', () => {
    const longest = encodePktLine(Buffer.alloc(maxPktPayloadBytes, 'x'));
    expect(decodeAll([longest]).lines).toHaveLength(1);
    for (let length = maxPktLineBytes + 1; length <= 0xffff; length++) {
      const digits = Buffer.from(length.toString(16));
      expect(() => readPktLine(digits)).toThrow(PktLineError);
      expect(() => decodeAll([digits])).toThrow(PktLineError);
    }
  });

  test('but for a length of 3, which is nothing', () => {
    expect(() => decodeAll([Buffer.from('0003')])).toThrow(PktLineError);
    expect(() => decodeAll(eachByte(Buffer.from('0003')))).toThrow(PktLineError);
  });

  test('but for a length with anything that is no hexadecimal digit, at any of its four places', () => {
    for (let code = 0; code <= 0xff; code++) {
      if (/^[0-9a-fA-F]$/.test(String.fromCharCode(code))) continue;
      for (let place = 0; place < 4; place++) {
        const bytes = Buffer.from(`0004${'x'.repeat(1000)}`);
        bytes[place] = code;
        expect(() => readPktLine(bytes)).toThrow(PktLineError);
      }
    }
  });

  test.each(['-001', '+001', ' 004', '0x04', '00 4', '1e1 ', 'PACK', '\0\0\0\0'])(
    'but for the length %j',
    (length) => {
      for (const pieces of [[Buffer.from(length)], eachByte(Buffer.from(length))]) {
        expect(() => decodeAll(pieces)).toThrow(PktLineError);
      }
    },
  );
});

describe('the decoder', () => {
  const long = 'y'.repeat(300);
  const sample = Buffer.concat([
    encodePktLine('want 1\n'),
    flushPkt,
    Buffer.from('0001'),
    encodePktLine(''),
    encodePktLine(long),
    Buffer.from('0002'),
  ]);
  const whole = decodeAll([sample]);

  test('gives the same lines wherever the bytes are cut', () => {
    expect(whole.lines.map(({ type }) => type)).toEqual([
      'data',
      'flush',
      'delim',
      'data',
      'data',
      'response-end',
    ]);
    for (const position of cuts(sample)) expect(decodeAll(cutAt(sample, position))).toEqual(whole);
    expect(decodeAll(eachByte(sample))).toEqual(whole);
  });

  test('takes empty chunks for nothing', () => {
    const empty = Buffer.alloc(0);
    expect(decodeAll([empty, ...eachByte(sample).flatMap((byte) => [byte, empty])])).toEqual(whole);
  });

  test('tells where in the chunk each line ended', () => {
    const decoder = new PktLineDecoder();
    const ends = (chunk: string): number[] =>
      Array.from(decoder.decode(Buffer.from(chunk)), ({ end }) => end);
    expect(ends('0005a0000000')).toEqual([5, 9]);
    expect(ends('5b0006')).toEqual([2]);
    expect(ends('cc')).toEqual([2]);
  });

  test('leaves what follows alone when its reader stops', () => {
    const decoder = new PktLineDecoder();
    for (const line of decoder.decode(Buffer.from('0000PACK'))) {
      expect(line).toEqual({ type: 'flush', end: 4 });
      break;
    }
    expect(decoder.pendingBytes).toBe(0);
  });

  test('holds back the bytes of one unfinished line only', () => {
    const decoder = new PktLineDecoder();
    const longest = encodePktLine(Buffer.alloc(maxPktPayloadBytes, 'z'));
    let given = 0;
    for (const chunk of [longest.subarray(0, 3), longest.subarray(3, 9), longest.subarray(9, -1)]) {
      expect([...decoder.decode(chunk)]).toEqual([]);
      given += chunk.length;
      expect(decoder.pendingBytes).toBe(given);
    }
    expect([...decoder.decode(Buffer.from('z0005a00'))]).toHaveLength(2);
    expect(decoder.pendingBytes).toBe(2);
  });

  test('copies a line at most once however small the pieces are', () => {
    const bytes = encodePktLine(Buffer.alloc(maxPktPayloadBytes, 'z'));
    const original = Buffer.concat.bind(Buffer);
    let copied = 0;
    Buffer.concat = (list, total) => {
      const joined = original(list, total);
      copied += joined.length;
      return joined;
    };
    try {
      expect(decodeAll(eachByte(bytes)).lines).toHaveLength(1);
    } finally {
      Buffer.concat = original;
    }
    // Its length digits are looked at once more.
    expect(copied).toBeLessThanOrEqual(bytes.length + 4);
  });

  test('fails again after it has failed: nobody knows where the next line begins', () => {
    for (const bad of ['zzzz', '0003', 'fff1', '0005a000g', '00', '000']) {
      const decoder = new PktLineDecoder();
      const feed = (text: string): PktLine[] => [...decoder.decode(Buffer.from(text))];
      expect(() => {
        feed(bad);
        feed('zz');
      }).toThrow(PktLineError);
      expect(() => feed('0000')).toThrow(PktLineError);
      expect(() => feed('')).toThrow(PktLineError);
    }
  });

  test('gives the lines before a bad one first', () => {
    const seen: string[] = [];
    expect(() => {
      for (const line of new PktLineDecoder().decode(Buffer.from('0005a0000nope'))) seen.push(line.type);
    }).toThrow(PktLineError);
    expect(seen).toEqual(['data', 'flush']);
  });
});

test('the text of a payload loses one newline at its end', () => {
  expect(pktText(Buffer.from('a\n'))).toBe('a');
  expect(pktText(Buffer.from('a\n\n'))).toBe('a\n');
  expect(pktText(Buffer.from('\na'))).toBe('\na');
  expect(pktText(Buffer.from('\n'))).toBe('');
  expect(pktText(Buffer.alloc(0))).toBe('');
});
