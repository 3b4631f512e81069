import { describe, expect, test } from 'vitest';
import { gitFailure } from '../../../src/git/failure.js';
import type { GitExit } from '../../../src/git/process.js';

const exit = (stderr: string, more: Partial<GitExit> = {}): GitExit => ({
  code: 128,
  signal: null,
  stderr,
  spawnError: undefined,
  ...more,
});

const secret = '/srv/private/app.git';

describe('a git that has failed', () => {
  test.each([
    ['', 'ERR_GIT_FAILED'],
    [`fatal: bad object in ${secret}`, 'ERR_GIT_FAILED'],
    [`fatal: detected dubious ownership in repository at '${secret}'`, 'ERR_REPOSITORY_OWNERSHIP'],
    [`fatal: unsafe repository ('${secret}' is owned by someone else)`, 'ERR_REPOSITORY_OWNERSHIP'],
    [`fatal: not a git repository: '${secret}'`, 'ERR_NOT_FOUND'],
    [`fatal: '${secret}' does not appear to be a git repository`, 'ERR_NOT_FOUND'],
    ['fatal: the remote end hung up unexpectedly\n', 'ERR_BAD_REQUEST'],
    ["fatal: unexpected line: 'x'", 'ERR_BAD_REQUEST'],
    ['fatal: protocol error: bad line length character: zzzz', 'ERR_BAD_REQUEST'],
    [`remote says the remote end hung up unexpectedly in ${secret}`, 'ERR_GIT_FAILED'],
    [`hook: fatal: unexpected line: ${secret}`, 'ERR_GIT_FAILED'],
  ])('with %j is answered with %s, and never tells the client where', (stderr, code) => {
    const failure = gitFailure('upload-pack', exit(stderr));
    expect(failure.code).toBe(code);
    expect(failure.message).not.toContain('/srv');
  });

  test('tells the operator what it said and how it ended', () => {
    const causeOf = (given: GitExit): unknown => gitFailure('receive-pack', given).cause;
    expect(causeOf(exit(`fatal: ${secret}\n`))).toMatchObject({
      message: `git receive-pack exited with code 128: fatal: ${secret}`,
    });
    expect(causeOf(exit(' ', { code: null, signal: 'SIGKILL' }))).toMatchObject({
      message: 'git receive-pack was ended by SIGKILL',
    });
  });

  test('because it never ran is told with the reason for that', () => {
    const spawnError = new Error('spawn git ENOENT');
    const failure = gitFailure('upload-pack', exit('', { code: null, spawnError }));
    expect(failure.code).toBe('ERR_GIT_UNAVAILABLE');
    expect(failure.cause).toBe(spawnError);
  });

  test('tells the client its own mistake: one line of it, short, without control characters', () => {
    const messageOf = (stderr: string): string => gitFailure('upload-pack', exit(stderr)).message;
    expect(messageOf("warning: x\nfatal: unknown capability 'y'\nfatal: more")).toBe(
      "unknown capability 'y'",
    );
    expect(messageOf('fatal: git upload-pack: protocol error, expected x')).toBe(
      'protocol error, expected x',
    );
    expect(messageOf('fatal: invalid command \u001b[31mred\u007f')).toBe('invalid command ?[31mred?');
    expect(messageOf(`fatal: invalid command ${'x'.repeat(1000)}`)).toHaveLength(200);
  });
});
