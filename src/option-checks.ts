/** Checks of single values; what they throw names the option. */
import { statSync } from 'node:fs';
import { OptionError } from './errors.js';

/** The longest time that a timer of Node.js can wait. */
export const maxTimerMs = 2 ** 31 - 1;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function rejectUnknown(value: object, known: object, prefix: string): void {
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(known, key)) {
      throw new OptionError(prefix + key, `is not known; known are ${Object.keys(known).join(', ')}`);
    }
  }
}

export function booleanOr(value: unknown, option: string, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw new OptionError(option, 'must be true or false');
  return value;
}

export function functionOrNone(value: unknown, option: string): void {
  if (value !== undefined && typeof value !== 'function') throw new OptionError(option, 'must be a function');
}

export function textOr(value: unknown, option: string, fallback: string): string {
  if (value === undefined) return fallback;
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new OptionError(option, 'must be a text that is not empty');
  }
  return value;
}

/** Default 1, and the highest that is exact. */
export interface Bounds {
  readonly lowest?: number;
  readonly highest?: number;
}

export function wholeNumber(
  value: unknown,
  option: string,
  { lowest = 1, highest = Number.MAX_SAFE_INTEGER }: Bounds = {},
): number {
  const isWithin = typeof value === 'number' && value >= lowest && value <= highest;
  if (isWithin && Number.isSafeInteger(value)) return value;
  throw new OptionError(option, `must be a whole number from ${lowest} to ${highest}`);
}

export function wholeNumberOr(value: unknown, option: string, fallback: number, bounds: Bounds = {}): number {
  return value === undefined ? fallback : wholeNumber(value, option, bounds);
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
