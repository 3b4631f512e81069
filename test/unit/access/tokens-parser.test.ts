import { describe, expect, it } from 'vitest';
import { formatTokenFile, parseTokenFile, type StoredToken } from '../../../src/access/tokens-parser.js';
import { compilePatterns, patternProblem } from '../../../src/access/tokens-patterns.js';
import { hashToken, makeToken } from '../../../src/access/tokens-text.js';

function stored(changes: Partial<StoredToken> = {}): StoredToken {
  const { id, token } = makeToken();
  return {
    id,
    user: 'ann',
    scope: 'read',
    repositories: ['team/*'],
    created: new Date('2030-01-02T03:04:05.678Z'),
    expires: undefined,
    description: undefined,
    hash: hashToken(token),
    ...changes,
  };
}

const parse = (text: string): readonly StoredToken[] => parseTokenFile(Buffer.from(text), 'tokens.json');

/** A file with one token, of which something is otherwise. */
function fileWith(changes: Readonly<Record<string, unknown>>): string {
  const file = JSON.parse(formatTokenFile([stored()])) as { tokens: Record<string, unknown>[] };
  Object.assign(file.tokens[0] ?? {}, changes);
  return JSON.stringify(file);
}

describe('a token file', () => {
  it('is read as it was written', () => {
    const tokens = [
      stored(),
      stored({
        scope: 'write',
        expires: new Date('2031-01-01'),
        description: 'ä "🙂"',
        repositories: ['.', '**'],
      }),
    ];
    expect(parse(formatTokenFile(tokens))).toEqual(tokens);
    expect(parse(formatTokenFile([]))).toEqual([]);
  });

  it.each([
    ['', 'it is not a JSON object'],
    ['{"version": 1, "tok', 'it is not a JSON object'],
    ['[]', 'it is not a JSON object'],
    ['null', 'it is not a JSON object'],
    ['{"tokens":[]}', 'its "version" is not 1'],
    ['{"version":2,"tokens":[]}', 'its "version" is not 1'],
    ['{"version":1}', 'its "tokens" are missing'],
    ['{"version":1,"tokens":[7]}', 'token number 1: it is no JSON object'],
    [fileWith({ id: '../x' }), 'its "id" is damaged'],
    [fileWith({ user: '' }), 'its "user" is missing'],
    [fileWith({ scope: 'admin' }), 'its "scope" is neither'],
    [fileWith({ repositories: [] }), 'its "repositories" are no list of patterns'],
    [fileWith({ repositories: 'a' }), 'its "repositories" are no list of patterns'],
    [fileWith({ repositories: ['a', 'b['] }), 'its "repositories" are no list of patterns'],
    [fileWith({ created: 'soon' }), 'its "created" is no date'],
    [fileWith({ expires: 'soon' }), 'its "expires" is neither a date nor null'],
    [fileWith({ expires: undefined }), 'its "expires" is neither a date nor null'],
    [fileWith({ expires: '' }), 'its "expires" is neither a date nor null'],
    [fileWith({ description: 1 }), 'its "description" is no text'],
    [fileWith({ hash: '' }), 'its "hash" is damaged'],
  ])('%j is refused', (text, problem) => {
    expect(() => parse(text)).toThrow(problem);
    expect(() => parse(text)).toThrow(/^tokens\.json: /);
  });

  it('is refused when an id is there twice', () => {
    const token = stored();
    expect(() => parse(formatTokenFile([token, token]))).toThrow(`the token ${token.id} is there twice`);
  });

  it('is refused without showing a piece of itself', () => {
    expect(() => parse('hunter2')).toThrow(expect.not.stringContaining('hunter2'));
  });
});

describe('the patterns of a token', () => {
  it.each([
    [['app'], 'app', true],
    [['app'], 'app.git', true],
    [['app.git'], 'app.git', true],
    [['app.git'], 'app', false],
    [['app'], 'app.git.git', false],
    [['app'], 'application.git', false],
    [['app'], 'team/app.git', false],
    [['App'], 'app.git', false],
    [['team/*'], 'team/app.git', true],
    [['team/*'], 'team/deep/app.git', false],
    [['team/*'], 'team.git', false],
    [['team/**'], 'team/deep/app.git', true],
    [['team/.git'], 'team/.git', true],
    [['team'], 'team/.git', false],
    [['one', 'two'], 'two.git', true],
    [['!app'], 'other', false],
    [['**'], 'team/app.git', true],
    [['**'], '', true],
    [['.'], '', true],
    [['.'], 'app', false],
    [['*'], '', false],
  ])('%j, %j: %s', (patterns, name, fits) => {
    expect(compilePatterns(patterns, new Map())(name)).toBe(fits);
  });

  it.each(['', '/app', 'app/', 'a//b', '../app', 'a/./b', 'a\\b', 'a\nb', 'a[', 'a{b'])(
    '%j is refused',
    (pattern) => {
      expect(patternProblem(pattern)).toEqual(expect.any(String));
    },
  );
});
