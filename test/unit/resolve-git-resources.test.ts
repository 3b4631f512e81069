import { expect, test } from 'vitest';
import { OptionError } from '../../src/errors.js';
import { resolveGitResources } from '../../src/resolve-git-resources.js';

function refusalOf(given: unknown): string | undefined {
  try {
    resolveGitResources(given as Parameters<typeof resolveGitResources>[0]);
    return undefined;
  } catch (error) {
    if (error instanceof OptionError) return error.option;
    throw error;
  }
}

test('nothing is bounded by default', () => {
  const nothing = { config: [], processes: { nice: undefined, limiter: [] } };
  expect(resolveGitResources()).toEqual(nothing);
  expect(resolveGitResources({ packThreads: undefined, maxMemoryBytes: undefined })).toEqual(nothing);
});

test('what git bounds itself becomes its configuration', () => {
  expect(resolveGitResources({ packThreads: 2, packWindowMemoryBytes: 1_000, nice: 0 })).toEqual({
    config: [
      ['pack.threads', '2'],
      ['pack.windowMemory', '1000'],
    ],
    processes: { nice: 0, limiter: [] },
  });
});

test.each([
  ['gitResources', 5],
  ['gitResources.threads', { threads: 1 }],
  ['gitResources.packThreads', { packThreads: 0 }],
  ['gitResources.packWindowMemoryBytes', { packWindowMemoryBytes: '1m' }],
  ['gitResources.nice', { nice: 20 }],
  ['gitResources.nice', { nice: -1 }],
  ['gitResources.maxMemoryBytes', { maxMemoryBytes: 1_000 }],
  ['gitResources.maxCpuSeconds', { maxCpuSeconds: 0.5 }],
])('%s in %j cannot be used', (option, given) => {
  expect(refusalOf(given)).toBe(option);
});

test('limits of the system are refused where there is no command to set them', () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/nonexistent';
  try {
    expect(refusalOf({ maxMemoryBytes: 2 ** 30 })).toBe('gitResources.maxMemoryBytes');
    expect(refusalOf({ maxCpuSeconds: 5 })).toBe('gitResources.maxCpuSeconds');
  } finally {
    process.env['PATH'] = path;
  }
});
