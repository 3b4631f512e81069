/**
 * What the words in `allow` and `deny` stand for. A permission includes those that it makes no sense without: whoever
 * may rewrite a branch may also move it forward, and whoever may change a ref may read. So `allow` also gives what is
 * below, and `deny` also takes what is above. Both together keep the answers of rules consistent, in whatever order
 * they stand: nobody may force-push who may not update, and nobody may write who may not read.
 */
import { permissions, type Permission } from './rules-data.js';
import { RulesProblem } from './rules-problem.js';
import type { Item } from './rules-values.js';

/** The permissions that are about refs. */
export const refPermissions = permissions.filter((permission) => permission !== 'read');

const below: Readonly<Record<Permission, readonly Permission[]>> = {
  read: ['read'],
  create: ['create', 'read'],
  update: ['update', 'read'],
  'force-push': ['force-push', 'update', 'read'],
  delete: ['delete', 'read'],
  'change-tags': ['change-tags', 'read'],
};

function aboveOf(permission: Permission): readonly Permission[] {
  return permissions.filter((other) => below[other].includes(permission));
}

const words = [...permissions, 'write', 'all'] as const;
type Word = (typeof words)[number];

function meaningOf(word: Word, list: 'allow' | 'deny'): readonly Permission[] {
  if (word === 'all') return permissions;
  // A tag that has moved is a different release under the same name: that is only ever allowed by name.
  if (word === 'write')
    return refPermissions.filter((permission) => list === 'deny' || permission !== 'change-tags');
  return [word];
}

/** Reads `allow` or `deny` into all permissions that it gives or takes. */
export function readPermissions(
  items: readonly Item[] | undefined,
  list: 'allow' | 'deny',
): ReadonlySet<Permission> {
  const found = new Set<Permission>();
  for (const { text, path } of items ?? []) {
    const word = words.find((known) => known === text);
    if (word === undefined) {
      throw new RulesProblem(path, `"${text}" is no permission; known are ${words.join(', ')}`);
    }
    for (const permission of meaningOf(word, list)) {
      const closed = list === 'allow' ? below[permission] : aboveOf(permission);
      for (const each of closed) found.add(each);
    }
  }
  return found;
}
