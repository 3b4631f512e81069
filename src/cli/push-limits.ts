/** Bounds on pushes, from the flags of `gittyphoon serve`. */
import { InvalidArgumentError } from 'commander';
import type { PushLimits } from '../push/push-policy.js';

/** The flags of `gittyphoon serve` that bound pushes. */
export interface PushLimitFlags {
  readonly maxPushSize?: number;
  readonly maxObjectSize?: number;
  readonly maxRepositorySize?: number;
  readonly maxRefUpdates?: number;
  readonly pushRate?: { readonly pushes: number; readonly seconds: number };
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A number of bytes, with a unit as git's configuration has them: `500m`. */
export function parseSize(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
  const size = Number(digits) * (units[unit.toLowerCase()] ?? 1);
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new InvalidArgumentError('Give a number of bytes, such as 500000, 500k, 500m or 2g.');
  }
  return size;
}

export function parseCount(text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return count;
}

/** So many pushes in so many seconds: `30/60`. */
export function parseRate(text: string): { pushes: number; seconds: number } {
  const [, pushes = '', seconds = ''] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  if (Number(pushes) < 1 || Number(seconds) < 1) {
    throw new InvalidArgumentError('Give pushes and seconds, such as 30/60.');
  }
  return { pushes: Number(pushes), seconds: Number(seconds) };
}

export function pushLimitsOf(flags: PushLimitFlags): PushLimits {
  return {
    maxPushBytes: flags.maxPushSize,
    maxObjectBytes: flags.maxObjectSize,
    maxRepositoryBytes: flags.maxRepositorySize,
    maxRefUpdates: flags.maxRefUpdates,
    rate: flags.pushRate,
  };
}
