/** What becomes of claims: a name, groups and a scope. */
import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { compileGlob } from '../../../src/access/glob.js';
import { literalGlob, userOf } from '../../../src/access/oidc-claims.js';
import type { Claims, OidcOptions } from '../../../src/access/oidc-options.js';
import { resolveOidcOptions } from '../../../src/access/oidc-resolve-options.js';
import type { GitUser } from '../../../src/index.js';

/** As GitHub Actions and GitLab name them. */
const claims: Claims = {
  iss: 'https://ci.example.org',
  sub: 'repo:team/app:ref:refs/heads/main',
  repository: 'team/app',
  repository_owner: 'team',
  ref: 'refs/heads/main',
  ref_protected: 'true',
  run_attempt: 1,
  admin: false,
  scope: 'openid git:read',
  groups: ['developers', 'team/qa'],
  group: 'one',
  none: [],
  empty: '',
  object: { name: 'x' },
};

function userWith(options: Partial<OidcOptions>, changes: Claims = {}): GitUser {
  const all = resolveOidcOptions({ issuer: 'https://ci.example.org', audience: 'a', ...options });
  return userOf({ ...claims, ...changes }, all);
}

describe("the user's name", () => {
  it.each<[option: OidcOptions['user'], name: string]>([
    [undefined, 'repo:team/app:ref:refs/heads/main'],
    ['repository', 'team/app'],
    ['<repository>', 'team/app'],
    ['job of <repository> on <ref>, attempt <run_attempt>', 'job of team/app on refs/heads/main, attempt 1'],
    ['run_attempt', '1'],
    [(given) => String(given['group']), 'one'],
  ])('of %s is %s, behind the prefix', (user, name) => {
    expect(userWith({ user }).name).toBe(name);
    expect(userWith({ user, userPrefix: 'ci:' }).name).toBe(`ci:${name}`);
  });

  it.each<[option: OidcOptions['user'], reason: RegExp]>([
    ['missing', /the claim "missing" is missing/],
    ['<group> of <missing>', /the claim "missing" is missing/],
    ['empty', /the claim "empty" is missing, empty/],
    ['groups', /neither a text/],
    ['object', /neither a text/],
    ['constructor', /the claim "constructor" is missing/],
    ['__proto__', /the claim "__proto__" is missing/],
    [() => undefined, /gives it no name/],
    [() => '', /empty or no text/],
    [() => ' ', /empty or no text/],
    [() => 7 as unknown as string, /empty or no text/],
    [() => 'a\u001b[2Jb', /cannot be shown/],
    [() => 'a\u200bb', /cannot be shown/],
    [() => 'a\u2028b', /cannot be shown/],
    [() => 'a\ud800b', /cannot be shown/],
    [() => 'a'.repeat(198), /too long/],
  ])('of %s is none, also behind a prefix', (user, reason) => {
    expect(() => userWith({ user, userPrefix: 'ci:' })).toThrow(reason);
  });
});

describe('groups', () => {
  it.each<[option: OidcOptions['groups'], groups: readonly string[]]>([
    [undefined, []],
    ['groups', ['developers', 'team/qa']],
    ['group', ['one']],
    ['none', []],
    ['missing', []],
    ['owner of <repository_owner>', ['owner of team']],
    [
      ['jobs', '<repository_owner>'],
      ['jobs', 'team'],
    ],
    [(given) => given['groups'] as string[], ['developers', 'team/qa']],
  ])('of %s are %j, behind the prefix', (groups, expected) => {
    expect(userWith({ groups }).groups).toEqual(expected);
    expect(userWith({ groups, groupPrefix: 'ci:' }).groups).toEqual(expected.map((name) => `ci:${name}`));
  });

  it.each<[option: OidcOptions['groups'], given: unknown, reason: RegExp]>([
    ['groups', ['a', 7], /a group is empty or no text/],
    ['groups', { a: true }, /a group is empty or no text/],
    ['groups', ['a', ''], /a group is empty or no text/],
    ['groups', ['a\nb'], /cannot be shown/],
    ['groups', ['a'.repeat(201)], /too long/],
    ['groups', Array.from({ length: 1_001 }, (_, index) => `g${index}`), /more than 1000 groups/],
    [['<missing>'], [], /the claim "missing" is missing/],
  ])('of %j where it is %j refuse the token', (option, given, reason) => {
    expect(() => userWith({ groups: option }, { groups: given })).toThrow(reason);
  });
});

describe('required claims', () => {
  it.each<[required: OidcOptions['requiredClaims'], missing: string | undefined]>([
    [{ repository_owner: 'team' }, undefined],
    [{ repository_owner: ['other', 'team'], run_attempt: 1, admin: false }, undefined],
    [{ groups: 'developers' }, undefined],
    [{ scope: 'git:read' }, undefined],
    [{ repository_owner: 'team', ref: 'refs/heads/release' }, 'ref'],
    [{ run_attempt: '1' }, 'run_attempt'],
    [{ scope: 'git' }, 'scope'],
    [{ scope: 'openid git:read' }, 'scope'],
    [{ sub: 'repo:team/app' }, 'sub'],
    [{ missing: 'undefined' }, 'missing'],
    [{ groups: 'developers,team/qa' }, 'groups'],
    [{ admin: true }, 'admin'],
  ])('%j: missing is %s', (requiredClaims, missing) => {
    let problem: unknown;
    try {
      userWith({ requiredClaims });
    } catch (error) {
      problem = (error as Error).message;
    }
    expect(problem).toBe(missing && `the claim "${missing}" is not as required`);
  });

  it('may be a function, and nothing but true is yes', () => {
    expect(userWith({ requiredClaims: (given) => given['run_attempt'] === 1 }).name).toBe(claims['sub']);
    for (const answer of [false, undefined, 1, 'true', Promise.resolve(true)]) {
      const requiredClaims = (): boolean => answer as boolean;
      expect(() => userWith({ requiredClaims })).toThrow('does not accept its claims');
    }
  });
});

describe('the scope', () => {
  it('is none where nothing is said, so that the user may do all that rules allow', () => {
    expect(userWith({}).scope).toBeUndefined();
  });

  it.each<[operations: OidcOptions['operations'], expected: readonly string[]]>([
    [{ read: true }, ['read']],
    [{ read: true, write: false }, ['read']],
    [{ read: true, write: { ref: 'refs/heads/main', ref_protected: 'true' } }, ['read', 'write']],
    [{ read: true, write: { ref: 'refs/heads/main', ref_protected: 'false' } }, ['read']],
    [{ read: { scope: 'git:read' }, write: { scope: 'git:write' } }, ['read']],
    [{}, []],
    [() => ['write'], ['write']],
    [() => ['write', 'all' as 'read'], ['write']],
    [() => [], []],
  ])('by %j is %j', (operations, expected) => {
    expect(userWith({ operations }).scope?.operations).toEqual(expected);
  });

  it.each<[repositories: OidcOptions['repositories'], opened: readonly string[]]>([
    [['<repository>'], ['team/app']],
    [
      ['<repository>', '<repository>.git'],
      ['team/app', 'team/app.git'],
    ],
    [
      ['<repository_owner>/*', 'shared'],
      ['shared', 'team/app', 'team/app.git', 'team/other'],
    ],
    [(given) => [`${literalGlob(String(given['repository']))}*`], ['team/app', 'team/app.git']],
    [() => [], []],
  ])('by %s opens %j', (repositories, opened) => {
    const scope = userWith({ repositories }).scope;
    const all = ['shared', 'team', 'team/app', 'team/app.git', 'team/other', 'teams/app', 'team/app/sub'];
    expect(all.filter((name) => scope?.includes(name))).toEqual(opened);
    expect(scope?.operations).toEqual(['read', 'write']);
  });

  it.each([
    '*',
    '**',
    'team/*',
    '{team,other}/app',
    'team/ap?',
    '[t]eam/app',
    '!x',
    'team/app\\',
    '(',
    'a\0',
  ])('refuses a token whose claim is %j, which is no name', (repository) => {
    expect(() => userWith({ repositories: ['<repository>'] }, { repository })).toThrow(
      'not what a repository can be named',
    );
    const repositories = (given: Claims): string[] => [literalGlob(String(given['repository']))];
    expect(() => userWith({ repositories }, { repository })).toThrow('not what a repository can be named');
  });

  it('refuses a token whose claim for a repository is missing', () => {
    expect(() => userWith({ repositories: ['<project_path>'] })).toThrow('"project_path" is missing');
    expect(() => userWith({ repositories: ['x', '<empty>'] })).toThrow('"empty" is missing, empty');
  });
});

test('a text as a literal pattern fits itself and nothing else', () => {
  const part = fc.string({
    unit: fc.constantFrom('a', 'B', '9', 'é', '.', '-', '_', '@', '~', '+', ' '),
    minLength: 1,
    maxLength: 4,
  });
  const canonical = part.filter((name) => name !== '.' && name !== '..');
  const path = fc.array(canonical, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(path, path, (one, two) => {
      const matches = compileGlob(literalGlob(one));
      expect([one, matches(one)]).toEqual([one, true]);
      expect([two, matches(two)]).toEqual([two, one === two]);
    }),
    { numRuns: 2_000 },
  );
});
