/** What one ref of a push needs, and what its sender reads when it is refused. */
import type { RefUpdateRequest, UpdateDecision } from './policy.js';
import type { CompiledRules } from './rules-compile.js';
import type { Permission } from './rules-data.js';
import { decide, type Decision, type Target } from './rules-decide.js';
import type { Asker } from './rules-groups.js';
import { isTag } from './rules-patterns.js';

/** Names of refs are bytes. What is not UTF-8 reaches us with this in its place, and fits what it should not. */
const replacementCharacter = '\uFFFD';

export function targetOf(refName: string): Target {
  return refName.includes(replacementCharacter) ? { kind: 'unreadable-ref' } : { kind: 'ref', name: refName };
}

/** Tags that are there are protected: to move or remove one is a permission of its own. */
export function permissionFor(refName: string, action: Exclude<Permission, 'read'>): Permission {
  return isTag(refName) && action !== 'create' ? 'change-tags' : action;
}

function nounOf(refName: string): string {
  if (isTag(refName)) return 'tag';
  return refName.startsWith('refs/heads/') ? 'branch' : 'ref';
}

const verbs: Readonly<Record<Exclude<Permission, 'read' | 'change-tags'>, string>> = {
  create: 'create this',
  update: 'update this',
  'force-push': 'rewrite the history of this',
  delete: 'delete this',
};

/** Why an action on a ref is refused, for its sender. */
export function refusalOf(
  { by }: Decision,
  refName: string,
  action: Exclude<Permission, 'read' | 'change-tags'>,
): string {
  const rule = by?.kind === 'rule' ? by.rule : undefined;
  // A rule for other refs may not be about this one at all.
  if (refName.includes(replacementCharacter) && (!rule || rule.fitsRef)) {
    return 'the name of this ref is not UTF-8';
  }
  if (rule?.message !== undefined) return rule.message;
  const isMove = isTag(refName) && (action === 'update' || action === 'force-push');
  return `you may not ${isMove ? 'move this' : verbs[action]} ${nounOf(refName)}`;
}

/** Decides one ref of a push. */
export function decideUpdate(
  rules: CompiledRules,
  asker: Asker,
  repositoryName: string,
  { refName, kind }: Pick<RefUpdateRequest, 'refName' | 'kind'>,
): UpdateDecision {
  const ask = (permission: Permission): Decision =>
    decide(rules, asker, repositoryName, permission, targetOf(refName));
  const needed = permissionFor(refName, kind);
  const decision = ask(needed);
  if (!decision.isAllowed) return refusalOf(decision, refName, kind);
  if (needed !== 'update') return true;
  const forced = ask('force-push');
  return forced.isAllowed || { unlessForced: refusalOf(forced, refName, 'force-push') };
}
