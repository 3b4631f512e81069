/** `gittyphoon token`: makes, lists and revokes access tokens. */
import { existsSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { openTokenFile, type ListedToken, type TokenFile, type TokenScope } from '../access/index.js';
import { tokenId, tokenPrefix } from '../access/tokens-text.js';
import { OptionError } from '../errors.js';
import { CommandError } from './command-error.js';
import { printable } from './printable.js';

interface TokenFlags {
  readonly tokens?: string;
}

interface CreateFlags extends TokenFlags {
  readonly user: string;
  readonly scope: TokenScope;
  readonly repo: readonly string[];
  readonly expires: number | 'never';
  readonly description?: string;
}

interface ListFlags extends TokenFlags {
  readonly user?: string;
  readonly json?: boolean;
}

const hourMs = 3_600_000;
const unitMs = { h: hourMs, d: 24 * hourMs };
const maxDays = 36_500;

/** `30d`, `12h` or `never`, in milliseconds from now. */
function parseExpiry(text: string): number | 'never' {
  if (text === 'never') return text;
  const [, count = '', unit = ''] = /^([1-9]\d{0,6})([hd])$/.exec(text) ?? [];
  const ms = Number(count) * (unit === 'd' ? unitMs.d : unitMs.h);
  if (count === '' || ms > maxDays * unitMs.d) {
    throw new InvalidArgumentError(`Give days as 30d, hours as 12h, at most ${maxDays}d, or never.`);
  }
  return ms;
}

async function openTokens({ tokens }: TokenFlags): Promise<TokenFile> {
  if (!tokens) {
    throw new CommandError(2, 'where are the tokens? give --tokens FILE or set GITTYPHOON_TOKENS');
  }
  return openTokenFile(tokens);
}

function shownExpiry(expires: Date | undefined): string {
  if (!expires) return 'never';
  return expires.getTime() <= Date.now() ? `expired ${shownDate(expires)}` : shownDate(expires);
}

/** To the minute, in UTC as the file has it. */
function shownDate(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** The token goes to standard output alone, so that a script can take it from there. */
async function create(flags: CreateFlags): Promise<void> {
  const { user, scope, repo: repositories, expires, description } = flags;
  const tokens = await openTokens(flags);
  try {
    const made = await tokens.create({
      user,
      scope,
      repositories,
      expires: expires === 'never' ? expires : new Date(Date.now() + expires),
      description,
    });
    const until = made.expires ? `until ${shownDate(made.expires)}` : 'until it is revoked';
    process.stderr.write(
      `Token ${made.id} of ${printable(user)}: ${scope}, ${repositories.map((name) => printable(name)).join(' ')}, ${until}.\n` +
        'Keep it now; it is not shown again:\n',
    );
    process.stdout.write(`${made.token}\n`);
  } catch (error) {
    if (!(error instanceof OptionError) || error.option !== 'repositories') throw error;
    throw new CommandError(2, error.message.replace('option "repositories"', '--repo'));
  }
}

function rowOf(token: ListedToken): readonly string[] {
  const { id, user, scope, repositories, created, expires, lastUsed, description = '' } = token;
  return [
    id,
    printable(user),
    scope,
    repositories.map((pattern) => printable(pattern)).join(' '),
    shownDate(created),
    shownExpiry(expires),
    lastUsed ? shownDate(lastUsed) : 'never',
    printable(description),
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths =
    rows[0]?.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

async function list(flags: ListFlags): Promise<void> {
  const tokens = await openTokens(flags);
  const found = await tokens.list({ user: flags.user });
  if (flags.json) {
    // Null says that there is none; a member that is missing would leave that open.
    const plain = found.map(({ expires = null, lastUsed = null, description = null, ...rest }) =>
      Object.assign(rest, { expires, lastUsed, description }),
    );
    process.stdout.write(`${JSON.stringify(plain, undefined, 2)}\n`);
  } else if (found.length === 0) {
    const file = flags.tokens ?? '';
    const whose = flags.user === undefined ? '' : ' of this user';
    // Perhaps another file was meant; that it is missing is no failure, since the first token makes it.
    const why = existsSync(file) ? '' : `: there is no file ${printable(file)} yet`;
    process.stderr.write(`There are no tokens${whose}${why}.\n`);
  } else {
    const head = ['ID', 'USER', 'SCOPE', 'REPOSITORIES', 'CREATED', 'EXPIRES', 'LAST USED', 'DESCRIPTION'];
    process.stdout.write(table([head, ...found.map(rowOf)]));
  }
}

/** The id that is meant; a whole token, such as one found where it should not be, is not said again. */
function idOf(given: string): string {
  if (!given.startsWith(tokenPrefix)) return given;
  const id = tokenId(given);
  if (id === undefined)
    throw new CommandError(2, 'one of these is a damaged token; give its id, or all of it');
  return id;
}

async function revoke(given: readonly string[], flags: TokenFlags): Promise<void> {
  const ids = [...new Set(given.map(idOf))];
  const tokens = await openTokens(flags);
  const revoked = await tokens.revoke(ids);
  for (const { id, user } of revoked) process.stdout.write(`revoked ${id} of ${printable(user)}\n`);
  const unknown = ids.filter((id) => !revoked.some((token) => token.id === id));
  if (unknown.length > 0) {
    const names = unknown.map((id) => printable(id)).join(' ');
    throw new CommandError(1, `there is no token ${names}; "gittyphoon token list" shows what there is`);
  }
}

function fileOption(): Option {
  return new Option('--tokens <FILE>', 'the file that holds the tokens, such as tokens.json').env(
    'GITTYPHOON_TOKENS',
  );
}

/** Adds `token create`, `token list` and `token revoke`. */
export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('make, list and revoke access tokens');
  token
    .command('create')
    .description('make a token and print it, this one time')
    .requiredOption('--user <NAME>', 'who comes with it')
    .addOption(
      new Option('--scope <scope>', 'read for fetch, write for fetch and push')
        .choices(['read', 'write'])
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--repo <GLOB>',
      'a repository or a pattern; may be given again; "**" is for all',
      (pattern: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), pattern],
    )
    .requiredOption('--expires <time>', 'when it ends: 30d, 12h or never', parseExpiry)
    .option('--description <TEXT>', 'what it is for')
    .addOption(fileOption())
    .action(create);
  token
    .command('list')
    .description('show the tokens, without their secrets')
    .option('--user <NAME>', 'only those of this user')
    .option('--json', 'for programs')
    .addOption(fileOption())
    .action(list);
  token
    .command('revoke')
    .description('end tokens, from the next request on')
    .argument('<ID...>', 'their ids; whole tokens will do as well')
    .addOption(fileOption())
    .action(revoke);
}
