/** A folder that is named on the command line. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommandError } from './command-error.js';
import { printable } from './printable.js';

/** Whether there is a folder, through links as well. */
export function isFolder(path: string): boolean {
  return path !== '' && (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);
}

/** The folder that was given as DIR or by --gitbase; throws a `CommandError` where the two differ. */
export function oneFolder(dir: string | undefined, gitbase: string | undefined): string | undefined {
  if (dir !== undefined && gitbase !== undefined && resolve(dir) !== resolve(gitbase)) {
    throw new CommandError(2, `DIR is ${dir} but --gitbase is ${gitbase}; give one of the two`);
  }
  return dir ?? gitbase;
}

/** The absolute path of the folder with the repositories; throws a `CommandError` when it is none. */
export function repositoriesFolder(given: string): string {
  if (isFolder(given)) return resolve(given);
  const shown = printable(given, 2_000);
  const isFile = given !== '' && statSync(given, { throwIfNoEntry: false }) !== undefined;
  const problem = isFile ? `${shown} is a file, not a folder` : `there is no folder ${shown || '""'}`;
  throw new CommandError(2, `${problem}; give the one that holds the repositories`);
}
