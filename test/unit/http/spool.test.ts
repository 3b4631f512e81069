import { readdirSync, readSync } from 'node:fs';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Spool } from '../../../src/http/spool.js';
import { openFiles } from '../../conformance/leftovers.js';
import { makeTempDir, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
beforeAll(() => {
  folder = makeTempDir();
});
afterAll(() => folder.dispose());

const makeSpool = (thresholdBytes: number): Spool => new Spool({ thresholdBytes, directory: folder.path });

async function readAll(spool: Spool): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of spool.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What git would read from its standard input. */
function fromSource(spool: Spool): Buffer {
  const source = spool.source();
  if ('bytes' in source) return source.bytes;
  const bytes = Buffer.alloc(spool.size + 1);
  let length = 0;
  for (let read = -1; read !== 0; length += read)
    read = readSync(source.fd, bytes, length, bytes.length - length, null);
  return bytes.subarray(0, length);
}

describe('a spool', () => {
  test('stays in memory up to its threshold, and goes to a nameless file beyond it', async () => {
    const spool = makeSpool(4);
    expect(spool.add(Buffer.from('ab'))).toBeUndefined();
    expect(spool.add(Buffer.from('cd'))).toBeUndefined();
    expect(spool.source()).toEqual({ bytes: Buffer.from('abcd') });
    await spool.add(Buffer.from('e'));
    expect(spool.source()).toHaveProperty('fd');
    expect(spool.size).toBe(5);
    expect(readdirSync(folder.path)).toEqual([]);
    expect((await readAll(spool)).toString()).toBe('abcde');
    await spool.dispose();
  });

  test('gives what it was given, in order, to us and then to git', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 1000 }), async (all, thresholdBytes) => {
        const spool = makeSpool(thresholdBytes);
        try {
          for (const chunk of all) await spool.add(Buffer.from(chunk));
          const whole = Buffer.concat(all);
          expect(spool.size).toBe(whole.length);
          expect('fd' in spool.source()).toBe(whole.length > thresholdBytes);
          expect(await readAll(spool)).toEqual(whole);
          expect(fromSource(spool)).toEqual(whole);
        } finally {
          await spool.dispose();
        }
      }),
      { numRuns: 50 },
    );
  });

  test('is read in pieces when it is large', async () => {
    const spool = makeSpool(1);
    const whole = Buffer.alloc(300_000, 'abcdefg');
    await spool.add(whole);
    let largest = 0;
    for await (const chunk of spool.read()) largest = Math.max(largest, chunk.length);
    expect(largest).toBeLessThanOrEqual(64 * 1024);
    expect(await readAll(spool)).toEqual(whole);
    await spool.dispose();
  });

  test('leaves nothing open', async () => {
    const before = openFiles();
    for (let i = 0; i < 10; i++) {
      const spool = makeSpool(1);
      await spool.add(Buffer.from('abc'));
      expect(openFiles()).toBe(before + 1);
      await spool.dispose();
      await spool.dispose();
    }
    expect(openFiles()).toBe(before);
  });

  test('fails when its folder cannot be written to', async () => {
    const spool = new Spool({ thresholdBytes: 1, directory: `${folder.path}/missing` });
    await expect(spool.add(Buffer.from('abc'))).rejects.toThrow('ENOENT');
    await spool.dispose();
  });
});
