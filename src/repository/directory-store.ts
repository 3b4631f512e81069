import { realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { OptionError } from '../errors.js';
import { commonDirectory, exists, isGitDirectory, resolveGitDirectory } from './git-directory.js';
import type { Repository, RepositoryStore } from './repository.js';
import { isReservedPath } from './reserved.js';

export interface DirectoryStoreOptions {
  /** The folder below which all repositories are, at any depth, bare or not. */
  readonly root: string;
  /**
   * Serve only repositories that hold a file `git-daemon-export-ok`, as `git daemon` and `git http-backend` do
   * without GIT_HTTP_EXPORT_ALL. Default false: everything below the root is served.
   */
  readonly requireExportOk?: boolean | undefined;
}

/** Whether `path` is `directory` or below it; `root-x` is not below `root`. */
function isWithin(path: string, directory: string): boolean {
  const prefix = directory.endsWith(sep) ? directory : directory + sep;
  return path === directory || path.startsWith(prefix);
}

/** The part of a git directory's path that people know it by. */
function shownPath(gitDir: string): string {
  return gitDir.endsWith(`${sep}.git`) ? gitDir.slice(0, -`${sep}.git`.length) : gitDir;
}

/**
 * Whether a folder above `path`, up to the root, is a repository. What lies inside one may have been put
 * there by those who push to it, with hooks and configuration of their making.
 */
async function isInsideRepository(path: string, root: string): Promise<boolean> {
  let parts = relative(root, path).split(sep);
  while (parts.length > 0 && parts[0] !== '') {
    parts = parts.slice(0, -1);
    const above = join(root, ...parts);
    if ((await exists(join(above, '.git'))) || (await isGitDirectory(above))) return true;
  }
  return false;
}

/** Repositories in a folder of the file system. */
export class DirectoryStore implements RepositoryStore {
  readonly #root: string;
  readonly #requireExportOk: boolean;

  /** Throws an `OptionError` for options that cannot be used. A relative root is taken from the present folder, once. */
  constructor(options: DirectoryStoreOptions) {
    const { root, requireExportOk = false, ...others } = options;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined)
      throw new OptionError(unknown, 'is not known; known are root, requireExportOk');
    if (typeof root !== 'string' || root === '' || root.includes('\0')) {
      throw new OptionError('root', 'must be the path of a folder');
    }
    if (typeof requireExportOk !== 'boolean')
      throw new OptionError('requireExportOk', 'must be true or false');
    this.#root = resolve(root);
    this.#requireExportOk = requireExportOk;
  }

  /** The absolute path of the folder; it may lead through links. */
  get root(): string {
    return this.#root;
  }

  /** Whether only repositories with a file `git-daemon-export-ok` are served. */
  get requiresExportOk(): boolean {
    return this.#requireExportOk;
  }

  async find(path: string): Promise<Repository | undefined> {
    const root = await realpath(this.#root);
    const asked = path === '' ? root : join(root, ...path.split('/'));
    const gitDir = await resolveGitDirectory(asked);
    if (gitDir === undefined || !isWithin(gitDir, root)) return undefined;
    const place = await this.#placeOf(asked, gitDir, root);
    if (place === undefined || (await isInsideRepository(place, root))) return undefined;
    // git would prefer `gitDir/.git` if it were given this path again; see enter_repo.
    if (await exists(join(gitDir, '.git'))) return undefined;
    const common = await realpath(await commonDirectory(gitDir));
    if (!isWithin(common, root)) return undefined;
    // Half-made and deleted repositories, whichever link or worktree leads to them.
    if ([place, gitDir, common].some((folder) => isReservedPath(folder, root))) return undefined;
    if (this.#requireExportOk && !(await exists(join(gitDir, 'git-daemon-export-ok')))) {
      return undefined;
    }
    return { name: relative(root, place).split(sep).join('/'), gitDir };
  }

  /**
   * The folder that gives a repository its name: its own, or, where a `.git` file points elsewhere (a linked
   * worktree, a submodule), the folder with that file.
   */
  async #placeOf(asked: string, gitDir: string, root: string): Promise<string | undefined> {
    const own = shownPath(gitDir);
    if (!(await isInsideRepository(own, root))) return own;
    for (const folder of [asked, `${asked}.git`]) {
      const place = await realpath(folder).catch(() => undefined);
      if (place === undefined || place === gitDir || !isWithin(place, root)) continue;
      if (!(await exists(join(place, '.git')))) continue;
      if ((await resolveGitDirectory(place)) === gitDir) return place;
    }
    return undefined;
  }
}
