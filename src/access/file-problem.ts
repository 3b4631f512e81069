/** Why a file cannot be used, in the same words for all files that an operator writes. */
import type { TomlError } from 'smol-toml';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'the server is not allowed to read it',
  EISDIR: 'this is a folder, not a file',
};

/** Whether an error of the file system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** Why a file could not be read, from the error of the file system; names no path. */
export function unreadableReason(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  // The message ends with the path, which whoever asks names first.
  return reasons[code] ?? `it cannot be read (${code === '' ? message : code})`;
}

/** Whether a value of TOML is a table; a date is an object too. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What is wrong with a file that is no TOML; the line is `error.line`. */
export function tomlProblem(error: TomlError): string {
  // The rest is a drawing of the place, with lines in which a secret may stand.
  const [first = ''] = error.message.split('\n');
  return `this is not TOML: ${first.replace(/^Invalid TOML document: /, '')}`;
}
