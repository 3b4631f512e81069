/** When a delivery that has failed is tried again, and when it is given up. */

/** How the pauses between attempts grow: each is twice the one before it, within these bounds. */
export interface Backoff {
  /** The pause after the first attempt, in milliseconds. Default 5,000. */
  readonly firstMs: number;
  /** The longest pause, in milliseconds. Default 3,600,000. */
  readonly maxMs: number;
}

export interface RetryRules {
  readonly backoff: Backoff;
  readonly maxAttempts: number;
  readonly maxAgeMs: number;
}

/** Whether a delivery has had all its attempts, or has become too old for another. */
export function isExhausted(
  { attempts, createdAt }: { readonly attempts: number; readonly createdAt: number },
  { maxAttempts, maxAgeMs }: RetryRules,
): boolean {
  return attempts >= maxAttempts || Date.now() - createdAt >= maxAgeMs;
}

/**
 * The pause after so many failed attempts. Between half of it and all of it is left to chance, so that what has failed
 * together does not come back together. What a receiver asks for counts where it is longer, but not beyond the longest.
 */
export function retryDelayMs(
  attempts: number,
  retryAfterMs: number | undefined,
  { backoff: { firstMs, maxMs } }: RetryRules,
): number {
  const pause = Math.min(maxMs, firstMs * 2 ** Math.min(attempts - 1, 52));
  const withJitter = Math.round(pause * (0.5 + Math.random() / 2));
  return Math.min(maxMs, Math.max(withJitter, retryAfterMs ?? 0));
}
