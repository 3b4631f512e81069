import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isAtLeast, parseGitVersion, type GitVersion } from '../../src/git/version.js';

/** A git to test with. */
export interface AvailableGit {
  readonly name: string;
  readonly command: string;
  readonly version: GitVersion;
}

const cache = process.env['GITTYPHOON_GIT_CACHE'] ?? join(import.meta.dirname, '..', '..', '.cache', 'git');

function probe(name: string, command: string): AvailableGit | undefined {
  if (name !== 'installed' && !existsSync(command)) return undefined;
  const version = parseGitVersion(execFileSync(command, ['version'], { encoding: 'utf8' }));
  return version && { name: `git ${version.text}`, command, version };
}

/** The installed git, then the newer ones that `scripts/fetch-git-versions.sh` has unpacked. */
export const availableGits: readonly AvailableGit[] = [
  probe('installed', 'git'),
  probe('trixie', join(cache, 'trixie', 'git')),
  probe('sid', join(cache, 'sid', 'git')),
].filter((found) => found !== undefined);

/** The oldest available git of at least this version. In CI there must be one; elsewhere the lack is said aloud. */
export function gitAtLeast(major: number, minor: number): AvailableGit | undefined {
  const found = availableGits.find(({ version }) => isAtLeast(version, { major, minor }));
  if (found) return found;
  const lack = `no git ${major}.${minor} or newer: run scripts/fetch-git-versions.sh`;
  if (process.env['CI'] === 'true') throw new Error(lack);
  process.stderr.write(`skipped: ${lack}\n`);
  return undefined;
}
