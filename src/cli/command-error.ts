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
