/** The command line: what there is, and how a failure ends it. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Help } from 'commander';
import { addAccessCommand } from './access.js';
import { addConfigCommand } from './config-command.js';
import { addSettingFlags, commandLineOf } from './configuration/flags.js';
import { addDoctorCommand } from './doctor/command.js';
import { explain } from './explain.js';
import { passwd } from './passwd.js';
import { addRepoCommand } from './repo.js';
import { serve } from './serve.js';
import { checkFirstWord, explainStrayWords } from './stray-words.js';
import { addTokenCommand } from './token.js';
import { addWebhookCommands } from './webhook-commands.js';

/** The package's own version. */
function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
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
        'gittyphoon config check|print …',
      ].join('\n       '),
    )
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const serveCommand = program
    .command('serve', { isDefault: true })
    .description('serve the repositories below DIR (the default)')
    .argument('[DIR]', 'the folder with the repositories (default: the current one)');
  addSettingFlags(serveCommand).action(async (dir: string | undefined) => {
    checkFirstWord(program, dir);
    setExitCode(await serve({ version, commandLine: commandLineOf(serveCommand, dir) }));
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
  addConfigCommand(program, setExitCode);
  // `serve` is the default, so that its flags are those of the program.
  return program.configureHelp({
    visibleOptions: (command) => {
      const plain = new Help();
      const own = plain.visibleOptions(command);
      return command === program ? [...plain.visibleOptions(serveCommand).slice(0, -1), ...own] : own;
    },
  });
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
