import { unreadableReason } from './file-problem.js';

/** A file of users, rights or webhooks that cannot be used: `FILE:LINE: what is wrong`. The text holds no password. */
export class AccessFileError extends Error {
  override readonly name: string = 'AccessFileError';
  readonly file: string;
  /** Undefined when the file as a whole is meant. */
  readonly line: number | undefined;

  constructor(file: string, line: number | undefined, problem: string, cause?: unknown) {
    super(
      `${line === undefined ? file : `${file}:${line}`}: ${problem}`,
      cause === undefined ? undefined : { cause },
    );
    this.file = file;
    this.line = line;
  }
}

/** Why a file could not be read, or was not understood, as an error of this kind. */
export function asAccessFileError(file: string, error: unknown): AccessFileError {
  return error instanceof AccessFileError
    ? error
    : new AccessFileError(file, undefined, unreadableReason(error), error);
}

/** Ends the reading of a file at one line. */
export type Fail = (line: number | undefined, problem: string) => never;
