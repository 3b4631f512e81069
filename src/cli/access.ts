/** `gittyphoon access`: asks a rules file what it says, and checks it. */
import { Option, type Command } from 'commander';
import { accessActions, openRulesFile, type AccessAction, type Explanation } from '../access/index.js';
import { printable } from './printable.js';

interface ExplainFlags {
  readonly rules: string;
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

function because(explanation: Explanation): string {
  const { decidedBy, number, file = '', line, permission } = explanation;
  const where = `${printable(file)}${line === undefined ? '' : `:${line}`}`;
  const asked = permission === 'change-tags' ? ', as a change of a tag' : '';
  switch (decidedBy) {
    case 'rule':
      return `${where}, rule ${number}${asked}`;
    case 'visibility':
      return `${where}, visibility in repositories entry ${number}`;
    case 'nothing':
      return `nothing in ${where} allows it${asked}`;
  }
}

function shown(explanation: Explanation): string {
  const { allowed, action, ref, refusal } = explanation;
  const what = ref === undefined ? action : `${action} ${printable(ref)}`;
  const said = refusal === undefined ? '' : `; the user reads: ${printable(refusal)}`;
  return `${what}: ${allowed ? 'yes' : 'no'} (${because(explanation)})${said}`;
}

/** Prints which rule decides, and how. */
async function explainRules(
  userName: string,
  repository: string,
  ref: string | undefined,
  { rules: file, action, group, json }: ExplainFlags,
): Promise<void> {
  const rules = await openRulesFile(file);
  const user = userName === 'anonymous' ? undefined : userName;
  const actions = action === undefined ? actionsFor(ref) : [action];
  const name = repository === '.' ? '' : repository;
  const answers = actions.map((each) =>
    rules.explain({ user, groups: group, repository: name, ref, action: each }),
  );
  if (json) {
    process.stdout.write(`${JSON.stringify(answers, undefined, 2)}\n`);
    return;
  }
  const [{ groups } = { groups: [] }] = answers;
  const member = groups.length > 0 ? ` (${groups.map((each) => `@${printable(each)}`).join(', ')})` : '';
  process.stdout.write(
    `${printable(userName)}${member} in ${printable(repository)}\n${answers.map((each) => `  ${shown(each)}\n`).join('')}`,
  );
}

async function checkRules(file: string): Promise<void> {
  const { summary } = await openRulesFile(file);
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
