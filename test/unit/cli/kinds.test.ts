import { describe, expect, test } from 'vitest';
import { gitConfig, list, listOrAll } from '../../../src/cli/configuration/collection-kinds.js';
import {
  choice,
  duration,
  numberChoice,
  path,
  program,
  rate,
  seconds,
  size,
  text,
  url,
  ValueProblem,
  wholeNumber,
  yesOrNo,
} from '../../../src/cli/configuration/kinds.js';

const kibi = 1024;

test.each([
  ['1', 1],
  ['500000', 500_000],
  ['500k', 500 * kibi],
  ['500M', 500 * kibi ** 2],
  ['2g', 2 * kibi ** 3],
])('a size of %s is %i bytes', (given, bytes) => {
  expect(size.fromText(given)).toBe(bytes);
  expect(size.fromToml(given, 'f.toml')).toBe(bytes);
  expect(size.fromText(JSON.parse(size.toToml(bytes)) as string)).toBe(bytes);
});

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['90s', 90_000],
  ['0s', 0],
])('a time of %s is %i milliseconds', (given, ms) => {
  expect(duration.fromText(given)).toBe(ms);
  expect(duration.fromText(JSON.parse(duration.toToml(ms)) as string)).toBe(ms);
});

test('times that are kept in seconds are whole seconds', () => {
  expect(seconds.fromText('10m')).toBe(600);
  expect(seconds.toToml(600)).toBe('"10m"');
  expect(() => seconds.fromText('500ms')).toThrow(ValueProblem);
});

test.each([
  ['a size without a number', size, 'k'],
  ['a size of nothing', size, '0'],
  ['a size with a fraction', size, '1.5g'],
  ['a size in another unit', size, '1t'],
  ['a time without its unit', duration, '30'],
  ['a time in another unit', duration, '1w'],
  ['a negative time', duration, '-1s'],
  ['a rate without its time', rate, '30'],
  ['a rate of nothing', rate, '0/60'],
  ['a port that is too high', wholeNumber(0, 65_535), '65536'],
  ['a number below the lowest', wholeNumber(1), '0'],
  ['a number with a fraction', wholeNumber(1), '1.5'],
  ['a word that is not among them', choice(['one', 'two']), 'three'],
  ['a number that is not among them', numberChoice([0, 1, 2]), '3'],
  ['what is neither yes nor no', yesOrNo, 'yes'],
  ['a line of git configuration without a value', gitConfig, 'core.bare'],
])('%s is refused with advice, and without the value', (_what, kind, given) => {
  expect(() => kind.fromText(given)).toThrow(ValueProblem);
  expect(() => kind.fromText(given)).toThrow(/^Give /);
});

test.each([
  ['a number for a text', text, 1],
  ['a text for a number', wholeNumber(1), '1'],
  ['a number for a time', duration, 30],
  ['a text for yes or no', yesOrNo, 'true'],
  ['a text for a list', list, 'one'],
  ['a list of numbers', list, [1]],
  ['an empty path', path, ''],
  ['a text for a table', gitConfig, 'core.bare=true'],
  ['a date in a table', gitConfig, { core: { bare: new Date(0) } }],
])('in a file %s is refused', (_what, kind, given) => {
  expect(() => kind.fromToml(given, '/etc/g.toml')).toThrow(ValueProblem);
});

describe('a path in a file', () => {
  test('is that of the folder of the file', () => {
    expect(path.fromToml('rules.toml', '/etc/git/g.toml')).toBe('/etc/git/rules.toml');
    expect(path.fromToml('/srv/git', '/etc/git/g.toml')).toBe('/srv/git');
  });

  test('may for a program be a name, which is looked for on PATH', () => {
    expect(program.fromToml('git', '/etc/git/g.toml')).toBe('git');
    expect(program.fromToml('./git', '/etc/git/g.toml')).toBe('/etc/git/git');
  });

  test('is taken as it is from a flag or the environment', () => {
    expect(path.fromText('rules.toml')).toBe('rules.toml');
  });
});

test('lists are separated by commas in the environment', () => {
  expect(list.fromText('10.0.0.0/8, ::1')).toEqual(['10.0.0.0/8', '::1']);
  expect(listOrAll.fromText('*')).toBe('*');
  expect(listOrAll.fromToml(['https://a.example'], '')).toEqual(['https://a.example']);
});

test('git configuration takes nested tables, quoted names and several values', () => {
  const nested = { uploadpack: { allowFilter: true }, 'http.https://x.example.sslVerify': 'false' };
  expect(gitConfig.fromToml(nested, '')).toEqual({
    'uploadpack.allowFilter': 'true',
    'http.https://x.example.sslVerify': 'false',
  });
  expect(gitConfig.fromText('a.b=1\na.b = 2\n\nc.d=x=y')).toEqual({ 'a.b': ['1', '2'], 'c.d': 'x=y' });
});

test('what may be secret is not shown: values of git configuration, and of a URL all but its place', () => {
  expect(gitConfig.toToml({ 'http.extraHeader': 'Authorization: secret' })).toBe(
    '{ "http.extraHeader" = "…" }',
  );
  expect(url.toToml('https://ann:secret@example.org/ask?key=secret')).toBe('"https://example.org/ask"');
});

test('a text is shown as TOML, also one that would move a terminal', () => {
  expect(text.toToml('a"b\\\u001b\u009b')).toBe('"a\\"b\\\\\\u001b\\u009b"');
});
