/** What a single git may take of the machine: checks, and how the system is told. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { OptionError } from './errors.js';
import type { GitProcessBounds } from './git/runner.js';
import { isRecord, rejectUnknown, wholeNumber, type Bounds } from './option-checks.js';
import type { GitResourceOptions } from './options.js';

const bounds: Readonly<Record<keyof GitResourceOptions, Bounds>> = {
  packThreads: {},
  packWindowMemoryBytes: {},
  nice: { lowest: 0, highest: 19 },
  // With less than this git does not even start.
  maxMemoryBytes: { lowest: 16 * 1024 * 1024 },
  maxCpuSeconds: {},
};

type ConfigPairs = readonly (readonly [key: string, value: string])[];

export interface ResolvedGitResources {
  readonly config: ConfigPairs;
  readonly processes: GitProcessBounds;
}

/** The program that starts another under limits of the system (util-linux). */
function findPrlimit(option: string): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'prlimit');
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  throw new OptionError(
    option,
    'needs the command prlimit of util-linux (Linux); install it or leave this out',
  );
}

function limiterOf({ maxMemoryBytes, maxCpuSeconds }: GitResourceOptions): readonly string[] {
  if (maxMemoryBytes === undefined && maxCpuSeconds === undefined) return [];
  const option = `gitResources.${maxMemoryBytes === undefined ? 'maxCpuSeconds' : 'maxMemoryBytes'}`;
  return [
    findPrlimit(option),
    // What is written to, not the address space (--as): git maps packs into memory, which may be larger than it.
    ...(maxMemoryBytes === undefined ? [] : [`--data=${maxMemoryBytes}`]),
    ...(maxCpuSeconds === undefined ? [] : [`--cpu=${maxCpuSeconds}`]),
    '--',
  ];
}

export function resolveGitResources(given: GitResourceOptions = {}): ResolvedGitResources {
  if (!isRecord(given)) throw new OptionError('gitResources', 'must be an object');
  rejectUnknown(given, bounds, 'gitResources.');
  for (const [name, value] of Object.entries(given)) {
    const range = bounds[name as keyof GitResourceOptions];
    if (value !== undefined) wholeNumber(value, `gitResources.${name}`, range);
  }
  const { packThreads, packWindowMemoryBytes, nice } = given as GitResourceOptions;
  const config: ConfigPairs = [
    ...(packThreads === undefined ? [] : [['pack.threads', String(packThreads)] as const]),
    ...(packWindowMemoryBytes === undefined
      ? []
      : [['pack.windowMemory', String(packWindowMemoryBytes)] as const]),
  ];
  return { config, processes: { nice, limiter: limiterOf(given) } };
}
