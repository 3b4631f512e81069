import type { FailureCode } from '../errors.js';

/** What the system says when it has no more of something (errno). */
const shortages: ReadonlyMap<string, FailureCode> = new Map([
  ['ENOSPC', 'ERR_NO_SPACE'],
  ['EDQUOT', 'ERR_NO_SPACE'],
  ['EMFILE', 'ERR_OUT_OF_RESOURCES'],
  ['ENFILE', 'ERR_OUT_OF_RESOURCES'],
  // No room for another process.
  ['EAGAIN', 'ERR_OUT_OF_RESOURCES'],
  ['ENOMEM', 'ERR_OUT_OF_RESOURCES'],
]);

/** The failure that an error of the system stands for, when it is one of short supply. */
export function shortageIn(error: unknown): FailureCode | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === undefined ? undefined : shortages.get(code);
}
