import { GitTyphoonError } from '../errors.js';
import type { GitExit } from './process.js';
import { shortageIn } from './shortage.js';

/** What git said and how it ended: for the operator's log, never for the client, since it names paths. */
class GitFailure extends Error {
  override readonly name = 'GitFailure';
}

function describe(command: string, exit: GitExit): string {
  const end = exit.signal ? `was ended by ${exit.signal}` : `exited with code ${exit.code}`;
  const said = exit.stderr.trim();
  return `git ${command} ${end}${said === '' ? '' : `: ${said}`}`;
}

/**
 * What git says on standard error when a request is wrong, not the server (serve.c, upload-pack.c, pkt-line.c,
 * receive-pack.c). These lines hold nothing but what the client itself has sent.
 */
const clientMistake = new RegExp(
  '^fatal: (?:git upload-pack: |upload-pack: |error: )?(' +
    [
      'no commits selected for shallow requests$',
      'unexpected line: ',
      'unknown capability ',
      'invalid command ',
      'no command requested$',
      "command '.*' requested after already requesting ",
      'mismatched object format: ',
      'unsupported object format ',
      'protocol error[:,] ',
      'invalid deepen',
      'invalid shallow line: ',
      'invalid filter-spec ',
      'not our ref ',
      'expected flush after ',
      'sent error to the client: git upload-archive: archiver died with error$',
    ].join('|') +
    ')',
  'im',
);

/** More of a line is of no use to anybody. */
const maxToldCharacters = 200;

function clientMistakeIn(stderr: string): string | undefined {
  const found = clientMistake.exec(stderr);
  if (!found) return undefined;
  const start = found.index + found[0].length - (found[1] ?? '').length;
  const [line = ''] = stderr.slice(start, start + maxToldCharacters).split('\n');
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/[\u0000-\u001f\u007f]/g, '?');
}

/** A git that gave no answer, as the failure that the client is told about. */
export function gitFailure(command: string, exit: GitExit): GitTyphoonError {
  const { spawnError } = exit;
  if (spawnError) {
    return new GitTyphoonError(shortageIn(spawnError) ?? 'ERR_GIT_UNAVAILABLE', { cause: spawnError });
  }
  const cause = new GitFailure(describe(command, exit));
  const mistake = clientMistakeIn(exit.stderr);
  if (mistake) return new GitTyphoonError('ERR_BAD_REQUEST', { message: mistake, cause });
  if (/^fatal: (?:detected dubious ownership in|unsafe repository )/m.test(exit.stderr)) {
    return new GitTyphoonError('ERR_REPOSITORY_OWNERSHIP', { cause });
  }
  if (/^fatal: (?:not a git repository|'.*' does not appear to be a git repository$)/m.test(exit.stderr)) {
    return new GitTyphoonError('ERR_NOT_FOUND', { cause });
  }
  // A request that breaks off leaves git waiting for the rest.
  if (/^fatal: the remote end hung up unexpectedly$/m.test(exit.stderr)) {
    return new GitTyphoonError('ERR_BAD_REQUEST', { message: 'the request ended too early', cause });
  }
  return new GitTyphoonError('ERR_GIT_FAILED', { cause });
}
