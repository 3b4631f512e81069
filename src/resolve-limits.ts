/** Bounds on size, time and number: checks, and defaults that follow from each other and from the machine. */
import { availableParallelism, tmpdir } from 'node:os';
import { OptionError } from './errors.js';
import { isFolder, isRecord, maxTimerMs, rejectUnknown, textOr, wholeNumber } from './option-checks.js';
import type { LimitOptions, ResolvedOptions } from './options.js';

type ResolvedLimits = ResolvedOptions['limits'];

const mebibyte = 1024 * 1024;

/** Room for as many gits as keep the processors busy while some of them wait for their clients. */
function defaultProcesses(): number {
  return 2 * availableParallelism() + 8;
}

function defaultLimits({ maxGitProcesses = defaultProcesses() }: LimitOptions): ResolvedLimits {
  return {
    maxFetchRequestBytes: 64 * mebibyte,
    maxPushBytes: 64 * 1024 * mebibyte,
    spoolThresholdBytes: mebibyte,
    maxSpooledBytes: 1024 * mebibyte,
    temporaryDirectory: tmpdir(),
    requestIdleTimeoutMs: 120_000,
    responseIdleTimeoutMs: 300_000,
    firstByteTimeoutMs: 1_800_000,
    gitIdleTimeoutMs: 1_800_000,
    requestTimeoutMs: 21_600_000,
    pushCallbackTimeoutMs: 30_000,
    killGraceMs: 5_000,
    maxGitProcesses,
    reservedGitProcesses: Math.min(maxGitProcesses - 1, Math.ceil(maxGitProcesses / 4)),
    maxQuickProcesses: defaultProcesses(),
    maxGitProcessesPerRepository: Math.ceil((maxGitProcesses * 3) / 4),
    maxGitProcessesPerClient: Math.ceil(maxGitProcesses / 2),
    maxQueuedRequests: 500,
    queueTimeoutMs: 60_000,
  };
}

function checkLimit(key: string, value: unknown): void {
  const option = `limits.${key}`;
  if (key === 'temporaryDirectory') {
    if (!isFolder(textOr(value, option, ''))) throw new OptionError(option, 'names no folder');
  } else {
    const lowest = key === 'reservedGitProcesses' ? 0 : 1;
    wholeNumber(value, option, { lowest, ...(key.endsWith('Ms') ? { highest: maxTimerMs } : {}) });
  }
}

/** Checks every bound and fills in the defaults. */
export function resolveLimits(limits: LimitOptions = {}): ResolvedLimits {
  if (!isRecord(limits)) throw new OptionError('limits', 'must be an object');
  const known = defaultLimits({});
  rejectUnknown(limits, known, 'limits.');
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  for (const [key, value] of given) checkLimit(key, value);
  const resolved: ResolvedLimits = { ...defaultLimits(limits), ...Object.fromEntries(given) };
  if (resolved.reservedGitProcesses >= resolved.maxGitProcesses) {
    const { maxGitProcesses } = resolved;
    throw new OptionError(
      'limits.reservedGitProcesses',
      `must be less than "limits.maxGitProcesses", which is ${maxGitProcesses}`,
    );
  }
  return resolved;
}
