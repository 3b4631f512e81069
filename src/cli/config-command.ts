/** `gittyphoon config`: checks a configuration, and prints what is in force. */
import type { Command } from 'commander';
import { pino } from 'pino';
import { allOf, eachOf } from './all-of.js';
import { CommandError } from './command-error.js';
import { readConfiguration, tryReadConfiguration } from './configuration/configuration.js';
import type { Configuration } from './configuration/configuration.js';
import { addSettingFlags, commandLineOf, type CommandLine } from './configuration/flags.js';
import { ConfigurationError } from './configuration/given.js';
import { printConfiguration } from './configuration/print.js';
import { settingNames } from './configuration/settings.js';
import { explain } from './explain.js';
import { printable } from './printable.js';
import { openServedAccess } from './served-access.js';
import { servedGit, servedStore } from './served-git.js';
import { wantedWebhooks } from './webhooks.js';

/** Opens all that a server would open, and leaves nothing open. */
async function tryOut(configuration: Configuration): Promise<void> {
  const log = pino({ level: 'silent' });
  const store = await configuration.naming('repositories.root', (async () => servedStore(configuration))());
  await allOf({
    access: async () => (await openServedAccess(configuration, store, log)).close(),
    webhooks: () => wantedWebhooks(configuration),
    git: async () => {
      // Of who may do what this needs nothing: it is about all the rest.
      const git = servedGit(configuration, { repositories: store });
      await configuration.naming('git.command', git.gitVersion());
      await git.close();
    },
  });
}

function linesOf(error: unknown): readonly string[] {
  if (error instanceof ConfigurationError) return error.mistakes.map(({ text }) => text);
  return [explain(error).message];
}

/** Prints every mistake in a line of its own; resolves with the exit code. */
async function check(commandLine: CommandLine): Promise<number> {
  const { configuration, mistakes, doubts } = await tryReadConfiguration(commandLine);
  const problems = mistakes.map(({ text }) => text);
  try {
    await tryOut(configuration);
  } catch (error) {
    problems.push(...eachOf(error).flatMap(linesOf));
  }
  for (const line of [...problems, ...doubts]) process.stderr.write(`${printable(line, 2_000)}\n`);
  if (problems.length > 0) return 1;
  const count = settingNames.filter((name) => configuration.sourceOf(name).from !== 'default').length;
  const what = commandLine.file === undefined ? 'the configuration' : printable(commandLine.file, 2_000);
  process.stdout.write(`${what} can be used: ${count} setting${count === 1 ? '' : 's'}\n`);
  return 0;
}

/** Adds the command with its two parts. */
export function addConfigCommand(program: Command, setExitCode: (code: number) => void): void {
  const config = program.command('config').description('check a configuration, or print what is in force');
  const checkCommand = config
    .command('check')
    .description('tell every mistake of a configuration, with its place')
    .argument('[FILE]', 'the same as --config');
  addSettingFlags(checkCommand).action(async (file: string | undefined) => {
    const commandLine = commandLineOf(checkCommand, undefined);
    if (file !== undefined && commandLine.file !== undefined && file !== commandLine.file) {
      throw new CommandError(2, 'FILE and --config are not the same; give one of the two');
    }
    setExitCode(await check({ ...commandLine, file: file ?? commandLine.file }));
  });
  const print = config
    .command('print')
    .description('print all settings as TOML, each with the source of its value; flags are those of serve')
    .argument('[DIR]', 'the folder with the repositories');
  addSettingFlags(print).action(async (dir: string | undefined) => {
    const { configuration } = await readConfiguration(commandLineOf(print, dir));
    process.stdout.write(printConfiguration(configuration));
  });
}
