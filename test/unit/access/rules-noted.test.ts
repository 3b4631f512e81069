import { describe, expect, test } from 'vitest';
import { createAccessRules, type AccessRulesData } from '../../../src/access/index.js';
import { contextOf, mayAccess } from './rules-questions.js';

const [eve, bob] = [{ name: 'eve' }, { name: 'bob' }];

describe('a visibility that is noted', () => {
  const data: AccessRulesData = {
    repositories: [
      { name: 'fixed', visibility: 'public' },
      { name: '**', visibility: 'noted' },
    ],
    rules: [{ who: 'bob', repositories: ['written', 'fixed'], allow: 'write' }],
  };
  /** By repository what it says of itself; some of it is what plain JavaScript might give. */
  const notes: Readonly<Record<string, unknown>> = {
    open: 'public',
    inside: 'authenticated',
    hidden: 'private',
    silent: undefined,
    odd: 'Public',
    wrong: true,
  };
  const asked: string[] = [];
  const noted = createAccessRules(data, {
    visibilityOf: ({ name }) => {
      asked.push(name);
      return Promise.resolve(notes[name] as 'public');
    },
  });

  test.each([
    ['open', true, true],
    ['inside', false, true],
    ['hidden', false, false],
    ['silent', false, false],
    ['odd', false, false],
    ['wrong', false, false],
  ])('of %s lets everybody: %s, everybody with a name: %s', async (name, everybody, stranger) => {
    expect(await mayAccess(noted, undefined, name, 'read')).toBe(everybody);
    expect(await mayAccess(noted, eve, name, 'read')).toBe(stranger);
    expect(await mayAccess(noted, eve, name, 'write')).toBe(false);
    const question = { repository: name, action: 'read', noted: notes[name] as 'public' } as const;
    for (const [user, allowed] of [
      [undefined, everybody],
      ['eve', stranger],
    ] as const) {
      expect(noted.explain({ ...question, user })).toMatchObject({
        allowed,
        decidedBy: 'note',
        number: 2,
        noted: notes[name],
      });
    }
  });

  test('comes after all rules, is asked for where it counts, and hides what is not there', async () => {
    expect(await mayAccess(noted, bob, 'written', 'read')).toBe(true);
    asked.length = 0;
    expect(await mayAccess(noted, undefined, 'fixed', 'read')).toBe(true);
    const missing = { name: 'open', repository: undefined, user: eve, context: contextOf('read') };
    expect(await noted.authorize(missing)).toBe(false);
    expect(await mayAccess(noted, bob, 'open', 'write')).toBe(false);
    expect(asked).toEqual([]);
    expect(
      noted.explain({ user: 'bob', repository: 'written', action: 'read', noted: 'public' }),
    ).toMatchObject({ decidedBy: 'rule', noted: undefined });
  });

  test('needs a function that knows it', () => {
    expect(() => createAccessRules(data)).toThrow(
      /^option "repositories\[1\]\.visibility" cannot be used: "noted" needs the option visibilityOf/,
    );
  });
});
