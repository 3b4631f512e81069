/**
 * The heart of the rules: one question, one answer, and what has decided it. The first rule that is for this user,
 * this repository and this ref, and that speaks of this permission, decides; for reading, the repository's visibility
 * comes after all rules; what nothing has decided is refused.
 */
import type { CompiledRule, CompiledRules, CompiledVisibility } from './rules-compile.js';
import type { Permission, Visibility } from './rules-data.js';
import type { Asker } from './rules-groups.js';

/** What a permission is asked for. */
export type Target =
  /** The repository as a whole: reading. */
  | { readonly kind: 'repository' }
  | { readonly kind: 'ref'; readonly name: string }
  /** Any ref that there is or could be: is there one for which the answer is yes? */
  | { readonly kind: 'some-ref' }
  /** A ref whose name cannot be compared: is the answer yes whatever its name is? */
  | { readonly kind: 'unreadable-ref' };

/** What has decided; undefined where nothing speaks of it. */
export type Decider =
  | { readonly kind: 'rule'; readonly rule: CompiledRule }
  /** `note`: the entry leaves it to the repository. */
  | { readonly kind: 'visibility' | 'note'; readonly entry: CompiledVisibility };

export interface Decision {
  readonly isAllowed: boolean;
  readonly by: Decider | undefined;
}

function fitsTarget(rule: CompiledRule, target: Target, isDenial: boolean): boolean {
  if (!rule.fitsRef) return true;
  switch (target.kind) {
    case 'repository':
      // What allows something to a ref allows reading as well; what denies something to a ref never denies reading.
      return true;
    case 'ref':
      return rule.fitsRef(target.name);
    case 'some-ref':
      return !isDenial;
    case 'unreadable-ref':
      return isDenial;
  }
}

function entryOf(rules: CompiledRules, repositoryName: string): CompiledVisibility | undefined {
  return rules.repositories.find(({ fits }) => fits(repositoryName));
}

/** Whether the repository's own note counts, where no rule decides. */
export function goesByNote(rules: CompiledRules, repositoryName: string): boolean {
  return entryOf(rules, repositoryName)?.visibility === 'noted';
}

function decideByVisibility(
  rules: CompiledRules,
  asker: Asker,
  repositoryName: string,
  noted: Visibility | undefined,
): Decision {
  const entry = entryOf(rules, repositoryName);
  if (!entry) return { isAllowed: false, by: undefined };
  const isByNote = entry.visibility === 'noted';
  const visibility = isByNote ? noted : entry.visibility;
  const isNamed = asker.name !== undefined;
  const isAllowed = visibility === 'public' || (visibility === 'authenticated' && isNamed);
  return { isAllowed, by: { kind: isByNote ? 'note' : 'visibility', entry } };
}

/** One question and its answer. `noted` is what the repository says of itself; needed for reading alone. */
export function decide(
  rules: CompiledRules,
  asker: Asker,
  repositoryName: string,
  permission: Permission,
  target: Target,
  noted?: Visibility,
): Decision {
  for (const rule of rules.rules) {
    const isDenial = rule.deny.has(permission);
    if (!isDenial && !rule.allow.has(permission)) continue;
    if (!fitsTarget(rule, target, isDenial)) continue;
    if (!rule.isFor(asker) || !rule.fitsRepository(repositoryName)) continue;
    return { isAllowed: !isDenial, by: { kind: 'rule', rule } };
  }
  return permission === 'read'
    ? decideByVisibility(rules, asker, repositoryName, noted)
    : { isAllowed: false, by: undefined };
}
