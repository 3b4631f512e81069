import type { GitRunner } from './runner.js';

export interface GitVersion {
  readonly major: number;
  readonly minor: number;
  /** As git prints it, such as `2.39.5`. */
  readonly text: string;
}

/** The oldest git that is served with: the first with `--http-backend-info-refs` (its release notes, 2.34). */
export const oldestGit = { major: 2, minor: 34 } as const;

/** git is missing or too old; the message says what to do. */
export class GitVersionError extends Error {
  override readonly name = 'GitVersionError';
}

/** The version in what `git version` prints. */
export function parseGitVersion(output: string): GitVersion | undefined {
  const match = /^git version (\d+)\.(\d+)(\S*)/.exec(output);
  if (!match) return undefined;
  const [, major = '', minor = '', rest = ''] = match;
  return { major: Number(major), minor: Number(minor), text: `${major}.${minor}${rest}` };
}

export function isAtLeast(version: GitVersion, wanted: { major: number; minor: number }): boolean {
  return version.major > wanted.major || (version.major === wanted.major && version.minor >= wanted.minor);
}

/** Asks the runner's git for its version; throws {@link GitVersionError} when it cannot be used. */
export async function probeGitVersion(runner: GitRunner, command: string): Promise<GitVersion> {
  const result = await runner.run({ args: ['version'], cwd: '/' });
  if (result.spawnError) {
    throw new GitVersionError(
      `cannot run "${command}" (${result.spawnError.message}); install git ${oldestGit.major}.${oldestGit.minor} or newer, and see that it is on PATH`,
    );
  }
  const version = parseGitVersion(result.stdout.toString());
  if (!version) throw new GitVersionError(`"${command} version" does not answer as git does`);
  if (!isAtLeast(version, oldestGit)) {
    throw new GitVersionError(
      `git ${version.text} is too old; install ${oldestGit.major}.${oldestGit.minor} or newer`,
    );
  }
  return version;
}
