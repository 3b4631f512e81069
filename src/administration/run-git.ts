import { gitFailure } from '../git/failure.js';
import type { GitResult, GitRunner } from '../git/runner.js';

/** Without it a user's `safe.bareRepository=explicit` would hide the very repositories that are worked on. */
const config = [['safe.bareRepository', 'all']] as const;

/**
 * Runs git in a git directory. The directory is found by git itself, which then checks whose it is: a foreign
 * repository's configuration is not obeyed.
 */
export function tryGit(git: GitRunner, gitDir: string, args: readonly string[]): Promise<GitResult> {
  return git.run({ args, cwd: gitDir, config });
}

/** The output of a git that must not fail, without its last newline. */
export async function runGit(git: GitRunner, gitDir: string, args: readonly string[]): Promise<string> {
  const result = await tryGit(git, gitDir, args);
  if (result.code !== 0) throw gitFailure(args[0] ?? '', result);
  return result.stdout.toString('utf8').replace(/\n$/, '');
}
