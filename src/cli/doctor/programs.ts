/** The programs that the server is made of: git and Node.js. */
import type { GitRunner } from '../../git/runner.js';
import { GitVersionError, isAtLeast, probeGitVersion, type GitVersion } from '../../git/version.js';
import { ok, problem, warning, type Finding } from './finding.js';

/** What a git cannot do, with the version that can (git's release notes). */
const gains: readonly { readonly major: number; readonly minor: number; readonly gain: string }[] = [
  { major: 2, minor: 38, gain: 'safe.bareRepository' },
  { major: 2, minor: 42, gain: 'hidden refs that are skipped rather than read one by one' },
  { major: 2, minor: 44, gain: 'reuse of objects from several packs (pack.allowPackReuse=multi)' },
  { major: 2, minor: 45, gain: 'repositories in the reftable format' },
];

/** What a git of this version lacks; empty for one that lacks nothing we know of. */
export function lackedBy(version: GitVersion): readonly string[] {
  return gains
    .filter((needed) => !isAtLeast(version, needed))
    .map(({ major, minor, gain }) => `${gain} (${major}.${minor})`);
}

export async function checkGit(git: GitRunner, command: string): Promise<Finding> {
  try {
    const version = await probeGitVersion(git, command);
    const lacks = lackedBy(version);
    if (lacks.length === 0) return ok('git', version.text);
    // Nothing is broken: old gits of distributions get their security fixes all the same.
    return ok('git', `${version.text}; without ${lacks.join(', ')}`);
  } catch (error) {
    if (!(error instanceof GitVersionError)) throw error;
    return problem('git', 'cannot be used', error.message);
  }
}

/** The oldest Node.js that is tested with (package.json: engines). */
const oldestNode = { major: 20, minor: 19 };

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const isGood = major > oldestNode.major || (major === oldestNode.major && minor >= oldestNode.minor);
  const wanted = `${oldestNode.major}.${oldestNode.minor}`;
  return isGood
    ? ok('Node.js', version)
    : warning('Node.js', `${version} is older than ${wanted}`, `install Node.js ${wanted} or newer`);
}
