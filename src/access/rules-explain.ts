/** Why something is allowed or not: the rule that decided, and where it stands. */
import type { CompiledRules } from './rules-compile.js';
import type { Permission, Visibility } from './rules-data.js';
import { decide, type Decider, type Decision } from './rules-decide.js';
import type { Asker } from './rules-groups.js';
import { fullRef } from './rules-patterns.js';
import { refPermissions } from './rules-permissions.js';
import type { RulesPath } from './rules-problem.js';
import { permissionFor, refusalOf, targetOf } from './rules-updates.js';

/** What can be asked: `write` is to do anything at all to some ref. */
export const accessActions = ['read', 'write', 'create', 'update', 'force-push', 'delete'] as const;

/** What somebody wants to do. */
export type AccessAction = (typeof accessActions)[number];

/** May they? */
export interface RulesQuestion {
  /** Undefined for somebody without a name. */
  readonly user: string | undefined;
  /** Groups that come with the user's credentials. Default none. */
  readonly groups?: readonly string[] | undefined;
  /** The repository's canonical name. */
  readonly repository: string;
  /** A full name, or short as in rules. Without it, changes are asked for some ref: is there one that they may change so? */
  readonly ref?: string | undefined;
  readonly action: AccessAction;
  /** What the repository says of itself, for entries whose visibility is `noted`. Default nothing, which is private. */
  readonly noted?: Visibility | undefined;
}

/** The answer, and what has decided it. */
export interface Explanation {
  readonly allowed: boolean;
  readonly action: AccessAction;
  /** What the rules were asked about: for tags that are there, `change-tags`. Undefined for `write`, which is about several. */
  readonly permission: Permission | undefined;
  /** The full name of the ref. */
  readonly ref: string | undefined;
  /** All groups of the user that the rules know of. */
  readonly groups: readonly string[];
  /** A rule, a repository's visibility, the note to which that leaves it, or nothing, which is a no. */
  readonly decidedBy: 'rule' | 'visibility' | 'note' | 'nothing';
  /** What the repository says of itself, where that has decided; undefined as well where it says nothing. */
  readonly noted: Visibility | undefined;
  /** Which rule or repositories entry, counted from 1. */
  readonly number: number | undefined;
  readonly file: string | undefined;
  /** Its first line. */
  readonly line: number | undefined;
  /** What the user of a refused push reads about this ref. */
  readonly refusal: string | undefined;
}

/** Where rules were read from. */
export interface RulesSource {
  readonly file: string | undefined;
  readonly lineOf: (path: RulesPath) => number | undefined;
}

interface Found extends Decision {
  readonly permission: Permission | undefined;
}

function ask(
  rules: CompiledRules,
  asker: Asker,
  { repository, ref, noted }: RulesQuestion,
  wanted: Permission,
): Found {
  if (wanted === 'read') {
    return {
      ...decide(rules, asker, repository, 'read', { kind: 'repository' }, noted),
      permission: 'read',
    };
  }
  if (ref === undefined) {
    return { ...decide(rules, asker, repository, wanted, { kind: 'some-ref' }), permission: wanted };
  }
  const permission = permissionFor(fullRef(ref), wanted);
  return { ...decide(rules, asker, repository, permission, targetOf(fullRef(ref))), permission };
}

function askForAny(rules: CompiledRules, asker: Asker, question: RulesQuestion): Found {
  const wanted =
    question.ref === undefined
      ? refPermissions
      : refPermissions.filter((permission) => permission !== 'change-tags');
  const answers = wanted.map((permission) => ask(rules, asker, question, permission));
  const best = answers.find(({ isAllowed }) => isAllowed) ?? answers.find(({ by }) => by);
  return { isAllowed: best?.isAllowed ?? false, by: best?.by, permission: undefined };
}

function place(by: Decider | undefined, { file, lineOf }: RulesSource): Partial<Explanation> {
  if (!by) return { decidedBy: 'nothing', file };
  const index = by.kind === 'rule' ? by.rule.index : by.entry.index;
  const list = by.kind === 'rule' ? 'rules' : 'repositories';
  return { decidedBy: by.kind, number: index + 1, file, line: lineOf([list, index]) };
}

/** Answers a question with what has decided it. */
export function explain(rules: CompiledRules, source: RulesSource, question: RulesQuestion): Explanation {
  const { user, groups, action } = question;
  const asker = rules.groups.askerOf(user, groups);
  const found = action === 'write' ? askForAny(rules, asker, question) : ask(rules, asker, question, action);
  const ref = question.ref === undefined || action === 'read' ? undefined : fullRef(question.ref);
  const isAboutRef = action !== 'read' && action !== 'write';
  return {
    allowed: found.isAllowed,
    action,
    permission: found.permission,
    ref,
    groups: [...asker.groups].filter((name) => rules.groups.has(name)).sort(),
    decidedBy: 'nothing',
    noted: found.by?.kind === 'note' ? question.noted : undefined,
    number: undefined,
    file: undefined,
    line: undefined,
    ...place(found.by, source),
    refusal: isAboutRef && ref !== undefined && !found.isAllowed ? refusalOf(found, ref, action) : undefined,
  };
}
