/** Words on the command line that name neither a command nor a folder: `serve` is what runs without a command. */
import { existsSync } from 'node:fs';
import { CommanderError, type Command } from 'commander';
import { CommandError } from './command-error.js';
import { nearest } from './nearest.js';
import { printable } from './printable.js';

/** What is wrong with a first word that was taken for the folder to serve; undefined when it is one, or a path. */
function strayWord(program: Command, word: string, isAlone: boolean): CommandError | undefined {
  const commands = program.commands.map((command) => command.name());
  if (commands.includes(word) && !(isAlone && existsSync(word))) {
    return new CommandError(2, `"${word}" is a command, and comes before all flags: gittyphoon ${word} …`);
  }
  // Of a path nobody thinks as a command.
  if (!/^\w[\w-]*$/.test(word) || existsSync(word)) return undefined;
  const meant = nearest(word, commands);
  const advice =
    meant === undefined ? '; gittyphoon --help shows what there is' : ` (did you mean ${meant}?)`;
  return new CommandError(2, `there is no command or folder "${word}"${advice}`);
}

/** Whether `serve` runs because it was written, in the only place where it counts as a command. */
function isServeWritten(program: Command): boolean {
  return program.args[0] === 'serve';
}

/** Throws a `CommandError` when the folder to serve is perhaps a command that was meant. */
export function checkFirstWord(program: Command, dir: string | undefined): void {
  const stray = dir === undefined || isServeWritten(program) ? undefined : strayWord(program, dir, true);
  if (stray) throw stray;
}

/** What a failure to understand the flags of `serve` is about when nobody wrote `serve`; undefined when it is what it says. */
export function explainStrayWords(program: Command, error: unknown): CommandError | undefined {
  if (!(error instanceof CommanderError) || isServeWritten(program)) return undefined;
  const isExcess = error.code === 'commander.excessArguments';
  if (!isExcess && error.code !== 'commander.unknownOption') return undefined;
  // Set only where this command was run.
  const words = program.commands.find((command) => command.name() === 'serve')?.args ?? [];
  const [first, second] = words;
  if (first === undefined || first.startsWith('-')) return undefined;
  const stray = strayWord(program, first, false);
  if (stray || !isExcess) return stray;
  return new CommandError(
    2,
    `one folder is served, and "${printable(first)}" is the first; "${printable(second ?? '')}" is one too many`,
  );
}
