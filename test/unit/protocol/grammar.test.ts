/** The small parts of the grammar: sidebands, capabilities, advertisements, object ids, ls-refs. */
import { describe, expect, test } from 'vitest';
import { advertisementPrefix, encodeErrorPacket } from '../../../src/protocol/advertisement.js';
import { parseCapabilities } from '../../../src/protocol/capabilities.js';
import { encodeLsRefs, parseListedRef } from '../../../src/protocol/ls-refs.js';
import { isObjectId, isZeroOid } from '../../../src/protocol/object-id.js';
import { PktLineDecoder, type PktLine } from '../../../src/protocol/pkt-line.js';
import { encodeSideband, parseSideband, sidebandLimits } from '../../../src/protocol/sideband.js';

function linesOf(bytes: Buffer): (PktLine & { readonly end: number })[] {
  return [...new PktLineDecoder().decode(bytes)];
}

const oid = 'a'.repeat(40);

describe('sidebands', () => {
  const packet = (...bytes: number[]): PktLine => ({ type: 'data', payload: Buffer.from(bytes) });

  test('1, 2 and 3 are data, progress and error', () => {
    expect(parseSideband(packet(1, 65))).toEqual({ band: 'data', payload: Buffer.from('A') });
    expect(parseSideband(packet(2, 65))).toEqual({ band: 'progress', payload: Buffer.from('A') });
    expect(parseSideband(packet(3))).toEqual({ band: 'error', payload: Buffer.alloc(0) });
  });

  test('other packets are in no band', () => {
    for (const band of [0, 4, 65, 255]) expect(parseSideband(packet(band, 65))).toBeUndefined();
    expect(parseSideband(packet())).toBeUndefined();
    expect(parseSideband({ type: 'flush' })).toBeUndefined();
    expect(parseSideband({ type: 'delim' })).toBeUndefined();
  });

  test.each(['side-band', 'side-band-64k'] as const)('no packet of %s exceeds its limit', (variant) => {
    const limit = sidebandLimits[variant];
    const payload = Buffer.from(Array.from({ length: 2 * limit + 1 }, (_unused, index) => index % 251));
    const lines = linesOf(encodeSideband('data', payload, variant));
    const frames = lines.map((line) => parseSideband(line));
    expect(frames.map((frame) => (frame?.payload.length ?? 0) + 5)).toEqual([limit, limit, 16]);
    expect(Buffer.concat(frames.map((frame) => frame?.payload ?? Buffer.alloc(0)))).toEqual(payload);
  });

  test('nothing needs no packet, and the band is the one that was named', () => {
    expect(encodeSideband('data', '')).toHaveLength(0);
    expect(encodeSideband('progress', 'a').toString()).toBe('0006\u0002a');
    expect(encodeSideband('error', 'a', 'side-band').toString()).toBe('0006\u0003a');
  });
});

describe('capabilities', () => {
  test('have no value, one, or several under one key, in their order', () => {
    const found = parseCapabilities('report-status symref=HEAD:refs/heads/main agent=git/2 symref=A:B x=');
    expect([...found]).toEqual([
      ['report-status', []],
      ['symref', ['HEAD:refs/heads/main', 'A:B']],
      ['agent', ['git/2']],
      ['x', ['']],
    ]);
  });

  test('may be separated by any number of spaces, and may be none', () => {
    expect([...parseCapabilities('  a   b ').keys()]).toEqual(['a', 'b']);
    expect(parseCapabilities('').size).toBe(0);
  });

  test('keep what follows the first =, and have no trouble with names of objects', () => {
    const found = parseCapabilities('a=b=c __proto__=d constructor =e');
    expect(found.get('a')).toEqual(['b=c']);
    expect(found.get('__proto__')).toEqual(['d']);
    expect(found.get('constructor')).toEqual([]);
    expect(found.get('')).toEqual(['e']);
    expect(found.has('toString')).toBe(false);
  });
});

describe('advertisements', () => {
  test('begin with the name of the service and a flush, but for version 2 of upload-pack', () => {
    const upload = '001e# service=git-upload-pack\n0000';
    const receive = '001f# service=git-receive-pack\n0000';
    expect(advertisementPrefix('git-upload-pack', 0)?.toString()).toBe(upload);
    expect(advertisementPrefix('git-upload-pack', 1)?.toString()).toBe(upload);
    expect(advertisementPrefix('git-upload-pack', 2)).toBeUndefined();
    for (const version of [0, 1, 2] as const) {
      expect(advertisementPrefix('git-receive-pack', version)?.toString()).toBe(receive);
    }
  });

  test('an error packet is one line', () => {
    expect(encodeErrorPacket('no').toString()).toBe('000bERR no\n');
  });
});

describe('object ids', () => {
  test('are 40 or 64 hexadecimal digits in lower case', () => {
    expect(isObjectId(oid)).toBe(true);
    expect(isObjectId('0'.repeat(64))).toBe(true);
    const wrong = ['', 'a'.repeat(39), 'a'.repeat(41), 'a'.repeat(63), 'A'.repeat(40), `${'a'.repeat(39)}g`];
    for (const text of [...wrong, `${oid}\n`, ` ${oid}`]) expect(isObjectId(text)).toBe(false);
  });

  test('are zero when all digits are', () => {
    expect(isZeroOid('0'.repeat(40))).toBe(true);
    expect(isZeroOid('0'.repeat(64))).toBe(true);
    expect(isZeroOid(`${'0'.repeat(39)}1`)).toBe(false);
    expect(isZeroOid('')).toBe(false);
  });
});

describe('ls-refs', () => {
  test('is asked with the object format, for peeled tags, symrefs and the given prefixes', () => {
    const texts = linesOf(encodeLsRefs('sha256', ['refs/heads/', 'HEAD'])).map((line) =>
      line.type === 'data' ? line.payload.toString() : line.type,
    );
    expect(texts).toEqual([
      'command=ls-refs\n',
      'object-format=sha256\n',
      'delim',
      'peel\n',
      'symrefs\n',
      'ref-prefix refs/heads/\n',
      'ref-prefix HEAD\n',
      'flush',
    ]);
  });

  test('answers with an id, a name and attributes in any order', () => {
    expect(parseListedRef(`${oid} refs/heads/main`)).toEqual({
      oid,
      refName: 'refs/heads/main',
      symrefTarget: undefined,
      peeledOid: undefined,
    });
    const all = { oid, refName: 'x', symrefTarget: 'refs/y', peeledOid: 'b' };
    expect(parseListedRef(`${oid} x symref-target:refs/y peeled:b`)).toEqual(all);
    expect(parseListedRef(`${oid} x future:1 peeled:b symref-target:refs/y`)).toEqual(all);
  });

  test('gives nothing for a ref that is not born yet, or for a line without a name', () => {
    expect(parseListedRef('unborn HEAD symref-target:refs/heads/main')).toBeUndefined();
    expect(parseListedRef(oid)).toBeUndefined();
    expect(parseListedRef('')).toBeUndefined();
  });
});
