import { randomBytes } from 'node:crypto';
import { realpath, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainRunner, type GitRunner } from '../git/runner.js';
import { visibilityKey } from '../git/visibility-note.js';
import { AdministrationError } from '../repository/administration-error.js';
import {
  checkDescription,
  checkVisibility,
  isBranchName,
  type CreateSettings,
  type Visibility,
} from '../repository/create-settings.js';
import { DirectoryStore } from '../repository/directory-store.js';
import { moveToFreePlace } from '../repository/free-place.js';
import { exists } from '../repository/git-directory.js';
import { newRepositoryName, newWorkTreeName } from '../repository/new-name.js';
import { isSafeSegment } from '../repository/path.js';
import type { Repository } from '../repository/repository.js';
import { createRepository, isPushed } from './create.js';
import { inspectRepository, type RepositoryDetails } from './inspect.js';
import { runGit, tryGit } from './run-git.js';
import { listTrash, moveToTrash, purgeFromTrash, restoreFromTrash, type TrashEntry } from './trash.js';

export interface AdministrationOptions {
  /** The folder below which all repositories are; it must exist. */
  readonly root: string;
  /** The git executable. Default `git`. */
  readonly gitCommand?: string | undefined;
}

function missing(name: string): AdministrationError {
  return new AdministrationError('ERR_REPOSITORY_MISSING', `there is no repository "${name}"`);
}

/**
 * Changes the repositories of a folder: safe beside running servers and other administrators. Names are canonical
 * ones, with or without `.git`. What cannot be done is an {@link AdministrationError}; a git that fails is a
 * `GitTyphoonError` with what git said as its cause.
 *
 * @example
 * const repositories = new RepositoryAdministration({ root: '/srv/git' });
 * await repositories.create('team/app', { visibility: 'private' });
 */
export class RepositoryAdministration {
  readonly #root: string;
  readonly #store: DirectoryStore;
  readonly #git: GitRunner;

  /** Throws an `OptionError` for a root that can be no folder. */
  constructor({ root, gitCommand = 'git' }: AdministrationOptions) {
    this.#store = new DirectoryStore({ root });
    this.#root = this.#store.root;
    this.#git = plainRunner(gitCommand);
  }

  /** Makes a bare repository. Of two that make the same one at once, one gets `ERR_REPOSITORY_EXISTS`. */
  async create(name: string, settings: CreateSettings = {}): Promise<Repository> {
    return createRepository(this.#git, { root: this.#root }, newRepositoryName(name), settings);
  }

  /** All that is known of a repository. */
  async show(name: string): Promise<RepositoryDetails> {
    return inspectRepository(this.#git, await this.#find(name));
  }

  /** Gives a repository another name, in one step; pushes and fetches under way go on. Makes the folders that it needs. */
  async rename(name: string, newName: string): Promise<Repository> {
    const { repository, folder, root } = await this.#movable(name);
    const isBare = repository.gitDir === folder;
    const target = isBare ? newRepositoryName(newName) : newWorkTreeName(newName);
    const moved = await moveToFreePlace(folder, root, target);
    return { name: target, gitDir: isBare ? moved : join(moved, '.git') };
  }

  /** Moves a repository to the trash, where nobody can fetch from it. */
  async delete(name: string): Promise<TrashEntry> {
    const { repository, root } = await this.#movable(name);
    return moveToTrash(root, repository.name);
  }

  /** The deleted repositories, the latest first. */
  async trash(): Promise<readonly TrashEntry[]> {
    return listTrash(await realpath(this.#root));
  }

  /** Brings back the repository of this name that was deleted last, or the one with this id; as `newName` if given. */
  async restore(nameOrId: string, newName?: string): Promise<Repository> {
    const [entry] = await this.#deleted(nameOrId);
    if (!entry) throw missing(nameOrId);
    const isBare = entry.name.endsWith('.git');
    const given = newName ?? entry.name;
    // Back under its own name even where it could not be made today.
    const name =
      newName === undefined ? entry.name : isBare ? newRepositoryName(given) : newWorkTreeName(given);
    const gitDir = await restoreFromTrash(await realpath(this.#root), entry, name);
    return { name, gitDir: (await exists(join(gitDir, '.git'))) ? join(gitDir, '.git') : gitDir };
  }

  /** Removes deleted repositories for good: all of this name, or the one with this id. Returns what was removed. */
  async purge(nameOrId: string): Promise<readonly TrashEntry[]> {
    const entries = await this.#deleted(nameOrId);
    if (entries.length === 0) throw missing(nameOrId);
    const root = await realpath(this.#root);
    for (const entry of entries) await purgeFromTrash(root, entry);
    return entries;
  }

  /** Sets the line that tells what a repository is for; an empty text takes it away. */
  async describe(name: string, description: string): Promise<void> {
    checkDescription(description);
    const { gitDir } = await this.#find(name);
    const file = join(gitDir, 'description');
    const temporary = `${file}.${randomBytes(6).toString('hex')}.new`;
    await writeFile(temporary, description === '' ? '' : `${description}\n`, { flag: 'wx' });
    await rename(temporary, file);
  }

  /** Lets HEAD lead to a branch, which must exist unless the repository is empty. */
  async setDefaultBranch(name: string, branch: string): Promise<void> {
    const repository = await this.#find(name);
    const { gitDir } = repository;
    const ref = `refs/heads/${branch}`;
    if (!isBranchName(branch)) {
      throw new AdministrationError('ERR_REPOSITORY_SETTING', 'git takes no branch of this name');
    }
    if ((await runGit(this.#git, gitDir, ['rev-parse', '--is-bare-repository'])) !== 'true') {
      const problem = `"${repository.name}" has a working tree; switch its branch with git there`;
      throw new AdministrationError('ERR_REPOSITORY_SETTING', problem);
    }
    const found = await tryGit(this.#git, gitDir, ['show-ref', '--verify', '--quiet', ref]);
    if (found.code !== 0 && (await isPushed(this.#git, gitDir))) {
      throw new AdministrationError('ERR_REPOSITORY_SETTING', `there is no branch "${branch}"`);
    }
    await runGit(this.#git, gitDir, ['symbolic-ref', 'HEAD', ref]);
  }

  /**
   * Notes whom a repository is for (`gittyphoon.visibility` in its configuration). The command goes by it; a server of yours
   * does where its rules or functions read it, see `createVisibilityReader`.
   */
  async setVisibility(name: string, visibility: Visibility): Promise<void> {
    checkVisibility(visibility);
    const { gitDir } = await this.#find(name);
    await runGit(this.#git, gitDir, ['config', '--local', visibilityKey, visibility]);
  }

  async #find(name: string): Promise<Repository> {
    const parts = name === '' || name === '.' ? [] : name.split('/');
    if (!parts.every(isSafeSegment)) throw missing(name);
    const found = await this.#store.find(parts.join('/'));
    if (!found) throw missing(name);
    return found;
  }

  /** A repository that is one folder with a name of its own, so that moving this folder moves all of it. */
  async #movable(name: string): Promise<{ repository: Repository; folder: string; root: string }> {
    const repository = await this.#find(name);
    const root = await realpath(this.#root);
    const folder = join(root, ...repository.name.split('/'));
    const { gitDir } = repository;
    const refuse = (problem: string): never => {
      throw new AdministrationError('ERR_REPOSITORY_PLACE', `"${repository.name}" ${problem}`);
    };
    if (repository.name === '') refuse('is the folder itself');
    if (gitDir !== folder && gitDir !== join(folder, '.git')) refuse('has its git directory elsewhere');
    if (await exists(join(gitDir, 'worktrees'))) {
      refuse('has linked working trees, which would lose it; remove them with git worktree first');
    }
    return { repository, folder, root };
  }

  /** Deleted repositories by id, or by name with or without `.git`; the latest first. */
  async #deleted(nameOrId: string): Promise<readonly TrashEntry[]> {
    const entries = await this.trash();
    const byId = entries.filter(({ id }) => id === nameOrId);
    if (byId.length > 0) return byId;
    const exact = entries.filter(({ name }) => name === nameOrId);
    return exact.length > 0 ? exact : entries.filter(({ name }) => name === `${nameOrId}.git`);
  }
}
