/** What the operator should know of. No text in it holds a URL or a secret. */
export interface WebhookProblem {
  /**
   * - `attempt-failed`: it is tried again later.
   * - `given-up`: it is in the `failed` folder now, and what waited behind it goes on.
   * - `dropped`: the queue is full or cannot be written; what the push has changed is not delivered.
   * - `incomplete`: git has failed or was too slow; what the push has changed is delivered without its commits.
   * - `queue`: the folder cannot be read or written, or holds what is no delivery.
   */
  readonly kind: 'attempt-failed' | 'given-up' | 'dropped' | 'incomplete' | 'queue';
  /** One sentence for a log. */
  readonly message: string;
  /** The name of the webhook. */
  readonly hook?: string | undefined;
  /** The canonical name of the repository. */
  readonly repository?: string | undefined;
  /** The id of the delivery. */
  readonly delivery?: string | undefined;
  /** What the receiver has answered with. */
  readonly status?: number | undefined;
  /** For `attempt-failed`: milliseconds until the next attempt. */
  readonly retryInMs?: number | undefined;
  /** What lies behind a failure of the folder or of git. */
  readonly cause?: unknown;
}
