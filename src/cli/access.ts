/** `gittyphoon access`: asks a rules file what it says, and checks it. */
import { Option, type Command } from 'commander';
import { accessActions, openRulesFile, type AccessAction, type Explanation } from '../access/index.js';
import { createVisibilityReader } from '../git/visibility-note.js';
import { DirectoryStore } from '../repository/directory-store.js';
import { isSafeSegment } from '../repository/path.js';
import type { Repository } from '../repository/repository.js';
import { repositoriesFolder } from './folder.js';
import { printable } from './printable.js';

interface ExplainFlags {
  readonly rules: string;
  readonly gitbase?: string;
  readonly action?: AccessAction;
  readonly group: readonly string[];
  readonly json?: boolean;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** What there is to know about a repository, or about one of its refs. */
function actionsFor(ref: string | undefined): readonly AccessAction[] {
  const [read, write, ...changes] = accessActions;
  return ref === undefined ? [read, write] : [read, ...changes];
}

/** What a repository says of itself; `isLookedAt` is false where nobody has looked. */
function noteText(noted: Explanation['noted'], isLookedAt: boolean): string {
  if (noted !== undefined) return `the repository is noted as ${noted}`;
  return isLookedAt
    ? 'nothing is noted in the repository, so that it is private'
    : 'private unless the repository is noted otherwise, which --gitbase DIR looks up';
}

function because(explanation: Explanation, isLookedAt: boolean): string {
  const { decidedBy, number, file = '', line, permission, noted } = explanation;
  const where = `${printable(file)}${line === undefined ? '' : `:${line}`}`;
  const asked = permission === 'change-tags' ? ', as a change of a tag' : '';
  switch (decidedBy) {
    case 'rule':
      return `${where}, rule ${number}${asked}`;
    case 'visibility':
      return `${where}, visibility in repositories entry ${number}`;
    case 'note':
      return `${where}, repositories entry ${number}: ${noteText(noted, isLookedAt)}`;
    case 'nothing':
      return `nothing in ${where} allows it${asked}`;
  }
}

function shown(explanation: Explanation, isLookedAt: boolean): string {
  const { allowed, action, ref, refusal } = explanation;
  const what = ref === undefined ? action : `${action} ${printable(ref)}`;
  const said = refusal === undefined ? '' : `; the user reads: ${printable(refusal)}`;
  return `${what}: ${allowed ? 'yes' : 'no'} (${because(explanation, isLookedAt)})${said}`;
}

/** A line for a person, beside the answers that may be for a program. */
function warn(text: string): void {
  process.stderr.write(`gittyphoon: ${printable(text, 2_000)}\n`);
}

/** The repository of this name in a folder, as the server would find it. */
async function findRepository(name: string, gitbase: string): Promise<Repository | undefined> {
  const root = repositoriesFolder(gitbase);
  const parts = name === '' ? [] : name.split('/');
  const found = parts.every(isSafeSegment)
    ? await new DirectoryStore({ root }).find(parts.join('/'))
    : undefined;
  if (!found) warn(`there is no repository "${name}" in ${root}; the answers are for one of this very name`);
  return found;
}

/** Groups that change nothing are most likely mistyped. */
function warnOfGroups(given: readonly string[], known: readonly string[], user: string | undefined): void {
  if (given.length > 0 && user === undefined) {
    return warn('those without a name are in no group; --group is not looked at');
  }
  for (const group of given.filter((name) => !known.includes(name))) {
    warn(`the rules declare no group "${group}", so that it changes nothing`);
  }
}

/** Prints which rule decides, and how. */
async function explainRules(
  userName: string,
  repository: string,
  ref: string | undefined,
  { rules: file, gitbase, action, group, json }: ExplainFlags,
): Promise<void> {
  const visibilityOf = createVisibilityReader();
  const rules = await openRulesFile(file, { visibilityOf });
  const user = userName === 'anonymous' ? undefined : userName;
  const actions = action === undefined ? actionsFor(ref) : [action];
  const given = repository === '.' ? '' : repository;
  const found = gitbase === undefined ? undefined : await findRepository(given, gitbase);
  const noted = found && (await visibilityOf(found));
  const name = found?.name ?? given;
  const answers = actions.map((each) =>
    rules.explain({ user, groups: group, repository: name, ref, action: each, noted }),
  );
  const [{ groups } = { groups: [] }] = answers;
  warnOfGroups(group, groups, user);
  if (json) {
    process.stdout.write(`${JSON.stringify(answers, undefined, 2)}\n`);
    return;
  }
  const member = groups.length > 0 ? ` (${groups.map((each) => `@${printable(each)}`).join(', ')})` : '';
  const lines = answers.map((each) => `  ${shown(each, gitbase !== undefined)}\n`);
  process.stdout.write(`${printable(userName)}${member} in ${printable(name || '.')}\n${lines.join('')}`);
}

async function checkRules(file: string): Promise<void> {
  const { summary } = await openRulesFile(file, { visibilityOf: createVisibilityReader() });
  const { groupCount, repositoryCount, ruleCount } = summary;
  const entries = `${repositoryCount} repositories entr${repositoryCount === 1 ? 'y' : 'ies'}`;
  process.stdout.write(
    `${printable(file)} can be used: ${count(groupCount, 'group')}, ${entries}, ${count(ruleCount, 'rule')}\n`,
  );
}

/** Adds the command with its two parts. */
export function addAccessCommand(program: Command): void {
  const access = program.command('access').description('ask or check a rules file');
  access
    .command('explain')
    .description('print which rule decides what a user may do')
    .argument('<USER>', 'the user; anonymous for somebody without a name')
    .argument('<REPO>', 'the repository, as a path below the served folder')
    .argument('[REF]', 'a branch, tags/NAME, or a full name; without it the question is about the repository')
    .requiredOption('--rules <FILE>', 'the rules file')
    .option('--gitbase <DIR>', 'the served folder, to find the repository and its visibility in')
    .addOption(new Option('--action <action>', 'one question instead of all').choices(accessActions))
    .option(
      '--group <name>',
      'a group that comes with the credentials; can be repeated',
      (name: string, earlier: readonly string[]) => [...earlier, name],
      [],
    )
    .option('--json', 'for programs')
    .action(explainRules);
  access
    .command('check')
    .description('tell whether a rules file can be used')
    .argument('<FILE>', 'the rules file')
    .action(checkRules);
}
