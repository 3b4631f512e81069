import { GitTyphoonError } from '../errors.js';
import type { GitExit } from './process.js';

/** What git said and how it ended: for the operator's log, never for the client, since it names paths. */
class GitFailure extends Error {
  override readonly name = 'GitFailure';
}

function describe(command: string, exit: GitExit): string {
  const end = exit.signal ? `was ended by ${exit.signal}` : `exited with code ${exit.code}`;
  const said = exit.stderr.trim();
  return `git ${command} ${end}${said === '' ? '' : `: ${said}`}`;
}

/** What upload-pack says on standard error only when a request asks for what cannot be (upload-pack.c). */
const clientMistakes = ['no commits selected for shallow requests'] as const;

/** A git that gave no answer, as the failure that the client is told about. */
export function gitFailure(command: string, exit: GitExit): GitTyphoonError {
  if (exit.spawnError) return new GitTyphoonError('ERR_GIT_UNAVAILABLE', { cause: exit.spawnError });
  const cause = new GitFailure(describe(command, exit));
  if (/dubious ownership|unsafe repository/.test(exit.stderr)) {
    return new GitTyphoonError('ERR_REPOSITORY_OWNERSHIP', { cause });
  }
  if (/not a git repository|does not appear to be a git repository/.test(exit.stderr)) {
    return new GitTyphoonError('ERR_NOT_FOUND', { cause });
  }
  const mistake = clientMistakes.find((words) => exit.stderr.includes(words));
  if (mistake) return new GitTyphoonError('ERR_BAD_REQUEST', { message: mistake, cause });
  return new GitTyphoonError('ERR_GIT_FAILED', { cause });
}
