import { resolve } from 'node:path';
import { resolveGitDirectory } from './git-directory.js';
import type { Repository } from './repository.js';

/** A repository at a folder that the embedder's own function has named; its name is the path that was asked for. */
export async function repositoryAt(folder: string, name: string): Promise<Repository | undefined> {
  const gitDir = await resolveGitDirectory(resolve(folder));
  return gitDir === undefined ? undefined : { name, gitDir };
}
