import { OptionError } from '../errors.js';

/** Ends the command with one line on standard error, which says what is wrong and what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** 2 for a command line that cannot be used, 1 for everything that goes wrong later. */
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
  }
}

/** What is wrong with an option is wrong with the flag that it comes from. */
export function forFlag<T>(flag: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    throw new CommandError(2, `${flag} ${error.message.replace(/^option "[^"]*" /, '')}`);
  }
}
