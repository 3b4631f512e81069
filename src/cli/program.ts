/** The command line: what there is, and how a failure ends it. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import { AccessFileError, TokenFileError } from '../access/index.js';
import { WebhookFileError } from '../webhooks/index.js';
import { GitVersionError } from '../git/version.js';
import { addAccessCommand } from './access.js';
import { GitTyphoonError, OptionError } from '../errors.js';
import { AdministrationError } from '../repository/administration-error.js';
import { CommandError } from './command-error.js';
import { addDoctorCommand } from './doctor/command.js';
import { logLevels, type LogLevel } from './logging.js';
import { passwd } from './passwd.js';
import { printable } from './printable.js';
import { addRepoCommand } from './repo.js';
import { parseCount, parseRate, parseSize, type PushLimitFlags } from './push-limits.js';
import { serve } from './serve.js';
import { checkFirstWord, explainStrayWords } from './stray-words.js';
import { addTokenCommand } from './token.js';
import { addWebhookCommands } from './webhook-commands.js';

interface ServeFlags extends PushLimitFlags {
  readonly port: number;
  readonly host?: string;
  readonly gitbase?: string;
  readonly accessfile?: string;
  readonly htpasswd?: string;
  readonly authUrl?: string;
  readonly oidc?: string;
  readonly trustedProxy?: readonly string[];
  readonly userHeader?: string;
  readonly rules?: string;
  readonly tokens?: string;
  readonly createOnPush?: boolean;
  readonly realm: string;
  readonly logLevel: LogLevel;
  readonly webhooks?: string;
  readonly webhookQueue?: string;
}

/** The package's own version. */
function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('Give a number from 0 to 65535.');
  return port;
}

/** The values of a flag that may be given several times. */
function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

function buildProgram(version: string, setExitCode: (code: number) => void): Command {
  const program = new Command('gittyphoon')
    .description(
      'Serves the git repositories in a folder over HTTP. Everybody may read and nobody may push unless --accessfile or --rules says otherwise.',
    )
    .usage(
      [
        '[serve] [options] [DIR]',
        'gittyphoon passwd [NAME]',
        'gittyphoon access explain|check …',
        'gittyphoon token create|list|revoke …',
        'gittyphoon repo create|list|show|rename|delete|…',
        'gittyphoon webhook test|list|retry …',
        'gittyphoon doctor [DIR]',
      ].join('\n       '),
    )
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const serveCommand = program
    .command('serve', { isDefault: true })
    .description('serve the repositories below DIR (the default)')
    .argument('[DIR]', 'the folder with the repositories (default: the current one)')
    .option('-p, --port <number>', 'the port to listen on; 0 takes a free one', parsePort, 8080)
    .option('--host <address>', 'the address to listen on (default: all)')
    .option('--gitbase <DIR>', 'the same as DIR')
    .option('--accessfile <FILE>', 'who may push where; without it nobody may')
    .option('--htpasswd <FILE>', 'users and passwords as Apache keeps them')
    .option('--auth-url <URL>', 'an endpoint that is asked who somebody is')
    .option('--oidc <FILE>', 'issuers whose identity tokens are accepted')
    .option('--trusted-proxy <ADDRESS>', 'a proxy, for which many users stand (may be repeated)', collect)
    .option('--user-header <NAME>', 'the header in which a trusted proxy names the user')
    .option('--rules <FILE>', 'who may read and change what; the access file then gives users only')
    .option('--tokens <FILE>', 'access tokens, made with "gittyphoon token create"')
    .option('--max-push-size <SIZE>', 'the most bytes of a push, such as 500m', parseSize)
    .option('--max-object-size <SIZE>', 'the most bytes of a file or another object', parseSize)
    .option('--max-repository-size <SIZE>', 'the most bytes that a repository may take', parseSize)
    .option('--max-ref-updates <NUMBER>', 'the most refs that a push may change', parseCount)
    .option('--push-rate <PUSHES/SECONDS>', 'how often a user may push, such as 30/60', parseRate)
    .option('--webhooks <FILE>', 'whom to tell of pushes')
    .option('--webhook-queue <DIR>', 'where deliveries wait until they have arrived')
    .option(
      '--create-on-push',
      'let users create by pushing what the access file or the rules let them write',
    )
    .option('--realm <text>', 'the name that password prompts show', 'Git')
    .addOption(new Option('--log-level <level>', 'how much to log').choices(logLevels).default('info'))
    .action(async (dir: string | undefined, flags: ServeFlags) => {
      checkFirstWord(program, dir);
      setExitCode(await serve({ dir, version, ...flags }));
    });
  program
    .command('passwd')
    .description('make a line for an access file from a password')
    .argument('[NAME]', 'the user; without it only the hash is printed')
    .action(passwd);
  addAccessCommand(program);
  addTokenCommand(program);
  addWebhookCommands(program, setExitCode);
  addRepoCommand(program);
  addDoctorCommand(program, setExitCode);
  // `serve` is the default, so that its flags are those of the program.
  return program.configureHelp({
    visibleOptions: (command) => {
      const plain = new Help();
      const own = plain.visibleOptions(command);
      return command === program ? [...plain.visibleOptions(serveCommand).slice(0, -1), ...own] : own;
    },
  });
}

function explain(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof CommanderError) {
    // Commander has printed the help by then.
    if (error.code === 'commander.help') return new CommandError(2, 'a command is missing');
    const text = error.message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ');
    return new CommandError(2, `${text} (gittyphoon --help shows what there is)`);
  }
  if (error instanceof OptionError) {
    return new CommandError(2, error.message.replace(`option "${error.option}"`, `--${error.option}`));
  }
  const isPlain = [GitVersionError, AccessFileError, TokenFileError, WebhookFileError].some(
    (known) => error instanceof known,
  );
  if (isPlain && error instanceof Error) {
    return new CommandError(1, error.message);
  }
  if (error instanceof AdministrationError) return new CommandError(1, printable(error.message));
  if (error instanceof GitTyphoonError) {
    const why = error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return new CommandError(1, printable(error.message + why, 2_000));
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new CommandError(1, `unexpected failure: ${text}`);
}

/** Runs the command; resolves with its exit code when it has ended. */
export async function run(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = buildProgram(readVersion(), (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { message, exitCode: code } = explain(explainStrayWords(program, error) ?? error);
    process.stderr.write(`gittyphoon: ${message}\n`);
    return code;
  }
}
