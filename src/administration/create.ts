/** Making a repository: apart from what is served, then moved into place in one step. */
import { realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitRunner } from '../git/runner.js';
import { visibilityKey } from '../git/visibility-note.js';
import { AdministrationError } from '../repository/administration-error.js';
import {
  checkCreateSettings,
  type CreateSettings,
  type PendingRepository,
} from '../repository/create-settings.js';
import { freePlace, moveToFreePlace } from '../repository/free-place.js';
import type { Repository } from '../repository/repository.js';
import { runGit } from './run-git.js';
import { openStaging } from './staging.js';

/** Makes a bare repository in an existing, empty folder of ours. */
export async function initBare(git: GitRunner, folder: string, settings: CreateSettings): Promise<void> {
  const { defaultBranch = 'main', objectFormat = 'sha1', shared, templateDirectory = '' } = settings;
  await runGit(git, folder, [
    'init',
    '--bare',
    '--quiet',
    // Empty: neither sample hooks nor those of init.templateDir.
    `--template=${templateDirectory}`,
    `--object-format=${objectFormat}`,
    `--initial-branch=${defaultBranch}`,
    ...(shared === undefined ? [] : [`--shared=${shared}`]),
    '--',
    folder,
  ]);
  if (settings.description !== undefined) {
    await writeFile(join(folder, 'description'), `${settings.description}\n`);
  }
  if (settings.visibility !== undefined) {
    await runGit(git, folder, ['config', visibilityKey, settings.visibility]);
  }
}

/** Whether anything has been pushed. */
async function hasRefs(git: GitRunner, gitDir: string, ...patterns: string[]): Promise<boolean> {
  return (await firstRef(git, gitDir, ...patterns)) !== '';
}

function firstRef(git: GitRunner, gitDir: string, ...patterns: string[]): Promise<string> {
  return runGit(git, gitDir, ['for-each-ref', '--count=1', '--format=%(refname)', ...patterns]);
}

/** Whether the repository holds any ref at all. */
export function isPushed(git: GitRunner, gitDir: string): Promise<boolean> {
  return hasRefs(git, gitDir);
}

/** Lets HEAD lead to a branch that was pushed when there is no `main`, so that a clone has something to check out. */
export async function followPushedBranch(git: GitRunner, gitDir: string): Promise<void> {
  if (await hasRefs(git, gitDir, 'refs/heads/main')) return;
  const branch =
    (await firstRef(git, gitDir, 'refs/heads/master')) || (await firstRef(git, gitDir, 'refs/heads'));
  if (branch !== '') await runGit(git, gitDir, ['symbolic-ref', 'HEAD', branch]);
}

export interface StageOptions {
  /** The served folder. */
  readonly root: string;
  /** Give it the file `git-daemon-export-ok`. Default false. */
  readonly exportOk?: boolean;
}

/**
 * Makes the repository `name` (canonical, see `newRepositoryName`) below the root, where it is not served before it is
 * published. Throws an {@link AdministrationError} where there can be none.
 */
export async function stageRepository(
  git: GitRunner,
  { root, exportOk = false }: StageOptions,
  name: string,
  given: CreateSettings,
): Promise<PendingRepository> {
  const settings = checkCreateSettings(given);
  const realRoot = await realpath(root);
  await freePlace(realRoot, name);
  const folder = await openStaging(realRoot);
  try {
    await initBare(git, folder.path, settings);
    if (exportOk) await writeFile(join(folder.path, 'git-daemon-export-ok'), '');
  } catch (error) {
    await folder.remove();
    throw error;
  }
  let isPublished = false;
  return {
    repository: { name, gitDir: folder.path },
    async publish() {
      let gitDir: string;
      try {
        gitDir = await moveToFreePlace(folder.path, realRoot, name);
      } catch (error) {
        if (error instanceof AdministrationError && error.code === 'ERR_REPOSITORY_EXISTS') return undefined;
        throw error;
      }
      isPublished = true;
      folder.release();
      return { name, gitDir };
    },
    async discard() {
      if (!isPublished) await folder.remove();
    },
  };
}

/** Makes the repository `name` and puts it into service. */
export async function createRepository(
  git: GitRunner,
  options: StageOptions,
  name: string,
  settings: CreateSettings,
): Promise<Repository> {
  const pending = await stageRepository(git, options, name, settings);
  try {
    const made = await pending.publish();
    if (!made) throw new AdministrationError('ERR_REPOSITORY_EXISTS', `"${name}" exists already`);
    return made;
  } finally {
    await pending.discard();
  }
}
