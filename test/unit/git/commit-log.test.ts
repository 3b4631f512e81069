import { expect, test } from 'vitest';
import { CommitLogReader, type CommitLog } from '../../../src/git/commit-log.js';

const date = '2026-02-03T04:05:06+07:00';

/** As git writes a commit; paths come as status and path. */
function record(oid: string, message: string, ...paths: string[]): string {
  const head = [oid, 'tree', date, 'Ann', 'a@x', 'Bob', 'b@x', message].join('\0');
  const list = paths.length === 0 ? '' : `\n${paths.map((path) => `${path}\0`).join('')}`;
  return `\0${head}\0\0${list}`;
}

function read(text: string, maxCommits = 20): CommitLog {
  const reader = new CommitLogReader(maxCommits);
  reader.feed(Buffer.from(text));
  return reader.result();
}

test('commits are told from paths by where they stand, whatever they are called', () => {
  const text =
    record('1', 'one\n\n', 'A', 'A', 'D', '\n', 'T', 'log size') + record('2', '') + record('3', 'x');
  expect(read(text)).toEqual({
    isTruncated: false,
    commits: [
      {
        oid: '1',
        treeOid: 'tree',
        message: 'one',
        committedAt: date,
        authorName: 'Ann',
        authorEmail: 'a@x',
        committerName: 'Bob',
        committerEmail: 'b@x',
        added: ['A'],
        removed: ['\n'],
        modified: ['log size'],
      },
      expect.objectContaining({ oid: '2', message: '', added: [] }),
      expect.objectContaining({ oid: '3', message: 'x' }),
    ],
  });
});

test('what is beyond the number of commits is left out, with its paths, and told', () => {
  const log = read(record('1', '', 'A', 'a') + record('2', '', ...Array<string>(9_000).fill('A')), 1);
  expect(log).toMatchObject({ isTruncated: true, commits: [{ oid: '1', added: ['a'] }] });
  expect(log.commits).toHaveLength(1);
});

test.each([
  ['too many', Array.from({ length: 3_001 }, (_none, number) => ['A', `file-${number}`]).flat()],
  [
    'too long together',
    Array.from({ length: 40 }, (_none, number) => ['M', `${number}`.padEnd(4_000, 'x')]).flat(),
  ],
  ['too long one by one', ['D', 'x'.repeat(5_000)]],
])('paths that are %s are all left out: a part would be taken for the whole', (_what, paths) => {
  const log = read(record('1', 'one', 'A', 'a') + record('2', 'two', ...paths));
  const none = { added: [], removed: [], modified: [] };
  expect(log).toMatchObject({ isTruncated: true, commits: [none, { message: 'two', ...none }] });
});

test('a long message is cut and told', () => {
  const log = read(record('1', 'm'.repeat(5_000), 'A', 'a'));
  expect(log).toMatchObject({ isTruncated: true, commits: [{ message: 'm'.repeat(4_096), added: ['a'] }] });
});

test('a commit that somebody has made without a date is told with one that receivers can read', () => {
  const log = read(record('1', 'one').replace(date, '%cI'));
  expect(log.commits).toMatchObject([{ committedAt: '1970-01-01T00:00:00Z' }]);
});
