import { describe, expect, test } from 'vitest';
import { createAccessRules, type AccessRules, type AccessRulesData } from '../../../src/access/index.js';
import { OptionError, type GitUser, type Operation } from '../../../src/index.js';
import { permissionWords } from '../../support/permission-words.js';
import { decideOn, mayAccess } from './rules-questions.js';

const team: AccessRulesData = {
  groups: { maintainers: ['ann'], developers: ['@maintainers', 'bob'], ci: [], everyone: ['@developers'] },
  repositories: [
    { name: 'site', visibility: 'public' },
    { name: ['docs/**', 'wiki'], visibility: 'authenticated' },
    { name: 'docs/secret', visibility: 'public' },
  ],
  rules: [
    { who: 'mallory', deny: 'all' },
    { who: '*', repositories: 'frozen', deny: 'write', message: 'frozen: see the news' },
    { who: '*', refs: 'attic/**', deny: ['update', 'delete'] },
    { who: '@maintainers', allow: 'all' },
    { who: '*', refs: ['main', 'release/*'], deny: 'force-push', message: 'history is kept' },
    { who: '@developers', repositories: 'lib', refs: 'main', allow: 'update' },
    { who: '*', refs: ['main', 'release/*'], deny: 'write', message: 'protected: ask a maintainer' },
    { who: '@developers', allow: 'write' },
    { who: '@ci', repositories: ['app', 'deep/**'], refs: 'tags/build-*', allow: 'create' },
    { who: 'reader', repositories: 'app', allow: 'read' },
    { who: 'anonymous', repositories: 'dropbox', refs: 'in/**', allow: 'create' },
    { who: 'tagger', refs: 'tags/nightly', allow: 'change-tags' },
  ],
};

const rules = createAccessRules(team);
const ci: GitUser = { name: 'job', groups: ['ci', 'unheard-of'] };
const named = (name: string): GitUser => ({ name });

describe('a repository', () => {
  test.each<[GitUser | undefined, string, Operation, boolean]>([
    [undefined, 'site', 'read', true],
    [undefined, 'site.git', 'read', true],
    [undefined, 'site', 'write', false],
    [undefined, 'wiki', 'read', false],
    [named('stranger'), 'wiki', 'read', true],
    [named('stranger'), 'wiki', 'write', false],
    [undefined, 'docs/secret', 'read', false],
    [named('stranger'), 'docs/secret', 'read', true],
    [undefined, 'app', 'read', false],
    [named('stranger'), 'app', 'read', false],
    [named('reader'), 'app', 'read', true],
    [named('reader'), 'app', 'write', false],
    [named('reader'), 'app2', 'read', false],
    [named('reader'), 'APP', 'read', false],
    [named('Reader'), 'app', 'read', false],
    [named('bob'), 'app', 'read', true],
    [named('bob'), 'app', 'write', true],
    [named('bob'), 'frozen', 'read', true],
    [named('bob'), 'frozen', 'write', false],
    [named('ann'), 'frozen', 'write', false],
    [named('ann'), 'anything/at.all', 'write', true],
    [named('ann'), '', 'write', true],
    [named('mallory'), 'site', 'read', false],
    [named('mallory'), 'app', 'write', false],
    [ci, 'app', 'read', true],
    [ci, 'deep/er/app', 'write', true],
    [ci, 'lib', 'read', false],
    [ci, 'lib', 'write', false],
    [named('ci'), 'app', 'read', false],
    [named('@maintainers'), 'app', 'read', false],
    [named(''), 'app', 'read', false],
    // What comes with the credentials counts in every group that holds it.
    [{ name: 'x', groups: ['maintainers'] }, 'app', 'write', true],
    [{ name: 'mallory', groups: ['maintainers'] }, 'app', 'write', false],
    [undefined, 'dropbox', 'write', true],
    [undefined, 'dropbox', 'read', true],
    // A name is a name, also this one.
    [named('anonymous'), 'dropbox', 'read', false],
  ])('%o, %s, %s: %s', async (user, repository, operation, expected) => {
    expect(await mayAccess(rules, user, repository, operation)).toBe(expected);
  });
});

const kept = { unlessForced: 'history is kept' };
const broken = 'refs/heads/caf\uFFFD';

describe('a ref', () => {
  test.each<[GitUser | undefined, string, string, 'create' | 'update' | 'delete', unknown]>([
    [named('ann'), 'app', 'refs/heads/main', 'update', true],
    [named('ann'), 'app', 'refs/heads/main', 'delete', true],
    [named('ann'), 'app', 'refs/tags/v1', 'update', true],
    [named('ann'), 'app', 'refs/heads/attic/x', 'update', 'you may not update this branch'],
    [named('ann'), 'app', 'refs/heads/attic/x', 'create', true],
    [named('ann'), 'frozen', 'refs/tags/v1', 'delete', 'frozen: see the news'],
    [named('ann'), 'frozen.git', 'refs/heads/x', 'create', 'frozen: see the news'],
    [named('bob'), 'app', 'refs/heads/main', 'create', 'protected: ask a maintainer'],
    [named('bob'), 'app', 'refs/heads/main', 'update', 'protected: ask a maintainer'],
    [named('bob'), 'app', 'refs/heads/main', 'delete', 'protected: ask a maintainer'],
    [named('bob'), 'lib', 'refs/heads/main', 'update', kept],
    [named('bob'), 'lib', 'refs/heads/main', 'delete', 'protected: ask a maintainer'],
    [named('bob'), 'app', 'refs/heads/release/1', 'update', 'protected: ask a maintainer'],
    [named('bob'), 'app', 'refs/heads/release/1/fix', 'update', true],
    [named('bob'), 'app', 'refs/heads/Main', 'update', true],
    [named('bob'), 'app', 'refs/heads/topic', 'delete', true],
    [named('bob'), 'app', 'refs/notes/main', 'update', true],
    [named('bob'), 'app', 'refs/tags/v1', 'create', true],
    [named('bob'), 'app', 'refs/tags/v1', 'update', 'you may not move this tag'],
    [named('bob'), 'app', 'refs/tags/v1', 'delete', 'you may not delete this tag'],
    [named('bob'), 'app', 'refs/tags/main', 'create', true],
    [ci, 'app', 'refs/tags/build-1', 'create', true],
    [ci, 'app', 'refs/tags/v1', 'create', 'you may not create this tag'],
    [ci, 'app', 'refs/heads/build-1', 'create', 'you may not create this branch'],
    [named('tagger'), 'app', 'refs/tags/nightly', 'update', true],
    [named('tagger'), 'app', 'refs/tags/nightly', 'create', 'you may not create this tag'],
    [undefined, 'dropbox', 'refs/heads/in/x', 'create', true],
    [undefined, 'dropbox', 'refs/heads/in/x', 'update', 'you may not update this branch'],
    [undefined, 'dropbox', 'refs/x', 'create', 'you may not create this ref'],
    // Names that cannot be compared: allowed only where the name does not matter.
    [named('ann'), 'app', broken, 'create', true],
    [named('ann'), 'app', broken, 'update', 'the name of this ref is not UTF-8'],
    [named('bob'), 'app', broken, 'create', 'the name of this ref is not UTF-8'],
    [named('bob'), 'frozen', broken, 'create', 'frozen: see the news'],
    [named('tagger'), 'app', 'refs/tags/nightly\uFFFD', 'update', 'the name of this ref is not UTF-8'],
    [undefined, 'dropbox', 'refs/heads/in/\uFFFD', 'create', 'the name of this ref is not UTF-8'],
  ])('%o, %s, %s, %s: %o', async (user, repository, refName, kind, expected) => {
    expect(await decideOn(rules, user, repository, refName, kind)).toEqual(expected);
  });
});

test('every word of a rule gives what it says and what that needs', async () => {
  const given: Record<string, string> = {};
  for (const word of permissionWords) {
    const allowed = createAccessRules({ rules: [{ who: 'a', allow: word }] });
    const denied = createAccessRules({
      rules: [
        { who: 'a', deny: word },
        { who: 'a', allow: 'all' },
      ],
    });
    given[word] = `${await rightsOf(allowed)} ${await rightsOf(denied)}`;
  }
  // Read, create, update, force-push, delete; and a tag that is there.
  expect(given).toEqual({
    read: 'r----- ------',
    create: 'rc---- r-ufdt',
    update: 'r-u--- rc--dt',
    'force-push': 'r-uf-- rcu-dt',
    delete: 'r---d- rcuf-t',
    'change-tags': 'r----t rcufd-',
    write: 'rcufd- r-----',
    all: 'rcufdt ------',
  });
});

async function rightsOf(asked: AccessRules): Promise<string> {
  const user = { name: 'a' };
  const move = await decideOn(asked, user, 'x', 'refs/heads/b', 'update');
  const answers: [string, unknown][] = [
    ['r', await mayAccess(asked, user, 'x', 'read')],
    ['c', await decideOn(asked, user, 'x', 'refs/heads/b', 'create')],
    ['u', move === true || typeof move === 'object'],
    ['f', move],
    ['d', await decideOn(asked, user, 'x', 'refs/heads/b', 'delete')],
    ['t', await decideOn(asked, user, 'x', 'refs/tags/b', 'update')],
  ];
  return answers.map(([letter, answer]) => (answer === true ? letter : '-')).join('');
}

test('a repository that is the served folder is named by a dot', async () => {
  const root = createAccessRules({ rules: [{ who: 'a', repositories: '.', allow: 'write' }] });
  expect(await mayAccess(root, { name: 'a' }, '', 'write')).toBe(true);
  expect(await mayAccess(root, { name: 'a' }, 'a', 'write')).toBe(false);
  const below = createAccessRules({ rules: [{ who: 'a', repositories: '*', allow: 'write' }] });
  expect(await mayAccess(below, { name: 'a' }, '', 'read')).toBe(false);
});

test('no separator in the name of a branch goes round a pattern', async () => {
  const guarded = createAccessRules({
    rules: [
      { who: '*', refs: 'release/**', deny: 'write', message: 'no' },
      { who: '*', allow: 'write' },
    ],
  });
  for (const separator of ['\u2028', '\u2029', '\u0085', '\u00a0']) {
    expect(await decideOn(guarded, { name: 'a' }, 'x', `refs/heads/release/${separator}/1`, 'update')).toBe(
      'no',
    );
  }
});

test('groups that are no list are none', async () => {
  const one = createAccessRules({ groups: { a: [] }, rules: [{ who: '@a', allow: 'all' }] });
  const user = { name: 'x', groups: 'a' as unknown as string[] };
  expect(await mayAccess(one, user, 'app', 'read')).toBe(false);
});

test('without rules nobody may do anything', async () => {
  const none = createAccessRules({});
  for (const user of [undefined, { name: 'a' }]) {
    expect(await mayAccess(none, user, 'x', 'read')).toBe(false);
    expect(await mayAccess(none, user, 'x', 'write')).toBe(false);
  }
  expect(await decideOn(none, { name: 'a' }, 'x', 'refs/heads/main', 'create')).toBe(
    'you may not create this branch',
  );
});

test('data that changes later changes nothing', async () => {
  const allow: ('read' | 'write')[] = ['read'];
  const copied = createAccessRules({ rules: [{ who: 'a', allow }] });
  allow.push('write');
  expect(await mayAccess(copied, { name: 'a' }, 'x', 'write')).toBe(false);
});

describe('an explanation', () => {
  test('names the rule, the groups and what the user reads', () => {
    expect(rules.explain({ user: 'bob', repository: 'app', ref: 'main', action: 'force-push' })).toEqual({
      allowed: false,
      action: 'force-push',
      permission: 'force-push',
      ref: 'refs/heads/main',
      groups: ['developers', 'everyone'],
      decidedBy: 'rule',
      number: 5,
      file: undefined,
      line: undefined,
      refusal: 'history is kept',
    });
  });

  test.each([
    [{ user: undefined, repository: 'site', action: 'read' }, true, 'visibility', 1],
    [{ user: undefined, repository: 'app', action: 'read' }, false, 'nothing', undefined],
    [{ user: undefined, repository: 'wiki', action: 'read' }, false, 'visibility', 2],
    [{ user: 'mallory', repository: 'site', action: 'read' }, false, 'rule', 1],
    [{ user: 'bob', repository: 'frozen', action: 'write' }, false, 'rule', 2],
    [{ user: 'bob', repository: 'app', action: 'write' }, true, 'rule', 8],
    [{ user: 'bob', repository: 'app', action: 'write', ref: 'main' }, false, 'rule', 7],
    [{ user: 'bob', repository: 'app', action: 'delete' }, true, 'rule', 8],
    [{ user: 'bob', repository: 'app', action: 'delete', ref: 'tags/v1' }, false, 'nothing', undefined],
    [{ user: 'tagger', repository: 'app', action: 'delete', ref: 'tags/nightly' }, true, 'rule', 12],
    [{ user: 'job', groups: ['ci'], repository: 'app', action: 'read' }, true, 'rule', 9],
    [{ user: 'job', repository: 'app', action: 'write' }, false, 'nothing', undefined],
  ] as const)('%o', (question, allowed, decidedBy, number) => {
    expect(rules.explain(question)).toMatchObject({ allowed, decidedBy, number });
  });
});

describe('data that cannot be used is refused with its place', () => {
  const rule = (more: object): object => ({
    rules: [
      { who: 'a', allow: 'read' },
      { who: 'a', ...more },
    ],
  });
  test.each<[unknown, string, RegExp]>([
    [undefined, 'data', /must be a table/],
    [{ role: [] }, 'role', /"role" is not known; known are groups/],
    [{ groups: [] }, 'groups', /must be a table/],
    [{ groups: { a: 'b' } }, 'groups.a', /a list of names/],
    [{ groups: { a: [1] } }, 'groups.a[0]', /must be a text/],
    [{ groups: { a: ['b', '@c'] } }, 'groups.a', /no group "c"; declare it/],
    [{ groups: { a: ['anonymous'] } }, 'groups.a[0]', /in no group/],
    [{ groups: { 'a b': [] } }, 'groups.a b', /cannot be the name of a group/],
    [{ groups: { a: ['@b'], b: ['@c'], c: ['@b'] } }, 'groups.c', /holds itself: @b holds @c holds @b/],
    [{ groups: { a: ['@a'] } }, 'groups.a', /holds itself: @a holds @a/],
    [{ repositories: { name: 'a' } }, 'repositories', /must be a list/],
    [{ repositories: [{ visibility: 'public' }] }, 'repositories[0]', /"name" is missing/],
    [{ repositories: [{ name: 'a' }] }, 'repositories[0]', /"visibility" is missing/],
    [{ repositories: [{ name: 'a', visibility: 'open' }] }, 'repositories[0].visibility', /known are public/],
    [{ repositories: [{ name: '/a', visibility: 'public' }] }, 'repositories[0].name', /no path below/],
    [{ rules: [{ allow: 'read' }] }, 'rules[0]', /"who" is missing/],
    [{ rules: [{ who: 'a' }] }, 'rules[0]', /says nothing/],
    [{ rules: ['x'] }, 'rules[0]', /must be a table/],
    [rule({}), 'rules[1]', /says nothing/],
    [rule({ allow: 'push' }), 'rules[1].allow', /"push" is no permission; known are read, /],
    [rule({ allow: ['read', 'Write'] }), 'rules[1].allow[1]', /"Write" is no permission/],
    [rule({ allow: [] }), 'rules[1].allow', /list is empty/],
    [rule({ allow: 'read', repos: 'a' }), 'rules[1].repos', /not known/],
    [rule({ who: [], allow: 'read' }), 'rules[1].who', /list is empty/],
    [rule({ who: ['b', '@x'], allow: 'read' }), 'rules[1].who[1]', /no group "x"/],
    [rule({ who: 'b*', allow: 'read' }), 'rules[1].who', /looks like a pattern/],
    [rule({ who: 'b ', allow: 'read' }), 'rules[1].who', /ends with a space/],
    [rule({ allow: 'read', repositories: 'a[' }), 'rules[1].repositories', /brackets/],
    [rule({ allow: 'read', repositories: ['a', 'b/'] }), 'rules[1].repositories[1]', /no path below/],
    [rule({ allow: 'write', refs: '{a' }), 'rules[1].refs', /brackets/],
    [rule({ allow: 'write', refs: '{refs/heads/a,b}' }), 'rules[1].refs', /stands for refs\/heads\/\{refs/],
    [rule({ allow: 'write', refs: 'HEAD' }), 'rules[1].refs', /fits no ref/],
    [rule({ allow: 'read', refs: 'main' }), 'rules[1].allow', /as a whole, not for some refs/],
    [rule({ deny: 'all', refs: 'main' }), 'rules[1].deny', /as a whole, not for some refs/],
    [rule({ deny: 'delete', refs: 'tags/*' }), 'rules[1].deny', /"change-tags" is about/],
    [rule({ allow: 'change-tags', refs: 'v*' }), 'rules[1].refs', /these refs are no tags/],
    [rule({ allow: 'force-push', deny: 'update' }), 'rules[1].deny', /both allows and denies/],
    [rule({ allow: 'read', message: 'x' }), 'rules[1].message', /denies nothing/],
    [rule({ deny: 'write', message: 'a\nb' }), 'rules[1].message', /line break/],
    [rule({ deny: 'write', message: 'a'.repeat(201) }), 'rules[1].message', /longer than 200/],
  ])('%j', (data, option, problem) => {
    const create = (): AccessRules => createAccessRules(data as AccessRulesData);
    expect(create).toThrow(OptionError);
    expect(create).toThrow(problem);
    expect(create).toThrow(`option "${option}" `);
  });
});
