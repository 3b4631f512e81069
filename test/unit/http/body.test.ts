import { PassThrough, type Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestHeaders } from '../../../src/context.js';
import { GitTyphoonError, type FailureCode } from '../../../src/errors.js';
import { readBody, tooLarge } from '../../../src/http/body.js';
import { eachByte } from '../../fuzz/mutations.js';
import { requestWith } from './requests.js';

const gzip: RequestHeaders = { 'content-encoding': 'gzip' };
const generous = { maxBytes: 1 << 20, idleTimeoutMs: 60_000 };

async function read(
  headers: RequestHeaders,
  body: Readable | readonly Buffer[],
  limits: Partial<typeof generous> = {},
): Promise<string> {
  const chunks: Buffer[] = [];
  await readBody(requestWith(headers, body), { ...generous, ...limits }, (chunk) => {
    chunks.push(chunk);
    return undefined;
  });
  return Buffer.concat(chunks).toString('latin1');
}

/** The code of the failure. */
async function failureOf(reading: Promise<unknown>): Promise<FailureCode | undefined> {
  try {
    await reading;
    return undefined;
  } catch (error) {
    if (error instanceof GitTyphoonError) return error.code;
    throw error;
  }
}

describe('a body', () => {
  test.each([undefined, '', 'identity', 'Identity', ' identity '])(
    'of the coding %j is taken as it is',
    async (coding) => {
      const headers = coding === undefined ? {} : { 'content-encoding': coding };
      expect(await read(headers, [Buffer.from('a'), Buffer.from('b')])).toBe('ab');
    },
  );

  test.each(['gzip', 'x-gzip', 'GZip', ' gzip '])('of the coding %j is inflated', async (coding) => {
    expect(await read({ 'content-encoding': coding }, [gzipSync('hello')])).toBe('hello');
  });

  test.each(['deflate', 'br', 'zstd', 'gzip, gzip', 'gzip,identity', 'none'])(
    'of the coding %j is refused',
    async (coding) => {
      expect(await failureOf(read({ 'content-encoding': coding }, []))).toBe('ERR_CONTENT_ENCODING');
    },
  );

  test('may be empty', async () => {
    expect(await read({}, [])).toBe('');
    expect(await read(gzip, [gzipSync('')])).toBe('');
  });

  test('needs its length in HTTP/1.0', async () => {
    const reading = (headers: RequestHeaders): Promise<void> =>
      readBody(requestWith(headers, [], { httpVersion: '1.0' }), generous, () => undefined);
    expect(await failureOf(reading({}))).toBe('ERR_LENGTH_UNKNOWN');
    expect(await failureOf(reading({ 'content-length': '0' }))).toBeUndefined();
  });

  test('is asked for only after its headers were found good', async () => {
    let asked = 0;
    const continueBody = (): void => void (asked += 1);
    const reading = (headers: RequestHeaders): Promise<void> =>
      readBody(requestWith(headers, [], { continueBody }), { ...generous, maxBytes: 5 }, () => undefined);
    expect(await failureOf(reading({ 'content-length': '6' }))).toBe('ERR_BODY_TOO_LARGE');
    expect(await failureOf(reading({ 'content-encoding': 'br' }))).toBe('ERR_CONTENT_ENCODING');
    expect(asked).toBe(0);
    await reading({ 'content-length': '5' });
    expect(asked).toBe(1);
  });

  test('that breaks off is an error', async () => {
    for (const headers of [{}, gzip]) {
      const broken = new PassThrough();
      broken.write(gzipSync('hello').subarray(0, 12));
      const reading = failureOf(read(headers, broken));
      broken.destroy(new Error('aborted'));
      expect(await reading).toBe('ERR_BODY_TRUNCATED');
    }
  });

  test('that had broken off before anybody read it is one as well', async () => {
    const broken = new PassThrough();
    broken.destroy();
    expect(await failureOf(read({}, broken))).toBe('ERR_BODY_TRUNCATED');
  });

  test('that stands still is given up, whether or not it is compressed', async () => {
    for (const headers of [{}, gzip]) {
      expect(await failureOf(read(headers, new PassThrough(), { idleTimeoutMs: 5 }))).toBe(
        'ERR_BODY_TIMEOUT',
      );
    }
  });

  test('is not blamed for the time that its reader takes', async () => {
    const taken: string[] = [];
    await readBody(
      requestWith({}, [Buffer.from('a'), Buffer.from('b')]),
      { ...generous, idleTimeoutMs: 400 },
      (chunk) => {
        taken.push(chunk.toString());
        return new Promise((resolve) => setTimeout(resolve, 600));
      },
    );
    expect(taken).toEqual(['a', 'b']);
  });

  test('is given one chunk at a time to a reader that wants to wait, and its failure is passed on', async () => {
    for (const [headers, body] of [
      [{}, eachByte(Buffer.from('abcdef'))],
      [gzip, eachByte(gzipSync('x'.repeat(200_000)))],
    ] as const) {
      let working = 0;
      await readBody(requestWith(headers, body), generous, async () => {
        working += 1;
        expect(working).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        working -= 1;
      });
      const failing = readBody(requestWith(headers, body), generous, () =>
        Promise.reject(new Error('disk full')),
      );
      await expect(failing).rejects.toThrow('disk full');
      const throwing = readBody(requestWith(headers, body), generous, () => {
        throw new Error('no');
      });
      await expect(throwing).rejects.toThrow('no');
    }
  });
});

describe('a body that is too large', () => {
  test('is refused by its length, at once', async () => {
    expect(await failureOf(read({ 'content-length': '11' }, [], { maxBytes: 10 }))).toBe(
      'ERR_BODY_TOO_LARGE',
    );
    expect(await failureOf(read({ 'content-length': '9'.repeat(400) }, []))).toBe('ERR_BODY_TOO_LARGE');
  });

  test('is refused by its bytes, the limit itself being allowed', async () => {
    const ten = eachByte(Buffer.from('0123456789'));
    expect(await read({}, ten, { maxBytes: 10 })).toBe('0123456789');
    expect(await failureOf(read({}, ten, { maxBytes: 9 }))).toBe('ERR_BODY_TOO_LARGE');
  });

  test('once inflated is refused before it has been inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20));
    let inflated = 0;
    const reading = readBody(requestWith(gzip, [bomb]), generous, (chunk) => {
      inflated += chunk.length;
      return undefined;
    });
    expect(await failureOf(reading)).toBe('ERR_BODY_TOO_LARGE');
    expect(inflated).toBeLessThanOrEqual(generous.maxBytes);
    expect(await read(gzip, [gzipSync('x'.repeat(1000))], { maxBytes: 1000 })).toHaveLength(1000);
    expect(await failureOf(read(gzip, [gzipSync('x'.repeat(1001))], { maxBytes: 1000 }))).toBe(
      'ERR_BODY_TOO_LARGE',
    );
  });

  test('in many members that inflate to nothing is refused by what was sent', async () => {
    const members = Array.from({ length: 100 }, () => gzipSync(''));
    expect(await failureOf(read(gzip, members, { maxBytes: 1000 }))).toBe('ERR_BODY_TOO_LARGE');
  });

  test.each([
    [1, '1 bytes'],
    [1023, '1023 bytes'],
    [1024, '1 KiB'],
    [1025, '1025 bytes'],
    [1536, '1536 bytes'],
    [64 * 1024 * 1024, '64 MiB'],
    [64 * 1024 ** 3, '64 GiB'],
    [1024 ** 4, '1 TiB'],
    [1024 ** 5, '1024 TiB'],
  ])('is told the limit of %i as %s', (bytes, text) => {
    expect(tooLarge(bytes).message).toBe(
      `the request body is larger than the ${text} that this server accepts`,
    );
  });
});

describe('a compressed body', () => {
  const one = gzipSync('one');
  const two = gzipSync('two');

  test('that ends too early is an error, wherever it ends', async () => {
    for (let end = 0; end < one.length; end++) {
      expect(await failureOf(read(gzip, [one.subarray(0, end)]))).toBe('ERR_BODY_TRUNCATED');
    }
  });

  test('that is none is an error', async () => {
    for (const body of ['not gzip at all', '\u001f\u008b\u0000\u0000', '0000']) {
      expect(await failureOf(read(gzip, [Buffer.from(body, 'latin1')]))).toBe('ERR_BODY_NOT_GZIP');
    }
    const corrupt = Buffer.from(one);
    corrupt.writeUInt32LE(0, corrupt.length - 8);
    expect(await failureOf(read(gzip, [corrupt]))).toBe('ERR_BODY_NOT_GZIP');
  });

  // http-backend.c (inflate_request) stops at the end of the first member and ignores the rest; RFC 1952 allows more.
  test('may have several members', async () => {
    for (const pieces of [[Buffer.concat([one, two])], [one, two], eachByte(Buffer.concat([one, two]))]) {
      expect(await read(gzip, pieces)).toBe('onetwo');
    }
    expect(await failureOf(read(gzip, [one, two.subarray(0, 12)]))).toBe('ERR_BODY_TRUNCATED');
  });

  test('may be padded with zeros, as on tapes, but with nothing else', async () => {
    for (const pieces of [
      [Buffer.concat([one, Buffer.alloc(20)])],
      eachByte(Buffer.concat([one, Buffer.alloc(20)])),
    ]) {
      expect(await read(gzip, pieces)).toBe('one');
    }
    const padded = Buffer.concat([one, Buffer.alloc(200_000)]);
    expect(await read(gzip, [padded])).toBe('one');
    for (const rest of ['garbage', '0000', '\u001fx']) {
      const pieces = [one, Buffer.from(rest, 'latin1')];
      expect(await failureOf(read(gzip, pieces))).toBe('ERR_BODY_NOT_GZIP');
      expect(await failureOf(read(gzip, [Buffer.concat(pieces)]))).toBe('ERR_BODY_NOT_GZIP');
    }
  });

  test('is the same wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), fc.nat(), async (content, place) => {
        const whole = gzipSync(content);
        const position = place % whole.length;
        const pieces = [whole.subarray(0, position), whole.subarray(position)];
        expect(await read(gzip, pieces)).toBe(Buffer.from(content).toString('latin1'));
      }),
      { numRuns: 50 },
    );
  });
});

test('a body is not over before its last chunk has been taken, and fails when that fails', async () => {
  for (const problem of [undefined, new GitTyphoonError('ERR_NO_SPACE')]) {
    let take = (): void => {};
    let isOver = false;
    const read = readBody(requestWith({}, [Buffer.from('all')]), { maxBytes: 9, idleTimeoutMs: 50 }, () => {
      return new Promise((resolve, reject) => {
        take = () => (problem ? reject(problem) : resolve());
      });
    });
    const outcome = read.then(
      () => (isOver = true),
      (error: unknown) => ((isOver = true), error),
    );
    // Longer than a client may be idle: it is we who make it wait.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isOver).toBe(false);
    take();
    expect(await outcome).toBe(problem ?? true);
  }
});
