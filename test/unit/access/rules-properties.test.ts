import * as fc from 'fast-check';
import { test } from 'vitest';
import {
  accessActions,
  createAccessRules,
  type AccessRule,
  type AccessRules,
  type AccessRulesData,
  type PermissionWord,
} from '../../../src/access/index.js';
import type { GitUser } from '../../../src/index.js';
import { permissionWords } from '../../support/permission-words.js';
import { decideOn, mayAccess } from './rules-questions.js';

const who = fc.constantFrom('*', 'anonymous', 'ann', 'bob', '@team', '@inner');
const repositories = fc.option(fc.constantFrom('app', 'app.git', 'team/*', '**', '*'), { nil: undefined });
const refs = fc.constantFrom(
  'main',
  '*',
  '**',
  'release/*',
  'tags/*',
  'refs/**',
  'refs/notes/x',
  '{main,dev}',
);
const anyWord = fc.constantFrom<PermissionWord[]>(...permissionWords);

/** Rules that can be used: those that cannot are for other tests. */
function canBeUsed(rule: AccessRule): boolean {
  try {
    createAccessRules({ groups, rules: [rule] });
    return true;
  } catch {
    return false;
  }
}

const groups = { inner: ['bob'], team: ['@inner'] };

const anyRule: fc.Arbitrary<AccessRule> = fc
  .record({
    who: fc.uniqueArray(who, { minLength: 1, maxLength: 2 }),
    repositories,
    refs: fc.option(fc.uniqueArray(refs, { minLength: 1, maxLength: 2 }), { nil: undefined }),
    allow: fc.option(fc.uniqueArray(anyWord, { minLength: 1, maxLength: 2 }), { nil: undefined }),
    deny: fc.option(fc.uniqueArray(anyWord, { minLength: 1, maxLength: 2 }), { nil: undefined }),
  })
  .filter(canBeUsed);

const anyData: fc.Arbitrary<AccessRulesData> = fc.record({
  groups: fc.constant(groups),
  repositories: fc.array(
    fc.record({
      name: fc.constantFrom('app', 'team/*', '**'),
      visibility: fc.constantFrom('public' as const, 'authenticated' as const, 'private' as const),
    }),
    { maxLength: 2 },
  ),
  rules: fc.array(anyRule, { maxLength: 5 }),
});

const users: readonly (GitUser | undefined)[] = [
  undefined,
  { name: 'ann' },
  { name: 'bob' },
  { name: 'eve' },
  { name: 'eve', groups: ['inner'] },
];
const names = ['app', 'app.git', 'team/x', ''];
const refNames = [
  'refs/heads/main',
  'refs/heads/dev',
  'refs/heads/release/1',
  'refs/tags/v1',
  'refs/notes/x',
  'refs/heads/ma\uFFFD',
  'refs/tags/\uFFFD',
];
const kinds = ['create', 'update', 'delete'] as const;

/** How far a decision goes: no, forward only, yes. */
function extent(decision: unknown): number {
  if (decision === true) return 2;
  return typeof decision === 'object' ? 1 : 0;
}

/** All that some rules allow, as numbers that are larger for more. */
async function rightsOf(rules: AccessRules): Promise<number[]> {
  const rights: number[] = [];
  for (const user of users) {
    for (const name of names) {
      rights.push(Number(await mayAccess(rules, user, name, 'read')));
      rights.push(Number(await mayAccess(rules, user, name, 'write')));
      for (const refName of refNames) {
        for (const kind of kinds) rights.push(extent(await decideOn(rules, user, name, refName, kind)));
      }
    }
  }
  return rights;
}

/** Whether the first never exceeds the second. */
function isWithin(some: readonly number[], others: readonly number[]): boolean {
  return some.every((right, index) => right <= (others[index] ?? 0));
}

const runs = { numRuns: 60 };
const onlyAllows = anyRule.filter(({ allow, deny }) => allow !== undefined && deny === undefined);
const onlyDenies = anyRule.filter(({ allow, deny }) => allow === undefined && deny !== undefined);

function withRules(
  data: AccessRulesData,
  change: (rules: readonly AccessRule[]) => AccessRule[],
): AccessRules {
  return createAccessRules({ ...data, rules: change(data.rules ?? []) });
}

test('a rule at the end that only allows never takes a right away', async () => {
  const property = fc.asyncProperty(anyData, onlyAllows, async (data, rule) =>
    isWithin(
      await rightsOf(createAccessRules(data)),
      await rightsOf(withRules(data, (rules) => [...rules, rule])),
    ),
  );
  await fc.assert(property, runs);
});

test('a rule at the end that only denies takes away nothing but reading by visibility', async () => {
  const property = fc.asyncProperty(anyData, onlyDenies, async (data, rule) => {
    const bare = { ...data, repositories: [] };
    const before = await rightsOf(createAccessRules(bare));
    const after = await rightsOf(withRules(bare, (rules) => [...rules, rule]));
    return isWithin(before, after) && isWithin(after, before);
  });
  await fc.assert(property, runs);
});

test('a rule at the top that only denies never gives a right, and one that only allows never takes one', async () => {
  const property = fc.asyncProperty(anyData, onlyDenies, onlyAllows, async (data, denial, allowance) => {
    const plain = await rightsOf(createAccessRules(data));
    const less = await rightsOf(withRules(data, (rules) => [denial, ...rules]));
    const more = await rightsOf(withRules(data, (rules) => [allowance, ...rules]));
    return isWithin(less, plain) && isWithin(plain, more);
  });
  await fc.assert(property, runs);
});

test('whoever may change some ref may write, and whoever may write may read', async () => {
  const property = fc.asyncProperty(anyData, async (data) => {
    const rules = createAccessRules(data);
    for (const user of users) {
      for (const name of names) {
        const mayRead = await mayAccess(rules, user, name, 'read');
        const mayWrite = await mayAccess(rules, user, name, 'write');
        if (mayWrite && !mayRead) return false;
        for (const refName of refNames) {
          for (const kind of kinds) {
            if (extent(await decideOn(rules, user, name, refName, kind)) > 0 && !mayWrite) return false;
          }
        }
      }
    }
    return true;
  });
  await fc.assert(property, runs);
});

test('a name that is not UTF-8 is never allowed more than any name that it may stand for', async () => {
  const property = fc.asyncProperty(anyData, async (data) => {
    const rules = createAccessRules(data);
    for (const user of users) {
      for (const kind of kinds) {
        const unreadable = extent(await decideOn(rules, user, 'app', 'refs/heads/\uFFFD', kind));
        for (const refName of refNames.filter((name) => name.startsWith('refs/heads/'))) {
          if (unreadable > extent(await decideOn(rules, user, 'app', refName, kind))) return false;
        }
      }
    }
    return true;
  });
  await fc.assert(property, runs);
});

test('the explanation says what is decided', async () => {
  const property = fc.asyncProperty(anyData, async (data) => {
    const rules = createAccessRules(data);
    for (const user of users) {
      for (const repository of names) {
        const question = { user: user?.name, groups: user?.groups, repository };
        for (const action of accessActions.slice(0, 2)) {
          const { allowed } = rules.explain({ ...question, action });
          if (allowed !== (await mayAccess(rules, user, repository, action as 'read' | 'write')))
            return false;
        }
        for (const ref of refNames) {
          for (const action of kinds) {
            const decision = await decideOn(rules, user, repository, ref, action);
            const { allowed, refusal } = rules.explain({ ...question, ref, action });
            if (allowed !== extent(decision) > 0) return false;
            if (!allowed && refusal !== decision) return false;
          }
          const forced = rules.explain({ ...question, ref, action: 'force-push' });
          const update = await decideOn(rules, user, repository, ref, 'update');
          if (forced.allowed !== (update === true)) return false;
        }
      }
    }
    return true;
  });
  await fc.assert(property, runs);
});
