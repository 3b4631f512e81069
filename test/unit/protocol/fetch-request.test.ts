import { describe, expect, test } from 'vitest';
import { parseFetchRequest, type FetchRequest } from '../../../src/protocol/fetch-request.js';
import { delimiter, flush, pkt } from '../../conformance/differential/case.js';
import { cutAt, cuts, eachByte } from '../../fuzz/mutations.js';

async function* stream(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

const parse = (text: string): Promise<FetchRequest> => parseFetchRequest(stream([Buffer.from(text)]));

const nothing: FetchRequest = {
  command: undefined,
  wants: [],
  wantRefs: [],
  haveCount: 0,
  depth: undefined,
  filter: undefined,
  done: false,
  agent: undefined,
};

const [a, b, c] = ['a', 'b', 'c'].map((digit) => digit.repeat(40)) as [string, string, string];

const version0 = [
  pkt(`want ${a} multi_ack_detailed no-done side-band-64k thin-pack ofs-delta agent=git/2.39.5\n`),
  pkt(`want ${b}\n`),
  pkt(`shallow ${c}\n`),
  pkt('deepen 3\n'),
  pkt('filter blob:none\n'),
  flush,
  pkt(`have ${c}\n`),
  pkt(`have ${a}\n`),
  pkt('done\n'),
].join('');

const version2 = [
  pkt('command=fetch'),
  pkt('agent=git/2.39.5-Linux'),
  pkt('object-format=sha1'),
  delimiter,
  pkt('thin-pack'),
  pkt(`want ${a}\n`),
  pkt('want-ref refs/heads/main\n'),
  pkt(`have ${b}\n`),
  pkt('filter tree:0\n'),
  pkt('deepen 1\n'),
  pkt('done\n'),
  flush,
].join('');

describe('a fetch request', () => {
  test('of version 0 or 1 has its capabilities behind the first want', async () => {
    expect(await parse(version0)).toEqual({
      command: 'fetch',
      wants: [a, b],
      wantRefs: [],
      haveCount: 2,
      depth: 3,
      filter: 'blob:none',
      done: true,
      agent: 'git/2.39.5',
    });
  });

  test('of version 2 names its command', async () => {
    expect(await parse(version2)).toEqual({
      command: 'fetch',
      wants: [a],
      wantRefs: ['refs/heads/main'],
      haveCount: 1,
      depth: 1,
      filter: 'tree:0',
      done: true,
      agent: 'git/2.39.5-Linux',
    });
  });

  test('of another command is told by its name', async () => {
    const text = pkt('command=ls-refs\n') + pkt('agent=x\n') + delimiter + pkt('ref-prefix refs/\n') + flush;
    expect(await parse(text)).toEqual({ ...nothing, command: 'ls-refs', agent: 'x' });
  });

  test('is the same wherever its bytes are cut', async () => {
    for (const text of [version0, version2]) {
      const bytes = Buffer.from(text);
      const whole = await parse(text);
      for (const position of cuts(bytes)) {
        expect(await parseFetchRequest(stream(cutAt(bytes, position)))).toEqual(whole);
      }
      expect(await parseFetchRequest(stream(eachByte(bytes)))).toEqual(whole);
    }
  });

  test('without any want is none', async () => {
    expect(await parse('')).toEqual(nothing);
    expect(await parse(flush)).toEqual(nothing);
    expect(await parse(flush + pkt('done\n'))).toEqual({ ...nothing, done: true });
  });

  test('is read up to where it stops being pkt-lines', async () => {
    const good = { ...nothing, command: 'fetch', wants: [a] };
    for (const rest of ['', '00', 'zzzz', '0003', 'ffff', '0032want', 'PACK']) {
      expect(await parse(pkt(`want ${a}\n`) + rest)).toEqual(good);
    }
  });

  test.each(['deepen', 'deepen ', 'deepen x', 'deepen -1', 'deepen 1x', 'deepen-since 5', 'deepen-relative'])(
    'has no depth for the line %j',
    async (line) => {
      expect((await parse(pkt(`${line}\n`))).depth).toBeUndefined();
    },
  );

  test('passes on the failure of its source, which is no matter of grammar', async () => {
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.from(flush);
      throw new Error('disk');
    }
    await expect(parseFetchRequest(failing())).rejects.toThrow('disk');
  });
});

test('of millions of lines no more is kept than the request itself would take', async () => {
  const lines = pkt(`want ${a}\n`).repeat(120_000) + pkt('want abc\n').repeat(1_000);
  const names = pkt(`want-ref ${'r'.repeat(2_000)}\n`).repeat(100);
  const parsed = await parse(pkt('command=fetch') + names + lines);
  expect(parsed.wants).toHaveLength(100_000);
  expect(parsed.wantRefs).toEqual([]);
  const haves = await parse(pkt('have x\n').repeat(600_000));
  expect(haves.haveCount).toBe(500_000);
});
