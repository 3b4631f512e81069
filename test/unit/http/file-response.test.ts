import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RequestHeaders } from '../../../src/context.js';
import { GitTyphoonError } from '../../../src/errors.js';
import type { GitResponse } from '../../../src/http/exchange.js';
import { fileResponse, parseRange, type ByteRange } from '../../../src/http/file-response.js';
import { makeTempDir, type TempDir } from '../../support/fixtures.js';
import { requestWith } from './requests.js';

const outside = 'outside';

function rangeOf(header: string | undefined, size: number): ByteRange | undefined | typeof outside {
  try {
    return parseRange(header, size);
  } catch (error) {
    const isRangeError = error instanceof GitTyphoonError && error.code === 'ERR_RANGE';
    if (isRangeError && error.headers[0]?.join() === `Content-Range,bytes */${size}`) return outside;
    throw error;
  }
}

describe('a range', () => {
  test.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=0-', { start: 0, end: 9 }],
    ['bytes=3-5', { start: 3, end: 5 }],
    ['bytes=3-99', { start: 3, end: 9 }],
    ['bytes=9-', { start: 9, end: 9 }],
    ['bytes=-1', { start: 9, end: 9 }],
    ['bytes=-99', { start: 0, end: 9 }],
    ['BYTES=1-2', { start: 1, end: 2 }],
    [' bytes=1-2 ', { start: 1, end: 2 }],
    ['bytes=0-99999999999999999999999999', { start: 0, end: 9 }],
    [`bytes=-${'9'.repeat(400)}`, { start: 0, end: 9 }],
    ['bytes=10-', outside],
    ['bytes=10-20', outside],
    ['bytes=-0', outside],
    [`bytes=${'9'.repeat(400)}-`, outside],
    [undefined, undefined],
    ['', undefined],
    ['bytes', undefined],
    ['bytes=', undefined],
    ['bytes=-', undefined],
    ['bytes=5-3', undefined],
    ['bytes=12-11', undefined],
    ['bytes=a-b', undefined],
    ['bytes=1', undefined],
    ['bytes=0x1-2', undefined],
    ['bytes=+1-2', undefined],
    ['bytes=--1', undefined],
    ['bytes=1.0-2', undefined],
    ['bytes= 1-2', undefined],
    ['bytes=0-1,3-4', undefined],
    ['lines=0-1', undefined],
    ['bytes=٣-٤', undefined],
  ])('%j of ten bytes is %j', (header, expected) => {
    expect(rangeOf(header, 10)).toEqual(expected);
  });

  test('of an empty file lies outside of it', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) expect(rangeOf(header, 0)).toBe(outside);
  });

  test('is what a slice of the file would be', () => {
    const number = fc.option(fc.nat(30), { nil: undefined });
    fc.assert(
      fc.property(number, number, fc.nat(25), (first, last, size) => {
        const all = Array.from({ length: size }, (_unused, index) => index);
        const found = rangeOf(`bytes=${first ?? ''}-${last ?? ''}`, size);
        const isRange = first === undefined ? last !== undefined : last === undefined || first <= last;
        const suffix = last === 0 ? [] : all.slice(-(last ?? 0));
        const slice = first === undefined ? suffix : all.slice(first, last === undefined ? size : last + 1);
        const expected = slice.length === 0 ? outside : { start: slice[0], end: slice.at(-1) };
        expect(found).toEqual(isRange ? expected : undefined);
      }),
    );
  });
});

describe('a file as an answer', () => {
  let folder: TempDir;
  let path: string;
  const content = '0123456789';
  const modified = 'Thu, 01 Jan 2026 00:00:00 GMT';

  beforeAll(() => {
    folder = makeTempDir();
    path = join(folder.path, 'file');
    writeFileSync(path, content);
    // Half a second more than the header can tell.
    const time = Date.parse(modified) / 1000 + 0.5;
    utimesSync(path, time, time);
  });
  afterAll(() => folder.dispose());

  const answer = (headers: RequestHeaders, method = 'GET'): Promise<GitResponse> =>
    fileResponse(requestWith(headers, [], { method }), path, [['Content-Type', 'text/plain']]);

  async function bodyOf({ body }: GitResponse): Promise<string> {
    if (body.kind !== 'stream') return '';
    const bytes = await buffer(body.stream);
    expect(body.sentBytes()).toBe(bytes.length);
    return bytes.toString();
  }

  test('is whole without conditions', async () => {
    const response = await answer({});
    expect(response.status).toBe(200);
    expect(response.headers).toEqual([
      ['Content-Type', 'text/plain'],
      ['Last-Modified', modified],
      ['Content-Length', '10'],
    ]);
    expect(await bodyOf(response)).toBe(content);
  });

  test('is a part when a range is asked for', async () => {
    const response = await answer({ range: 'bytes=2-4' });
    expect(response.status).toBe(206);
    expect(new Map(response.headers)).toEqual(
      new Map([
        ['Content-Type', 'text/plain'],
        ['Last-Modified', modified],
        ['Content-Length', '3'],
        ['Content-Range', 'bytes 2-4/10'],
      ]),
    );
    expect(await bodyOf(response)).toBe('234');
  });

  test('is whole when it is not the one that If-Range means', async () => {
    const range = 'bytes=2-4';
    expect(await bodyOf(await answer({ range, 'if-range': modified }))).toBe('234');
    for (const condition of [
      'Thu, 01 Jan 2026 00:00:01 GMT',
      'Wed, 31 Dec 2025 23:59:59 GMT',
      '"etag"',
      '',
    ]) {
      expect(await bodyOf(await answer({ range, 'if-range': condition }))).toBe(content);
    }
  });

  test('is not sent again to those who have it', async () => {
    for (const since of [modified, 'Fri, 02 Jan 2026 00:00:00 GMT']) {
      const response = await answer({ 'if-modified-since': since, range: 'bytes=99-' });
      expect(response).toMatchObject({ status: 304, body: { kind: 'empty' } });
    }
    for (const since of ['Wed, 31 Dec 2025 23:59:59 GMT', 'yesterday', '']) {
      expect((await answer({ 'if-modified-since': since }, 'HEAD')).status).toBe(200);
    }
  });

  test('to HEAD has the headers of the whole only, and the body of an empty file is none', async () => {
    const response = await answer({ range: 'bytes=2-4' }, 'HEAD');
    expect(response).toMatchObject({ status: 200, body: { kind: 'empty' } });
    expect(response.headers).toContainEqual(['Content-Length', '10']);
    const empty = join(folder.path, 'empty');
    writeFileSync(empty, '');
    const nothing = await fileResponse(requestWith({}, [], { method: 'GET' }), empty, []);
    expect(nothing).toMatchObject({ status: 200, body: { kind: 'empty' } });
    expect(nothing.headers).toContainEqual(['Content-Length', '0']);
  });

  test('is refused for a range outside of it', async () => {
    await expect(answer({ range: 'bytes=10-' })).rejects.toMatchObject({ status: 416 });
  });

  test('is not found when it is missing, a folder, a link, or below a file', async () => {
    mkdirSync(join(folder.path, 'folder'));
    symlinkSync(path, join(folder.path, 'link'));
    for (const name of ['missing', 'folder', 'link', 'file/below']) {
      const response = fileResponse(requestWith({}), join(folder.path, name), []);
      await expect(response).rejects.toThrow(
        new GitTyphoonError('ERR_NOT_FOUND', { message: 'file not found' }),
      );
    }
  });
});
