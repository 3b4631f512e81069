/** Rules of data, checked and made ready to be asked. */
import type { GlobMatcher } from './glob.js';
import type { AccessRulesData, Permission, RepositoryVisibility } from './rules-data.js';
import { checkUserName, Groups, undeclared, type Asker } from './rules-groups.js';
import { compileRefs, compileRepositories, type RefPatterns } from './rules-patterns.js';
import { readPermissions } from './rules-permissions.js';
import { RulesProblem, type RulesPath } from './rules-problem.js';
import { readList, readTable, readText, readTexts, type Item } from './rules-values.js';

export interface CompiledRule {
  /** From 0. */
  readonly index: number;
  readonly isFor: (asker: Asker) => boolean;
  readonly fitsRepository: GlobMatcher;
  /** Undefined for all refs. */
  readonly fitsRef: GlobMatcher | undefined;
  readonly allow: ReadonlySet<Permission>;
  readonly deny: ReadonlySet<Permission>;
  readonly message: string | undefined;
}

export interface CompiledVisibility {
  /** From 0. */
  readonly index: number;
  readonly fits: GlobMatcher;
  readonly visibility: RepositoryVisibility['visibility'];
}

export interface CompiledRules {
  readonly groups: Groups;
  readonly repositories: readonly CompiledVisibility[];
  readonly rules: readonly CompiledRule[];
}

const visibilities: readonly CompiledVisibility['visibility'][] = [
  'public',
  'authenticated',
  'private',
  'noted',
];

function required<Value>(value: Value | undefined, path: RulesPath, key: string, meaning: string): Value {
  if (value === undefined) throw new RulesProblem(path, `"${key}" is missing; it says ${meaning}`);
  return value;
}

function compileVisibility(value: unknown, index: number, canReadNotes: boolean): CompiledVisibility {
  const path = ['repositories', index];
  const { name, visibility } = readTable(value, path, ['name', 'visibility']);
  const names = required(readTexts(name, [...path, 'name']), path, 'name', 'which repositories are meant');
  const given = required(visibility, path, 'visibility', 'who may read them');
  const known = visibilities.find((each) => each === given);
  if (!known) {
    const problem = `this is no visibility; known are ${visibilities.join(', ')}`;
    throw new RulesProblem([...path, 'visibility'], problem);
  }
  if (known === 'noted' && !canReadNotes) {
    const problem = '"noted" needs the option visibilityOf, which reads what a repository says of itself';
    throw new RulesProblem([...path, 'visibility'], problem);
  }
  return { index, fits: compileRepositories(names), visibility: known };
}

function compileWho(items: readonly Item[], groups: Groups): CompiledRule['isFor'] {
  const users = new Set<string>();
  const named = new Set<string>();
  let everyName = false;
  let nameless = false;
  for (const { text, path } of items) {
    if (text === '*') everyName = true;
    else if (text === 'anonymous') nameless = true;
    else if (!text.startsWith('@')) users.add(checkUserName(text, path));
    else if (groups.has(text.slice(1))) named.add(text.slice(1));
    else throw new RulesProblem(path, undeclared(text.slice(1)));
  }
  return (asker) => {
    // A user who is called "anonymous" has a name all the same.
    if (asker.name === undefined) return nameless;
    if (everyName || users.has(asker.name)) return true;
    for (const group of named) if (asker.groups.has(group)) return true;
    return false;
  };
}

/** What a rule says must be able to have an effect: what looks like protection and is none is the worst mistake. */
function checkEffect(
  path: RulesPath,
  list: 'allow' | 'deny',
  words: readonly Item[],
  refs: RefPatterns | undefined,
): void {
  for (const { text, path: place } of words) {
    if (refs && (text === 'read' || (text === 'all' && list === 'deny'))) {
      const instead = list === 'deny' ? 'write "write", or leave out refs' : 'leave out refs or "read"';
      throw new RulesProblem(
        place,
        `reading is decided for a repository as a whole, not for some refs; ${instead}`,
      );
    }
    if (refs?.kind === 'tags' && ['update', 'force-push', 'delete'].includes(text)) {
      const problem = `"${text}" means nothing for tags; "change-tags" is about moving and removing them`;
      throw new RulesProblem(place, problem);
    }
    if (refs?.kind === 'no-tags' && text === 'change-tags') {
      throw new RulesProblem([...path, 'refs'], 'these refs are no tags; write tags/v* for tags');
    }
  }
}

const ruleKeys = ['who', 'repositories', 'refs', 'allow', 'deny', 'message'];

function readMessage(value: unknown, path: RulesPath, canDeny: boolean): string | undefined {
  if (value === undefined) return undefined;
  const text = readText(value, path);
  if (!canDeny) throw new RulesProblem(path, 'a rule that denies nothing never shows its message');
  // It stands in one line of git's report, beside the name of the ref.
  if (text.length > 200) throw new RulesProblem(path, 'the message is longer than 200 characters');
  return text;
}

function compileRule(value: unknown, index: number, groups: Groups): CompiledRule {
  const path = ['rules', index];
  const table = readTable(value, path, ruleKeys);
  const list = (key: string): readonly Item[] | undefined => readTexts(table[key], [...path, key]);
  const isFor = compileWho(required(list('who'), path, 'who', 'whom the rule is for'), groups);
  const repositories = list('repositories');
  const refItems = list('refs');
  const refs = refItems && compileRefs(refItems);
  const [allowed, denied] = [list('allow'), list('deny')];
  if (!allowed && !denied) {
    throw new RulesProblem(path, 'the rule says nothing; it needs "allow" or "deny"');
  }
  checkEffect(path, 'allow', allowed ?? [], refs);
  checkEffect(path, 'deny', denied ?? [], refs);
  const allow = readPermissions(allowed, 'allow');
  const deny = readPermissions(denied, 'deny');
  const both = [...allow].filter((permission) => deny.has(permission));
  if (both.length > 0) {
    throw new RulesProblem([...path, 'deny'], `the rule both allows and denies ${both.join(', ')}`);
  }
  return {
    index,
    isFor,
    fitsRepository: repositories ? compileRepositories(repositories) : () => true,
    fitsRef: refs?.fits,
    allow,
    deny,
    message: readMessage(table['message'], [...path, 'message'], denied !== undefined),
  };
}

/** Throws a {@link RulesProblem} for the first thing that cannot be used; without a reader of notes, `noted` is such. */
export function compileRules(data: AccessRulesData, canReadNotes: boolean): CompiledRules {
  const table = readTable(data, [], ['groups', 'repositories', 'rules']);
  const groups = new Groups(table['groups']);
  return {
    groups,
    repositories: readList(table['repositories'], ['repositories']).map((value, index) =>
      compileVisibility(value, index, canReadNotes),
    ),
    rules: readList(table['rules'], ['rules']).map((value, index) => compileRule(value, index, groups)),
  };
}
