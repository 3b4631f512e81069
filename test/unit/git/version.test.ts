import { describe, expect, test } from 'vitest';
import { GitRunner } from '../../../src/git/runner.js';
import {
  GitVersionError,
  isAtLeast,
  oldestGit,
  parseGitVersion,
  probeGitVersion,
} from '../../../src/git/version.js';
import { gitOk } from '../../support/fixtures.js';

describe('the version of git', () => {
  test.each([
    ['git version 2.39.5\n', 2, 39, '2.39.5'],
    ['git version 2.45.1.windows.1\n', 2, 45, '2.45.1.windows.1'],
    ['git version 2.39.5 (Apple Git-154)\n', 2, 39, '2.39.5'],
    ['git version 2.50.0-rc1\n', 2, 50, '2.50.0-rc1'],
    ['git version 2.34\n', 2, 34, '2.34'],
    ['git version 10.0.0.123.gabcdef\n', 10, 0, '10.0.0.123.gabcdef'],
  ])('is read from %j', (output, major, minor, text) => {
    expect(parseGitVersion(output)).toEqual({ major, minor, text });
  });

  test.each([
    '',
    'git',
    'git version',
    'git version 2',
    'git version x.y',
    'hub version 2.39',
    ' git version 2.39',
  ])('is not in %j', (output) => {
    expect(parseGitVersion(output)).toBeUndefined();
  });

  test('is compared by number, not by letter', () => {
    const version = { major: 2, minor: 34, text: '2.34.1' };
    expect(isAtLeast(version, oldestGit)).toBe(true);
    expect(isAtLeast({ ...version, minor: 100 }, { major: 2, minor: 99 })).toBe(true);
    expect(isAtLeast({ ...version, minor: 9 }, { major: 2, minor: 34 })).toBe(false);
    expect(isAtLeast({ ...version, major: 3, minor: 0 }, { major: 2, minor: 34 })).toBe(true);
    expect(isAtLeast({ ...version, major: 1, minor: 99 }, { major: 2, minor: 0 })).toBe(false);
  });

  const runner = (command: string): GitRunner =>
    new GitRunner({
      command,
      environment: { PATH: process.env['PATH'] ?? '' },
      config: [],
      killGraceMs: 1000,
    });

  test('is asked of the installed git', async () => {
    const { text } = await probeGitVersion(runner('git'), 'git');
    expect(`git version ${text}`).toBe((await gitOk(['version'])).replace(/ \(.*/, ''));
  });

  test('cannot be had of a git that is missing, or of another program', async () => {
    const missing = probeGitVersion(runner('/nonexistent/git'), '/nonexistent/git');
    await expect(missing).rejects.toThrow(GitVersionError);
    await expect(missing).rejects.toThrow(/cannot run "\/nonexistent\/git".*install git 2\.34 or newer/);
    await expect(probeGitVersion(runner('echo'), 'echo')).rejects.toThrow(
      new GitVersionError('"echo version" does not answer as git does'),
    );
  });
});
