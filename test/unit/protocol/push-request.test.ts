import { describe, expect, test } from 'vitest';
import { PktLineError } from '../../../src/protocol/pkt-line.js';
import {
  parseRefUpdate,
  PushRequestError,
  PushRequestParser,
  type PushRequest,
} from '../../../src/protocol/push-request.js';
import { delimiter, flush, pkt, zero } from '../../conformance/differential/case.js';
import { cutAt, cuts, eachByte } from '../../fuzz/mutations.js';

const [a, b] = ['a', 'b'].map((digit) => digit.repeat(40)) as [string, string];
const pack = 'PACK\0\0\0\u0002rest';

interface Parsed extends PushRequest {
  /** What followed the head. */
  readonly rest: string;
}

function parse(pieces: readonly Buffer[], offersPushOptions = true): Parsed {
  const parser = new PushRequestParser({ offersPushOptions });
  for (const [index, piece] of pieces.entries()) {
    const end = parser.feed(piece);
    if (end === undefined) continue;
    const rest = Buffer.concat([piece.subarray(end), ...pieces.slice(index + 1)]);
    return { ...parser.result(), rest: rest.toString('latin1') };
  }
  return { ...parser.result(), rest: '' };
}

const parseText = (...lines: readonly string[]): Parsed => parse([Buffer.from(lines.join(''))]);

const certificate = [
  'certificate version 0.1\n',
  'pusher A U Thor <author@example.org> 1 +0000\n',
  'nonce 1-ab\n',
  '\n',
  `${zero} ${a} refs/heads/one\n`,
  `${b} ${zero} refs/heads/two\n`,
  '-----BEGIN PGP SIGNATURE-----\n',
  '\n',
  'abc\n',
  '-----END PGP SIGNATURE-----\n',
];

const signed = [
  pkt('push-cert\0report-status push-options\n'),
  ...certificate.map(pkt),
  pkt('push-cert-end\n'),
];

describe('a command', () => {
  test('creates, updates or deletes', () => {
    expect(parseRefUpdate(`${zero} ${a} refs/heads/x`)).toEqual({
      oldOid: zero,
      newOid: a,
      refName: 'refs/heads/x',
      kind: 'create',
    });
    expect(parseRefUpdate(`${a} ${b} x`)?.kind).toBe('update');
    expect(parseRefUpdate(`${a} ${zero} x`)?.kind).toBe('delete');
    expect(parseRefUpdate(`${zero} ${zero} x`)?.kind).toBe('delete');
    expect(parseRefUpdate(`${'0'.repeat(64)} ${'c'.repeat(64)} x`)?.kind).toBe('create');
  });

  test('has a name that ends with the line, spaces included', () => {
    expect(parseRefUpdate(`${a} ${b} refs/heads/a b `)?.refName).toBe('refs/heads/a b ');
  });

  test.each([
    '',
    a,
    `${a} ${b}`,
    `${a} ${b} `,
    `${a}  ${b} x`,
    ` ${a} ${b} x`,
    `${a.slice(1)} ${b} x`,
    `${a.toUpperCase()} ${b} x`,
    `${a} ${'c'.repeat(64)} x`,
    `${a}\t${b}\tx`,
  ])('is not %j', (text) => {
    expect(parseRefUpdate(text)).toBeUndefined();
  });
});

describe('a push request', () => {
  test('has commands, the first of them with capabilities, and ends before the pack', () => {
    const found = parseText(
      pkt(`${zero} ${a} refs/heads/x\0 report-status side-band-64k agent=git/2\n`),
      pkt(`${a} ${b} refs/heads/y\n`),
      flush,
      pack,
    );
    expect(found.updates.map(({ refName, kind }) => [refName, kind])).toEqual([
      ['refs/heads/x', 'create'],
      ['refs/heads/y', 'update'],
    ]);
    expect([...found.capabilities]).toEqual([
      ['report-status', []],
      ['side-band-64k', []],
      ['agent', ['git/2']],
    ]);
    expect(found).toMatchObject({ pushOptions: [], shallow: [], certificate: undefined, rest: pack });
  });

  test('is empty for the probe of a large push, whatever else was negotiated', () => {
    expect(parseText(flush)).toMatchObject({ updates: [], rest: '' });
    expect(parseText(pkt(`shallow ${a}\0push-options`), flush, 'x')).toMatchObject({
      updates: [],
      rest: 'x',
    });
  });

  test('may have shallow lines anywhere among its commands; what they carry is not negotiated', () => {
    const found = parseText(
      pkt(`shallow ${b}\0push-options`),
      pkt(`${zero} ${a} x\0report-status`),
      pkt(`shallow ${a}\n`),
      flush,
      pack,
    );
    expect(found.shallow).toEqual([b, a]);
    expect([...found.capabilities.keys()]).toEqual(['report-status']);
    expect(found).toMatchObject({ pushOptions: [], rest: pack });
  });

  test('has push options where they were offered and negotiated', () => {
    const body = [
      pkt(`${zero} ${a} x\0push-options`),
      flush,
      pkt('ci.skip\n'),
      pkt('a=b'),
      pkt(''),
      flush,
      pack,
    ];
    const bytes = Buffer.from(body.join(''));
    expect(parse([bytes])).toMatchObject({ pushOptions: ['ci.skip', 'a=b', ''], rest: pack });
    // Not offered: git takes what follows for the pack, and so do we.
    const rest = body.slice(2).join('');
    expect(parse([bytes], false)).toMatchObject({ pushOptions: [], rest });
    expect(parseText(pkt(`${zero} ${a} x\0report-status`), flush, rest)).toMatchObject({
      pushOptions: [],
      rest,
    });
  });

  test('may be signed: its commands are those of the certificate', () => {
    const found = parseText(...signed, flush, pkt('an option'), flush, pack);
    expect(found.updates.map(({ refName, kind }) => [refName, kind])).toEqual([
      ['refs/heads/one', 'create'],
      ['refs/heads/two', 'delete'],
    ]);
    expect(found.certificate).toBe(certificate.join(''));
    expect(found).toMatchObject({ pushOptions: ['an option'], rest: pack });
    expect(found.capabilities.has('report-status')).toBe(true);
  });

  test('that is signed may have shallow lines on either side of the certificate', () => {
    const found = parseText(pkt(`shallow ${a}`), ...signed, pkt(`shallow ${b}`), flush, flush);
    expect(found.shallow).toEqual([a, b]);
    expect(found.updates).toHaveLength(2);
  });

  test('is the same wherever its bytes are cut', () => {
    const plain = [pkt(`shallow ${b}`), pkt(`${zero} ${a} x\0push-options`), flush, pkt('o'), flush, pack];
    for (const lines of [plain, [...signed, flush, flush, pack]]) {
      const bytes = Buffer.from(lines.join(''));
      const whole = parse([bytes]);
      expect(whole.rest).toBe(pack);
      for (const position of cuts(bytes)) expect(parse(cutAt(bytes, position))).toEqual(whole);
      expect(parse(eachByte(bytes))).toEqual(whole);
    }
  });

  test('has no result before its end', () => {
    const parser = new PushRequestParser({ offersPushOptions: true });
    expect(parser.feed(Buffer.from(pkt(`${zero} ${a} x\0push-options`)))).toBeUndefined();
    expect(() => parser.result()).toThrow(PushRequestError);
    expect(parser.feed(Buffer.from(flush))).toBeUndefined();
    expect(() => parser.result()).toThrow(PushRequestError);
    expect(parser.feed(Buffer.from(flush))).toBe(4);
    expect(parser.result().updates).toHaveLength(1);
  });
});

describe('a push request is refused', () => {
  const command = pkt(`${zero} ${a} x\0report-status`);

  test.each([
    ['with a line that is no command', pkt('hello'), flush],
    ['with an empty line', pkt(''), flush],
    ['with ids of two kinds', pkt(`${zero} ${'a'.repeat(64)} x`), flush],
    ['with a delimiter', delimiter, flush],
    ['with a delimiter among its options', pkt(`${zero} ${a} x\0push-options`) + flush + delimiter, flush],
    ['with a shallow line without an id', pkt('shallow x'), flush],
    ['with a shallow line of more than an id', pkt(`shallow ${a} ${b}`), flush],
    // git adds a second list to the first, and carries out commands beside a certificate.
    ['with a second list of capabilities', command + pkt(`${zero} ${a} y\0push-options`), flush],
    ['with commands before a certificate', command + pkt('push-cert\n') + signed.slice(1).join(''), flush],
    ['with commands behind a certificate', signed.join('') + pkt(`${zero} ${a} y`), flush],
    ['with two certificates', signed.join('') + pkt('push-cert\n'), flush],
    ['with a certificate that has no end', signed.slice(0, -1).join(''), flush],
    [
      'with a certificate that has no commands',
      pkt('push-cert\0x\n') + pkt('a\n') + pkt('push-cert-end\n'),
      '',
    ],
    [
      'with a certificate that has a bad command',
      pkt('push-cert\0x\n') + pkt('a\n\n') + pkt('b\n') + pkt('push-cert-end\n'),
      '',
    ],
  ])('%s', (_name, text, end) => {
    const parser = new PushRequestParser({ offersPushOptions: true });
    expect(() => parser.feed(Buffer.from(text + end))).toThrow(PushRequestError);
    expect(() => parser.result()).toThrow(PushRequestError);
  });

  test('when it is no pkt-lines', () => {
    expect(() => parseText('GET / HTTP/1.1\r\n')).toThrow(PktLineError);
    expect(() => parseText(command, pack)).toThrow(PktLineError);
  });
});
