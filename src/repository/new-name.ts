import { AdministrationError } from './administration-error.js';
import { isSafeSegment } from './path.js';

/** So that there is room for the suffix and for what git adds to its own paths. */
const maxPartBytes = 200;
const maxNameBytes = 1000;
const maxParts = 20;

/** Why `part` cannot be a folder's name on the way to a new repository; undefined when it can. */
function partProblem(part: string): string | undefined {
  if (part === '') return 'has an empty part';
  if (part.startsWith('.')) return 'has a part that begins with "."';
  // Somebody's script would take it for an option.
  if (part.startsWith('-')) return 'has a part that begins with "-"';
  if (/[*?[\]{}"<>|:]/.test(part))
    return 'holds one of * ? [ ] { } " < > | :, which patterns and Windows use';
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(part)) return 'holds an invisible character';
  if (/^\s|[\s.]$/u.test(part)) return 'has a part that begins or ends with a space, or ends with "."';
  if (/\.lock$/i.test(part)) return 'has a part that ends in ".lock", as the files by which git locks';
  if (/\.git$/i.test(part)) return 'has ".git" in the middle, where it would be inside another repository';
  if (Buffer.byteLength(part) > maxPartBytes) return `has a part of more than ${maxPartBytes} bytes`;
  return isSafeSegment(part) ? undefined : 'holds "/", "\\" or a drive';
}

function checkParts(name: string): void {
  const fail = (problem: string): never => {
    const shown = JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
    throw new AdministrationError('ERR_REPOSITORY_NAME', `the name ${shown} ${problem}`);
  };
  if (name === '') fail('is empty');
  if (Buffer.byteLength(name) > maxNameBytes) fail(`has more than ${maxNameBytes} bytes`);
  // Two spellings of one letter would be two names here and one on macOS.
  if (name !== name.normalize('NFC')) fail('is not in the composed form of Unicode (NFC)');
  const parts = name.split('/');
  if (parts.length > maxParts) fail(`has more than ${maxParts} parts`);
  for (const part of parts) {
    const problem = partProblem(part);
    if (problem !== undefined) fail(problem);
  }
}

/**
 * The canonical name of a new bare repository: `team/app` and `team/app.git` give `team/app.git`. Stricter than what is
 * served, so that a new name is the same on every file system and in every rule. Throws an
 * {@link AdministrationError} that says what is wrong with the name.
 */
export function newRepositoryName(given: string): string {
  const stem = given.endsWith('.git') ? given.slice(0, -'.git'.length) : given;
  checkParts(stem);
  return `${stem}.git`;
}

/** The new name of a repository with a working tree: its folder, which has no suffix. Throws as the above. */
export function newWorkTreeName(given: string): string {
  checkParts(given);
  return given;
}
