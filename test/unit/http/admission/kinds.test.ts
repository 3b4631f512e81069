import { expect, test } from 'vitest';
import { kindOfFetch } from '../../../../src/http/admission/kinds.js';
import { parseFetchRequest } from '../../../../src/protocol/fetch-request.js';

const oid = '1'.repeat(40);

async function kindOf(...lines: readonly string[]): Promise<string> {
  const pkt = (line: string): string =>
    line.length === 4 && /^000[01]$/.test(line)
      ? line
      : (line.length + 5).toString(16).padStart(4, '0') + `${line}\n`;
  async function* pieces(): AsyncGenerator<Buffer> {
    yield Buffer.from(lines.map((line) => pkt(line)).join(''));
  }
  return kindOfFetch(await parseFetchRequest(pieces()));
}

test.each([
  ['refs', ['command=ls-refs', '0001', 'peel', '0000']],
  ['refs', ['command=object-info', '0001', 'size', '0000']],
  ['refs', ['0000']],
  ['lazy', ['command=fetch', '0001', 'thin-pack', 'filter blob:none', `want ${oid}`, 'done', '0000']],
  ['lazy', [`want ${oid} filter thin-pack`, 'filter blob:none', '0000', 'done']],
  ['fetch', ['command=fetch', '0001', `want ${oid}`, 'done', '0000']],
  ['fetch', ['command=fetch', '0001', 'filter blob:none', `want ${oid}`, `have ${oid}`, '0000']],
  ['fetch', ['command=fetch', '0001', 'filter blob:none', 'deepen 1', `want ${oid}`, 'done', '0000']],
  ['fetch', ['command=fetch', '0001', 'filter blob:limit=1t', `want ${oid}`, 'done', '0000']],
  ['fetch', [`want ${oid} thin-pack`, '0000', 'done']],
])('%s: %j', async (kind, lines) => {
  expect(await kindOf(...lines)).toBe(kind);
});
