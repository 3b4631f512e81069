import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { DeflateError } from '../../../../src/protocol/pack/huffman.js';
import { PackEntries, PackError } from '../../../../src/protocol/pack/pack-entries.js';
import { eachByte } from '../../../fuzz/mutations.js';
import {
  commitFile,
  commitRandom,
  git,
  gitOk,
  makeTempDir,
  makeWorkTree,
} from '../../../support/fixtures.js';
import { entryHeader, entryTypes, packHeader, packOf } from '../../../support/packs.js';

const folder = makeTempDir();
afterAll(() => folder.dispose());

function sizesIn(pieces: readonly Buffer[], oidBytes = 20): number[] {
  const sizes: number[] = [];
  const entries = new PackEntries({ oidBytes, onSize: (bytes) => void sizes.push(bytes) });
  for (const piece of pieces) entries.feed(piece);
  return sizes;
}

const lines = (count: number, seed: number): string =>
  Array.from({ length: count }, (_, i) => `line ${i} ${((i + seed) * 2654435761) >>> 7}\n`).join('');

async function makeHistory(objectFormat: string): Promise<string> {
  const work = await makeWorkTree(join(folder.path, objectFormat), { objectFormat });
  const text = lines(3_000, 0);
  await commitFile(work, 'text', text);
  await commitFile(work, 'text', text.replace('line 700 ', 'LINE 700 '));
  await commitFile(work, 'text', `${text}one more\n`);
  await commitFile(work, 'empty', '');
  await commitFile(work, 'zeros', Buffer.alloc(300_000));
  await commitRandom(work, 'random', 150_000);
  await gitOk(['tag', '-a', '-m', 'x', 'v1'], { cwd: work });
  return work;
}

interface Listed {
  /** What we expect to be told, in the order of the pack. */
  readonly sizes: number[];
  readonly deltas: number;
}

/** What git says of a pack: the sizes of the entries, and behind those of deltas what these make. */
async function listed(work: string, pack: Buffer): Promise<Listed> {
  const take = ['index-pack', '--stdin', '--fix-thin', 'listed.pack'];
  await gitOk(take, { cwd: work, input: pack });
  const said = await gitOk(['verify-pack', '-v', 'listed.idx'], { cwd: work });
  const entries = said
    .split('\n')
    .filter((line) => /^[\da-f]{40}/.test(line))
    .map((line) => line.split(/ +/))
    .map(([oid = '', , size, , offset, depth]) => ({
      oid,
      size: Number(size),
      offset: Number(offset),
      isDelta: depth !== undefined,
    }))
    .sort((a, b) => a.offset - b.offset)
    .slice(0, pack.readUInt32BE(8));
  const input = entries.map(({ oid }) => `${oid}\n`).join('');
  const results = await gitOk(['cat-file', '--batch-check=%(objectsize)'], { cwd: work, input });
  for (const name of ['listed.pack', 'listed.idx']) rmSync(join(work, name), { force: true });
  const result = results.split('\n').map(Number);
  return {
    sizes: entries.flatMap(({ size, isDelta }, i) => (isDelta ? [size, result[i] as number] : [size])),
    deltas: entries.filter(({ isDelta }) => isDelta).length,
  };
}

describe.each(['sha1', 'sha256'])('a pack of %s that git has made', (objectFormat) => {
  const oidBytes = objectFormat === 'sha1' ? 20 : 32;
  let work = '';
  beforeAll(async () => {
    work = await makeHistory(objectFormat);
  });

  it.each([
    ['without deltas', ['v1'], { args: ['--depth=0'] }, 0],
    ['with deltas by offset', ['v1'], { args: ['--delta-base-offset'] }, 2],
    ['with deltas by name', ['v1'], {}, 2],
    ['that is thin', ['v1', '^v1~4'], { args: ['--thin'] }, 1],
    ['that is not compressed', ['v1'], { config: ['pack.compression=0'], args: ['--no-reuse-object'] }, 2],
    ['that is hardly compressed', ['v1'], { config: ['pack.compression=1'], args: ['--no-reuse-object'] }, 2],
    ['that is compressed well', ['v1'], { config: ['pack.compression=9'], args: ['--no-reuse-object'] }, 2],
    ['of nothing', ['v1', '^v1'], {}, 0],
  ] as const)(
    '%s tells the size of every object, wherever it is cut',
    async (_how, revisions, options, n) => {
      const pack = await packOf(work, revisions, options);
      const { sizes, deltas } = await listed(work, pack);
      expect(deltas).toBeGreaterThanOrEqual(n);
      expect(sizesIn([pack], oidBytes)).toEqual(sizes);
      expect(sizesIn(eachByte(pack), oidBytes)).toEqual(sizes);
      for (const length of [2, 3, 5, 7, 4096]) {
        const pieces = Array.from({ length: Math.ceil(pack.length / length) }, (_, i) =>
          pack.subarray(i * length, (i + 1) * length),
        );
        expect(sizesIn(pieces, oidBytes)).toEqual(sizes);
      }
    },
  );
});

describe('a size is told', () => {
  test('before anything of the object has come', () => {
    const size = 200 * 1024 * 1024;
    expect(sizesIn([packHeader(1), entryHeader(entryTypes.blob, size)])).toEqual([size]);
    expect(sizesIn([packHeader(1), entryHeader(entryTypes.blob, 2 ** 52)])).toEqual([2 ** 52]);
  });

  test('of what a delta makes as soon as its first bytes have come, also where they repeat each other', () => {
    // Base 0x81 0x81 0x01, result 0x81 … 0x01: zlib writes all but the first of the equal bytes as a copy.
    const contents = Buffer.concat([
      Buffer.alloc(7, 0x81),
      Buffer.from([1]),
      Buffer.alloc(7, 0x81),
      Buffer.from([1]),
    ]);
    const delta = Buffer.concat([contents, Buffer.alloc(5_000)]);
    const pack = Buffer.concat([
      packHeader(1),
      entryHeader(entryTypes.refDelta, delta.length),
      Buffer.alloc(20),
      deflateSync(delta, { strategy: constants.Z_FIXED }).subarray(0, 20),
    ]);
    const result = Array.from({ length: 8 }, (_, i) => 2 ** (7 * i)).reduce((sum, part) => sum + part);
    expect(sizesIn([pack])).toEqual([delta.length, result]);
    expect(sizesIn(eachByte(pack))).toEqual([delta.length, result]);
  });
});

describe('refused is', () => {
  const blob = (size: number, contents: Buffer): Buffer =>
    Buffer.concat([packHeader(1), entryHeader(entryTypes.blob, size), deflateSync(contents)]);
  const endless = Buffer.alloc(20, 0x80);
  const entry = (...parts: Buffer[]): Buffer => Buffer.concat([packHeader(1), ...parts]);
  const delta = (contents: Buffer): Buffer =>
    entry(entryHeader(entryTypes.refDelta, contents.length), Buffer.alloc(20), deflateSync(contents));

  test.each([
    ['what is no pack', Buffer.from('PUCK\0\0\0\u0002\0\0\0\u0001'), PackError],
    ['a pack of another version', packHeader(1, 4), PackError],
    ['an entry of no type', entry(entryHeader(0, 3)), PackError],
    ['an entry of the reserved type', entry(entryHeader(5, 3)), PackError],
    ['a size without an end', entry(endless), PackError],
    ['a delta with a size without an end', delta(endless), PackError],
    ['a delta without its second size', delta(Buffer.from([1])), PackError],
    ['an object that is longer than it says', blob(5, Buffer.alloc(6)), DeflateError],
    ['an object that is much longer than it says', blob(5, Buffer.alloc(10_000_000)), DeflateError],
    ['an object that is shorter than it says', blob(5, Buffer.alloc(4)), DeflateError],
    ['a zlib stream with a dictionary', entry(entryHeader(3, 1), Buffer.from([0x78, 0xbb])), DeflateError],
    ['what is no zlib stream', entry(entryHeader(3, 1), Buffer.from([0x1f, 0x8b])), DeflateError],
  ])('%s, and git refuses it as well', async (_what, pack, error) => {
    expect(() => sizesIn([pack])).toThrow(error);
    expect(() => sizesIn(eachByte(pack))).toThrow(error);
    const path = join(folder.path, 'refused.pack');
    writeFileSync(path, pack);
    expect((await git(['index-pack', path], { cwd: folder.path })).code).not.toBe(0);
  });
});

test('what follows the last entry is let go', () => {
  const contents = Buffer.from('content');
  const one = Buffer.concat([packHeader(1), entryHeader(entryTypes.blob, 7), deflateSync(contents)]);
  expect(sizesIn([one, Buffer.alloc(20), Buffer.from('anything')])).toEqual([7]);
});
