import { lstat, mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AdministrationError } from './administration-error.js';
import { exists, isGitDirectory } from './git-directory.js';

async function isRepository(folder: string): Promise<boolean> {
  return (await exists(join(folder, '.git'))) || isGitDirectory(folder);
}

const fold = (name: string): string => name.normalize('NFC').toLowerCase();

/**
 * The entry that stands where `part` leads although it is spelled otherwise; undefined when there is none. To be asked
 * about a part that exists: only a file system that ignores case finds `App` where there is nothing but `app`.
 */
export function twinOf(part: string, entries: readonly string[]): string | undefined {
  if (entries.includes(part)) return undefined;
  return entries.find((entry) => fold(entry) === fold(part));
}

function misplaced(problem: string): AdministrationError {
  return new AdministrationError('ERR_REPOSITORY_PLACE', problem);
}

/** Throws when nothing may be made below `folder`, which is there and is called `shown`. */
async function checkFolder(folder: string, shown: string): Promise<void> {
  // Behind a link the repository would have another name than the one that rules were asked about.
  if (!(await lstat(folder)).isDirectory()) throw misplaced(`"${shown}" is a link or a file, not a folder`);
  if (await isRepository(folder)) {
    throw misplaced(
      shown === ''
        ? 'the folder is itself a repository'
        : `"${shown}" is a repository; nothing can be made inside it`,
    );
  }
}

/** Throws when what is at `path` is there under another spelling. */
async function checkSpelling(path: string, part: string): Promise<void> {
  const twin = twinOf(part, await readdir(dirname(path)));
  if (twin !== undefined) throw misplaced(`"${part}" differs from "${twin}" in letter case only`);
}

/**
 * The absolute path at which a repository of the canonical name `name` can be made. Throws an
 * {@link AdministrationError} when something is there, or when it would be inside another repository (who can push to
 * that one could have put hooks and configuration there).
 */
export async function freePlace(root: string, name: string): Promise<string> {
  const parts = name.split('/');
  let path = root;
  await checkFolder(root, '');
  for (const [index, part] of parts.entries()) {
    path = join(path, part);
    if (!(await exists(path))) break;
    await checkSpelling(path, part);
    const shown = parts.slice(0, index + 1).join('/');
    if (shown === name) throw new AdministrationError('ERR_REPOSITORY_EXISTS', `"${name}" exists already`);
    await checkFolder(path, shown);
  }
  await checkSibling(root, name);
  return join(root, ...parts);
}

/** `app` and `app.git` side by side would share the URL `app`. A folder `app` that only holds others is no harm. */
async function checkSibling(root: string, name: string): Promise<void> {
  const other = name.endsWith('.git') ? name.slice(0, -'.git'.length) : `${name}.git`;
  const path = join(root, ...other.split('/'));
  if ((await exists(path)) && (await isRepository(path))) {
    throw new AdministrationError(
      'ERR_REPOSITORY_EXISTS',
      `"${other}" exists already; its URL would be the same`,
    );
  }
}

/**
 * Moves the folder `from` to the free place of `name`, in one step: of two at the same time one wins, the other gets
 * `ERR_REPOSITORY_EXISTS`. Makes the folders on the way. Returns the new path.
 */
export async function moveToFreePlace(from: string, root: string, name: string): Promise<string> {
  const path = await freePlace(root, name);
  try {
    await mkdir(dirname(path), { recursive: true });
    await rename(from, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What has come into the way since the look is another repository, and a folder that is not empty stays.
    if (await exists(path)) {
      throw new AdministrationError('ERR_REPOSITORY_EXISTS', `"${name}" exists already`, error);
    }
    if (code === 'EXDEV') throw misplaced(`"${name}" lies on another file system than the folder itself`);
    throw error;
  }
  return path;
}
