import { availableParallelism, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { OptionError } from '../../src/errors.js';
import { resolveLimits } from '../../src/resolve-limits.js';

/** The bound that is refused. */
function refusalOf(limits: unknown): OptionError | undefined {
  try {
    resolveLimits(limits as Parameters<typeof resolveLimits>[0]);
    return undefined;
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
}

test('every bound has a default', () => {
  expect(resolveLimits()).toEqual({
    maxFetchRequestBytes: 64 * 1024 ** 2,
    maxPushBytes: 64 * 1024 ** 3,
    spoolThresholdBytes: 1024 ** 2,
    maxSpooledBytes: 1024 ** 3,
    temporaryDirectory: tmpdir(),
    requestIdleTimeoutMs: 120_000,
    responseIdleTimeoutMs: 300_000,
    firstByteTimeoutMs: 1_800_000,
    gitIdleTimeoutMs: 1_800_000,
    requestTimeoutMs: 21_600_000,
    pushCallbackTimeoutMs: 30_000,
    killGraceMs: 5_000,
    maxGitProcesses: 2 * availableParallelism() + 8,
    reservedGitProcesses: Math.ceil((availableParallelism() + 4) / 2),
    maxQuickProcesses: 2 * availableParallelism() + 8,
    maxGitProcessesPerRepository: Math.ceil(1.5 * availableParallelism() + 6),
    maxGitProcessesPerClient: availableParallelism() + 4,
    maxQueuedRequests: 500,
    queueTimeoutMs: 60_000,
  });
});

test.each([
  [1, { reservedGitProcesses: 0, maxGitProcessesPerRepository: 1, maxGitProcessesPerClient: 1 }],
  [2, { reservedGitProcesses: 1, maxGitProcessesPerRepository: 2, maxGitProcessesPerClient: 1 }],
  [8, { reservedGitProcesses: 2, maxGitProcessesPerRepository: 6, maxGitProcessesPerClient: 4 }],
])('of %i gits, shares are made for repositories, clients, fetches and pushes', (maxGitProcesses, shares) => {
  expect(resolveLimits({ maxGitProcesses })).toMatchObject(shares);
  expect(resolveLimits({ maxGitProcesses: 4, reservedGitProcesses: 0 }).reservedGitProcesses).toBe(0);
});

describe('a bound that cannot be used is named', () => {
  test.each([
    ['limits', []],
    ['limits.maxBytes', { maxBytes: 5 }],
    ['limits.temporaryDirectory', { temporaryDirectory: '' }],
    ['limits.temporaryDirectory', { temporaryDirectory: 5 }],
    ['limits.temporaryDirectory', { temporaryDirectory: '/nonexistent/folder' }],
    ['limits.temporaryDirectory', { temporaryDirectory: fileURLToPath(import.meta.url) }],
  ])('%s in %j', (option, limits) => {
    expect(refusalOf(limits)?.option).toBe(option);
  });

  test('every limit that is no whole number in its range', () => {
    const { temporaryDirectory: _text, reservedGitProcesses: _own, ...numbers } = resolveLimits();
    for (const name of Object.keys(numbers)) {
      const highest = name.endsWith('Ms') ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
      for (const value of [
        0,
        -1,
        0.5,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        highest + 1,
        '5',
        null,
        true,
        5n,
      ]) {
        expect(refusalOf({ [name]: value })?.option).toBe(`limits.${name}`);
      }
      for (const value of [1, highest]) {
        const limits = resolveLimits({ [name]: value });
        // Some bounds follow from the number of gits; nothing follows from another.
        const others = name === 'maxGitProcesses' ? {} : numbers;
        expect(limits).toMatchObject({ ...others, [name]: value });
      }
    }
  });

  test.each([-1, 0.5, '1', null, 4, 5])(
    'a reserve of %s for each of fetches and pushes, of 4 in all',
    (value) => {
      const limits = { maxGitProcesses: 4, reservedGitProcesses: value };
      expect(refusalOf(limits)?.option).toBe('limits.reservedGitProcesses');
    },
  );
});
