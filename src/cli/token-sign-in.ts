/** Access tokens beside an access file, for `gittyphoon serve --tokens`. */
import type { Logger } from 'pino';
import { openTokenFile, type Authenticate, type TokenFile } from '../access/index.js';

/** Opens the token file of a server; what happens to it is logged. */
export async function openServedTokens(
  file: string | undefined,
  log: Logger,
): Promise<TokenFile | undefined> {
  if (file === undefined) return undefined;
  return openTokenFile(file, {
    onReload: ({ tokenCount }) =>
      log.info({ file, tokenCount }, `${file} was read again: ${tokenCount} tokens`),
    onProblem: (problem) => log.error({ file: problem.file }, problem.message),
  });
}

/** Tries tokens first; what is no token is left to `next`. A bad token is nobody's password, so it ends there. */
export function withTokens(
  tokens: TokenFile | undefined,
  next: Authenticate | undefined,
): Authenticate | undefined {
  if (!tokens) return next;
  return async (context) => {
    const user = await tokens.authenticate(context);
    return user === undefined ? next?.(context) : user;
  };
}
