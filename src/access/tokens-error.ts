/** A token file that cannot be used: `FILE: what is wrong`. The text holds no token and no hash. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError';
  readonly file: string;

  constructor(file: string, problem: string, cause?: unknown) {
    super(`${file}: ${problem}`, cause === undefined ? undefined : { cause });
    this.file = file;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'this is a folder, not a file',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system can only be read',
};

/** An error of the file system as one of the token file. */
export function asTokenFileError(file: string, what: 'read' | 'written', error: unknown): TokenFileError {
  if (error instanceof TokenFileError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const reason =
    code === 'EACCES' || code === 'EPERM'
      ? `this user is not allowed to have it ${what}`
      : (reasons[code] ?? `it cannot be ${what} (${message})`);
  return new TokenFileError(file, reason, error);
}
