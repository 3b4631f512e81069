/** What a failure means for whoever runs the command. */
import { CommanderError } from 'commander';
import { AccessFileError, TokenFileError } from '../access/index.js';
import { GitTyphoonError, OptionError } from '../errors.js';
import { GitVersionError } from '../git/version.js';
import { AdministrationError } from '../repository/administration-error.js';
import { WebhookFileError } from '../webhooks/index.js';
import { eachOf } from './all-of.js';
import { CommandError } from './command-error.js';
import { printable } from './printable.js';

/** The one line to end with, and the exit code; of several failures the first, with the number of the others. */
export function explain(error: unknown): CommandError {
  const [first, ...others] = eachOf(error);
  if (others.length > 0) {
    const { exitCode, message } = explain(first);
    return new CommandError(
      exitCode,
      `${message} (and ${others.length} more; "gittyphoon config check" shows all)`,
    );
  }
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
