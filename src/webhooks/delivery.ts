/** A delivery as it is kept on disk: one JSON file, which holds no secret and no URL. */

export interface Delivery {
  readonly version: 1;
  /** A UUID; receivers know the delivery by it. */
  readonly id: string;
  /** The name of the webhook. */
  readonly hook: string;
  /** The canonical name of the repository: deliveries of one webhook and repository keep their order. */
  readonly repository: string;
  readonly event: 'push';
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** How many attempts have failed. */
  readonly attempts: number;
  /** Not before this moment, in milliseconds since 1970; 0 for at once. */
  readonly nextAttemptAt: number;
  /** Why the last attempt has failed. */
  readonly problem: string | undefined;
  /** The text that is signed and sent, the same in every attempt. */
  readonly body: string;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Reads a file's text; undefined when it is no delivery, such as one that a full disk has cut. */
export function parseDelivery(text: string): Delivery | undefined {
  let value: Partial<Record<keyof Delivery, unknown>> | null;
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || value.version !== 1) return undefined;
  const { id, hook, repository, event, createdAt, attempts, nextAttemptAt, problem, body } = value;
  const areTexts = [id, hook, repository, body].every(isText) && event === 'push';
  const areCounts = [createdAt, attempts, nextAttemptAt].every(isCount);
  if (!areTexts || !areCounts || (problem !== undefined && !isText(problem))) return undefined;
  // The id becomes a header.
  return /^[\w-]{1,64}$/.test(id as string) ? (value as Delivery) : undefined;
}

export function encodeDelivery(delivery: Delivery): Buffer {
  return Buffer.from(`${JSON.stringify(delivery)}\n`);
}
