/** The files of access of the server that the command starts, whose changes are logged. */
import type { Logger } from 'pino';
import {
  openAccessFile,
  openHtpasswdFile,
  openRulesFile,
  openTokenFile,
  type AccessFile,
  type HtpasswdFile,
  type RulesFile,
  type TokenFile,
} from '../access/index.js';
import type { DirectoryStore } from '../repository/directory-store.js';
import { logFileProblem } from './logging.js';
import type { VisibilityOf } from './noted-reading.js';

export async function openAccess(
  file: string | undefined,
  mayCreate: boolean,
  store: DirectoryStore,
  log: Logger,
): Promise<AccessFile | undefined> {
  if (file === undefined) return undefined;
  return openAccessFile(file, {
    repositories: store,
    mayCreate,
    onReload: ({ userCount }) => log.info({ file, userCount }, `${file} was read again: ${userCount} users`),
    onProblem: logFileProblem(log, file),
  });
}

export async function openHtpasswd(file: string | undefined, log: Logger): Promise<HtpasswdFile | undefined> {
  if (file === undefined) return undefined;
  return openHtpasswdFile(file, {
    onReload: ({ userCount }) => log.info({ file, userCount }, `${file} was read again: ${userCount} users`),
    onProblem: logFileProblem(log, file),
  });
}

export async function openRules(
  file: string | undefined,
  visibilityOf: VisibilityOf,
  log: Logger,
): Promise<RulesFile | undefined> {
  if (file === undefined) return undefined;
  return openRulesFile(file, {
    visibilityOf,
    onReload: (summary) =>
      log.info({ file, ...summary }, `${file} was read again: ${summary.ruleCount} rules`),
    onProblem: logFileProblem(log, file),
  });
}

export async function openTokens(file: string | undefined, log: Logger): Promise<TokenFile | undefined> {
  if (file === undefined) return undefined;
  return openTokenFile(file, {
    onReload: ({ tokenCount }) =>
      log.info({ file, tokenCount }, `${file} was read again: ${tokenCount} tokens`),
    onProblem: (problem) => log.error({ file: problem.file }, problem.message),
  });
}
