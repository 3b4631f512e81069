import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  AccessFileError,
  openRulesFile,
  type RulesFile,
  type RulesFileOptions,
} from '../../../src/access/index.js';
import { replaceFile } from '../../support/fixtures.js';
import { contextOf, decideOn, mayAccess } from './rules-questions.js';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gittyphoon-rules-'));
  file = join(folder, 'rules.toml');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function open(text: string | Buffer, options: RulesFileOptions = {}): Promise<RulesFile> {
  await writeFile(file, text);
  return openRulesFile(file, options);
}

const ann = { name: 'ann' };
const allowing = (who: string): string => `[[rules]]\nwho = "${who}"\nallow = "write"\n`;

async function problemOf(text: string | Buffer): Promise<string> {
  const error: unknown = await open(text).catch((reason: unknown) => reason);
  if (!(error instanceof AccessFileError)) throw new Error(`no problem was found: ${String(error)}`);
  return error.message.replace(file, 'FILE');
}

const wide = `# Who is who
[groups]
maintainers = ["ann"] # the boss
developers = [
  "@maintainers", # a comment with [brackets] and "quotes"
  'bob',
]

[[repositories]]
name = "**"
visibility = "public"

[[rules]]
who = "@maintainers"
allow = "all"

# protection
[[rules]]
  who = "*"
  refs = [
    "main",
    "release/*",
  ]
  deny = ["write"]
  message = "protected: ask a maintainer"
`;

test('a file is the same as data in code', async () => {
  const rules = await open(wide);
  expect(rules.summary).toEqual({ groupCount: 2, repositoryCount: 1, ruleCount: 2 });
  expect(await mayAccess(rules, undefined, 'app.git', 'read')).toBe(true);
  expect(await decideOn(rules, ann, 'app.git', 'refs/heads/main', 'update')).toBe(true);
  expect(await decideOn(rules, { name: 'bob' }, 'app.git', 'refs/heads/main', 'update')).toBe(
    'protected: ask a maintainer',
  );
});

test('an explanation names the file and the line', async () => {
  const rules = await open(wide);
  const place = { file, number: 2, line: 18 };
  const question = { user: 'bob', repository: 'app', ref: 'main' };
  expect(rules.explain({ ...question, action: 'update' })).toMatchObject(place);
  expect(rules.explain({ ...question, action: 'read' })).toMatchObject({ file, number: 1, line: 9 });
  expect(rules.explain({ user: 'ann', repository: 'app', action: 'write' })).toMatchObject({ line: 13 });
});

describe('a file that cannot be used is refused with the line', () => {
  test.each<[string, string | Buffer, string]>([
    ['nothing', '', 'FILE: there is no rule in it'],
    ['comments only', '# later\n', 'FILE: there is no rule in it'],
    ['syntax', '[groups]\na = ["b"\n[[rules]]\n', 'FILE:3: this is not TOML: '],
    ['a text without quotes', '[[rules]]\nwho = ann\n', 'FILE:2: this is not TOML: '],
    ['a key twice', '[groups]\na = []\na = []\n', 'FILE:3: this is not TOML: '],
    ['another encoding', Buffer.from('# a\n# caf\xe9\n', 'latin1'), 'FILE:2: the line is not UTF-8'],
    ['an unknown table', `${wide}\n[user]\n`, 'FILE:27: "user" is not known'],
    ['an unknown key', `${wide}rank = 1\n`, 'FILE:26: "rank" is not known'],
    ['an unknown word', wide.replace('"all"', '"everything"'), 'FILE:15: "everything" is no permission'],
    ['an unknown group', wide.replace('who = "@m', 'who = "@M'), 'FILE:14: there is no group "Maintainers"'],
    ['a missing key', wide.replace('who = "@maintainers"', ''), 'FILE:13: "who" is missing'],
    ['an item of a long list', wide.replace('"release/*"', '"/release"'), 'FILE:22: "/release" fits no ref'],
    ['a member of a group', wide.replace("'bob'", "'b*'"), 'FILE:6: "b*" looks like a pattern'],
    [
      'a group that holds itself',
      wide.replace('["ann"]', '["@developers"]'),
      'FILE:4: the group holds itself',
    ],
    ['a visibility', wide.replace('"public"', '"open"'), 'FILE:11: this is no visibility'],
    ['a visibility that nobody reads', wide.replace('"public"', '"noted"'), 'FILE:11: "noted" needs'],
    ['one table too few brackets', '[rules]\nwho = "a"\n', 'FILE:1: this must be a list'],
    ['inline tables', 'rules = [\n  { who = "a" },\n]\n', 'FILE:1: the rule says nothing'],
    ['dotted keys', 'groups.a = ["b"]\ngroups.c = ["@d"]\n', 'FILE:2: there is no group "d"'],
    ['a date', '[[rules]]\nwho = 2020-01-01\nallow = "all"\n', 'FILE:2: this must be a text'],
    ['line ends of Windows', wide.replaceAll('\n', '\r\n').replace('"all"', '"x"'), 'FILE:15: "x" is no'],
    ['a byte order mark', `\uFEFF[[rules]]\nwho = "a"\nallow = "x"\n`, 'FILE:3: "x" is no'],
    ['what looks like a table in a text', '[groups]\n"""\n', 'FILE:2: this is not TOML'],
    [
      'a table in a text of several lines',
      '[[rules]]\nmessage = """\n[[rules]]\nx"""\nwho = "a"\nallow = "y"\n',
      'FILE:6: "y" is no permission',
    ],
  ])('%s', async (_what, text, problem) => {
    expect(await problemOf(text)).toContain(problem);
  });

  test('no file, and a folder', async () => {
    await expect(openRulesFile(file)).rejects.toThrow(`${file}: there is no such file`);
    await expect(openRulesFile(folder)).rejects.toThrow('this is a folder');
  });
});

test('lines are found quickly in a file with a very long list', async () => {
  const members = Array.from({ length: 20_000 }, (_, index) => `  "user-${index}",\n`).join('');
  const text = `[groups]\nall = [\n${members}]\n[[rules]]\nwho = "@none"\nallow = "read"\n`;
  expect(await problemOf(text)).toContain('FILE:20005: there is no group "none"');
});

describe('a file that changes', () => {
  test('is in force with the next question, also when it is replaced', async () => {
    const reloads: number[] = [];
    const rules = await open(allowing('bob'), { onReload: ({ ruleCount }) => reloads.push(ruleCount) });
    expect(await mayAccess(rules, ann, 'app', 'write')).toBe(false);
    await writeFile(file, allowing('ann'));
    expect(await mayAccess(rules, ann, 'app', 'write')).toBe(true);
    replaceFile(file, allowing('bob') + allowing('eve'));
    expect(await decideOn(rules, ann, 'app', 'refs/heads/x', 'create')).toBe(
      'you may not create this branch',
    );
    expect(reloads).toEqual([1, 2]);
    expect(rules.summary.ruleCount).toBe(2);
  });

  test('and breaks leaves what was read before in force, and is named once', async () => {
    const problems: string[] = [];
    const rules = await open(allowing('ann'), { onProblem: ({ message }) => problems.push(message) });
    for (const broken of ['# Empty\n', '[[rules]]\nwho = "bob"\nallow = "al"\n']) {
      replaceFile(file, broken);
      expect(await mayAccess(rules, ann, 'app', 'write')).toBe(true);
      expect(await decideOn(rules, ann, 'app', 'refs/heads/x', 'create')).toBe(true);
    }
    await rm(file);
    expect(await mayAccess(rules, ann, 'app', 'write')).toBe(true);
    expect(problems).toEqual([
      expect.stringContaining(`${file}: there is no rule in it`),
      expect.stringContaining(`${file}:3: "al" is no permission`),
      expect.stringContaining('there is no such file'),
    ]);
    replaceFile(file, 'rules = []\n');
    expect(await mayAccess(rules, ann, 'app', 'write')).toBe(false);
  });

  test('in the middle of a push does not divide its refs', async () => {
    const rules = await open(allowing('ann'));
    const push = contextOf('write');
    expect(await decideOn(rules, ann, 'app', 'refs/heads/a', 'create', push)).toBe(true);
    await writeFile(file, allowing('bob'));
    expect(await decideOn(rules, ann, 'app', 'refs/heads/b', 'create', push)).toBe(true);
    expect(await decideOn(rules, ann, 'app', 'refs/heads/b', 'create')).not.toBe(true);
  });

  test('under a crowd gives each an answer of the old file or of the new one', async () => {
    const rules = await open(allowing('ann'));
    const answers = Array.from({ length: 50 }, (_, index) =>
      index === 25
        ? writeFile(file, allowing('ann') + allowing('bob')).then(() => true)
        : mayAccess(rules, ann, 'app', 'write'),
    );
    expect(await Promise.all(answers)).toEqual(answers.map(() => true));
    expect(await mayAccess(rules, { name: 'bob' }, 'app', 'write')).toBe(true);
  });
});
