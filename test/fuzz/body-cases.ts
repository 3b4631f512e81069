/** Bodies whose frame HTTP forbids, or allows although hardly anybody sends it. */
import { gzipSync } from 'node:zlib';
import { lsRefs } from '../conformance/raw-push.js';
import { ask, exactLength, inChunks, oneChunk, usual, type Row } from './raw-requests.js';

const lengthValues: readonly (readonly [value: string, statuses: readonly number[]])[] = [
  ['99999999999999999999', [400]],
  ['18446744073709551616', [400]],
  ['-1', [400]],
  ['1e3', [400]],
  ['0x10', [400]],
  ['+55', [400]],
  ['5 5', [400]],
  [`${lsRefs.length}, ${lsRefs.length}`, [400]],
  ['', [400]],
  [`0${lsRefs.length}`, [200]],
];
const lengths = lengthValues.map(([value, statuses]): Row => [
  `Content-Length: ${value}`,
  statuses,
  ask([...usual, `Content-Length: ${value}`]),
]);

const framings: readonly Row[] = [
  ['two lengths that differ', [400], ask([...usual, exactLength, 'Content-Length: 10'])],
  ['the same length twice', [400], ask([...usual, exactLength, exactLength])],
  ['a length and chunks', [400], ask([...usual, exactLength, inChunks], oneChunk)],
  ['chunks and a length', [400], ask([...usual, inChunks, exactLength], oneChunk)],
  ['gzip, then chunked', [501], ask([...usual, 'Transfer-Encoding: gzip, chunked'], oneChunk)],
  ['chunked, then gzip', [400], ask([...usual, 'Transfer-Encoding: chunked, gzip'], oneChunk)],
  ['chunked twice', [400], ask([...usual, inChunks, inChunks], oneChunk)],
  ['xchunked', [400], ask([...usual, 'Transfer-Encoding: xchunked'], oneChunk)],
  ['identity', [400], ask([...usual, 'Transfer-Encoding: identity'], oneChunk)],
  ['chunked with a parameter', [400], ask([...usual, 'Transfer-Encoding: chunked;q=1'], oneChunk)],
  ['CHUNKED', [200], ask([...usual, 'Transfer-Encoding: CHUNKED'], oneChunk)],
  ['chunked over HTTP/1.0', { 'node:http': [400], fetch: [200] }, ask([...usual, inChunks], oneChunk, '1.0')],
];

const size = lsRefs.length.toString(16);

const chunkBodies: readonly (readonly [name: string, statuses: readonly number[], body: string])[] = [
  ['a size that is no number', [400], `zz\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a negative size', [400], `-5\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a size with a prefix', [400], `0x${size}\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a size with a space before it', [400], ` ${size}\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a size with a space behind it', [400], `${size} \r\n${lsRefs}\r\n0\r\n\r\n`],
  ['no size', [400], `\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a size beyond 64 bits', [400], `fffffffffffffffff\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a size that is too small', [400], `5\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a size that is too large', [400], `${(lsRefs.length + 2).toString(16)}\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a chunk that ends with LF', [400], `${size}\n${lsRefs}\n0\n\n`],
  ['leading zeros', [200], `0000${size}\r\n${lsRefs}\r\n000\r\n\r\n`],
  ['an extension', [200], `${size};name=value\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['an extension of 20,000 bytes', [413], `${size};name=${'x'.repeat(20_000)}\r\n${lsRefs}\r\n0\r\n\r\n`],
  ['a trailer', [200], `${size}\r\n${lsRefs}\r\n0\r\nX-Sum: 1\r\n\r\n`],
  ['a trailer that names a length', [400], `${size}\r\n${lsRefs}\r\n0\r\nContent-Length: 3\r\n\r\n`],
  ['a trailer that is no header', [400], `${size}\r\n${lsRefs}\r\n0\r\nnonsense\r\n\r\n`],
  ['a trailer of 20,000 bytes', [431], `${size}\r\n${lsRefs}\r\n0\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
];
const chunks = chunkBodies.map(([name, statuses, body]): Row => [
  `chunks: ${name}`,
  statuses,
  ask([...usual, inChunks], body),
]);

const encoded = gzipSync(lsRefs);
const gzip = (body: Buffer): Buffer =>
  ask([...usual, 'Content-Encoding: gzip', `Content-Length: ${body.length}`], body);
const encodings: readonly Row[] = [
  ['gzip that is cut off', [400], gzip(encoded.subarray(0, -9))],
  ['gzip without its checksum', [400], gzip(encoded.subarray(0, -8))],
  ['gzip with bytes behind it', [400], gzip(Buffer.concat([encoded, Buffer.from('garbage')]))],
  [
    'gzip in two members',
    [200],
    gzip(Buffer.concat([gzipSync(lsRefs.slice(0, 9)), gzipSync(lsRefs.slice(9))])),
  ],
  ['gzip with a wrong checksum', [400], gzip(Buffer.concat([encoded.subarray(0, -8), Buffer.alloc(8)]))],
  ['gzip of nothing', [400], gzip(Buffer.alloc(0))],
  ['no gzip at all', [400], gzip(Buffer.from(lsRefs))],
];

export const bodyCases: readonly Row[] = [...lengths, ...framings, ...chunks, ...encodings];
