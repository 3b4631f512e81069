/** Heads that HTTP forbids, or allows although hardly anybody sends them; and what comes behind a request. */
import { gzipSync } from 'node:zlib';
import { flush, pkt } from '../conformance/differential/case.js';
import { lsRefs } from '../conformance/raw-push.js';
import {
  ask,
  exactLength,
  host,
  inChunks,
  oneChunk,
  read,
  type,
  usual,
  versionTwo,
  type Row,
} from './raw-requests.js';

const encoded = gzipSync(lsRefs);

/** node:http takes the first of two; the Web's `Headers` join them, so that the type is no longer exact. */
const joined = { 'node:http': [200], fetch: [415] } as const;

const duplicates: readonly Row[] = [
  ['Content-Type twice', joined, ask([...usual, type, exactLength])],
  [
    'another Content-Type first',
    [415],
    ask([host, 'Content-Type: text/plain', ...usual.slice(1), exactLength]),
  ],
  ['another Content-Type second', joined, ask([...usual, 'Content-Type: text/plain', exactLength])],
  [
    'Content-Encoding: gzip twice',
    [415],
    ask(
      [...usual, 'Content-Encoding: gzip', 'Content-Encoding: gzip', `Content-Length: ${encoded.length}`],
      encoded,
    ),
  ],
  [
    'Content-Encoding: gzip and identity',
    [415],
    ask(
      [...usual, 'Content-Encoding: gzip', 'Content-Encoding: identity', `Content-Length: ${encoded.length}`],
      encoded,
    ),
  ],
  [
    'Authorization twice',
    [200],
    ask([...usual, 'Authorization: Basic YTpi', 'Authorization: Basic Yzpk', exactLength]),
  ],
  ['Git-Protocol twice', [200], ask([...usual, versionTwo, exactLength])],
  ['Host twice', [200], ask([host, ...usual, exactLength])],
  ['Host twice, differently', [200], ask(['Host: elsewhere', ...usual, exactLength])],
  ['Range twice', [200], read([host, 'Range: bytes=0-1', 'Range: bytes=2-3'])],
  ['Expect twice', [200], ask([...usual, 'Expect: 100-continue', 'Expect: 100-continue', exactLength])],
  ['an unknown Expect', [417], ask([...usual, 'Expect: 200-maybe', exactLength])],
  ['no Host', [400], ask([...usual.slice(1), exactLength])],
  ['an empty Host', [200], ask(['Host:', ...usual.slice(1), exactLength])],
  [
    'a Host that is none',
    { 'node:http': [200], fetch: [400] },
    ask(['Host: a b/c?d#e@f', ...usual.slice(1), exactLength]),
  ],
];

const oversized: readonly Row[] = [
  ['headers beyond the limit', [431], read([host, `X: ${'x'.repeat(70_000)}`])],
  ['3,000 headers', [200], read([host, ...Array.from({ length: 3_000 }, () => 'a:b')])],
  ['20,000 headers', [431], read([host, ...Array.from({ length: 20_000 }, () => 'a:b')])],
  ['a path of 5,000 bytes', [404], read([host], { target: `/${'x'.repeat(5_000)}/HEAD` })],
  ['a path of 5,000 bytes in parts', [404], read([host], { target: `${'/x'.repeat(2_500)}/HEAD` })],
  ['a path of 70,000 bytes', [431], read([host], { target: `/${'x'.repeat(70_000)}/HEAD` })],
];

const lines: readonly Row[] = [
  ['an empty line before the request', [200], Buffer.concat([Buffer.from('\r\n'), read([host])])],
  ['LF alone', [400], Buffer.from(read([host]).toString().replaceAll('\r\n', '\n'))],
  ['CR alone', [400], Buffer.from(read([host]).toString().replaceAll('\r\n', '\r'))],
  ['a space before the colon', [400], read(['Host : localhost'])],
  ['a folded header', [400], read([host, 'X: a\r\n b'])],
  ['a NUL in a header', [400], read([host, 'X: a\0b'])],
  ['a header without a name', [400], read([host, ': x'])],
  ['a header without a colon', [400], read([host, 'nonsense'])],
  ['no version, as in HTTP/0.9', [200], read([host], { version: '' })],
  ['HTTP/1.2', [400], read([host], { version: ' HTTP/1.2' })],
  ['HTTP/2.0 in the first line', [200], read([host], { version: ' HTTP/2.0' })],
  ['HTTP/0.9 in the first line', [200], read([host], { version: ' HTTP/0.9' })],
  ['the preface of HTTP/2', [400], Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['a method that is unknown', [400], read([host], { method: 'GIT' })],
  ['a method in small letters', [400], read([host], { method: 'get' })],
  ['CONNECT', [], read([host], { method: 'CONNECT', target: 'localhost:80' })],
  ['OPTIONS *', { 'node:http': [404], fetch: [400] }, read([host], { method: 'OPTIONS', target: '*' })],
  ['an absolute target', [200], read([host], { target: 'http://elsewhere/app.git/HEAD' })],
  [
    'a target with a fragment',
    { 'node:http': [404], fetch: [200] },
    read([host], { target: '/app.git/HEAD#part' }),
  ],
  ['bytes beyond ASCII', [400], read([host], { target: '/\xff\xfe.git/HEAD' })],
  ['TLS', [400], Buffer.from('16030100a5010000a103', 'hex')],
  [
    'an upgrade to HTTP/2',
    [200],
    read([
      host,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
    ]),
  ],
  [
    'an upgrade to a WebSocket',
    [200],
    read([
      host,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version: 13',
    ]),
  ],
];

/** Version 0 reads on after the flush. */
const unknownWant = `${pkt(`want ${'12'.repeat(20)}\n`)}${flush}${pkt('done\n')}garbage`;
const one = ask([...usual, exactLength]);
// Node.js answers a parse error at once, and gives up what it has begun.
const behind: readonly Row[] = [
  ['garbage behind a request', [400], Buffer.concat([one, Buffer.from('garbage\r\n\r\n')])],
  ['zeros behind a request', [400], Buffer.concat([one, Buffer.alloc(100)])],
  ['empty lines behind a request', [200], Buffer.concat([one, Buffer.from('\r\n\r\n')])],
  [
    'garbage behind an end of chunks',
    [400],
    Buffer.concat([ask([...usual, inChunks], oneChunk), Buffer.from('5\r\nhello\r\n0\r\n\r\n')]),
  ],
  ['a request behind garbage', [400], Buffer.concat([Buffer.from('garbage\r\n\r\n'), one])],
  [
    'a request behind refusals',
    [404, 405, 415, 200],
    Buffer.concat([
      read([host], { target: '/nothing.git/HEAD' }),
      read([host], { method: 'PUT' }),
      ask([host, versionTwo, exactLength]),
      one,
    ]),
  ],
  [
    'bytes behind the flush',
    [200],
    ask([...usual, `Content-Length: ${lsRefs.length + 7}`], `${lsRefs}garbage`),
  ],
  [
    'a second command behind the flush',
    [200],
    ask([...usual, `Content-Length: ${lsRefs.length * 2}`], lsRefs + lsRefs),
  ],
  ['bytes behind the flush of a probe', [200], ask([...usual, 'Content-Length: 8'], `${flush}zzzz`)],
  [
    'bytes behind the done of version 0',
    [200],
    ask([host, type, `Content-Length: ${unknownWant.length}`], unknownWant),
  ],
];

export const headCases: readonly Row[] = [...duplicates, ...oversized, ...lines, ...behind];
