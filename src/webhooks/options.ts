/** The options of `createWebhooks`: what each means, its default, and what it costs. */
import { OptionError } from '../errors.js';
import { maxTimerMs, wholeNumberOr } from '../option-checks.js';
import type { WebhookProblem } from './problem.js';
import type { Backoff, RetryRules } from './retry.js';
import type { SendSettings } from './send.js';
import { resolveWithSystem, type ResolveHost } from './target.js';
import { userAgent } from './user-agent.js';
import { resolveWebhooks, type Webhook, type WebhookDefinition } from './webhook.js';

export interface WebhooksOptions {
  /**
   * Where deliveries are kept until they have arrived; it is made, for its owner alone, where it is missing. It belongs to
   * one server: two that share it deliver everything twice. Keep it out of the folder that is served.
   */
  readonly queueDirectory: string;
  /** Who wants to know. */
  readonly hooks: readonly WebhookDefinition[];
  /**
   * The URL below which the repositories are reached, for `clone_url` and the like. Without it deliveries hold no URL: the
   * Host header is the pusher's to choose, and receivers would clone from wherever it says.
   */
  readonly publicUrl?: string | undefined;
  /** After so many failed attempts a delivery is given up. Default 15, which with the default backoff is about 4 hours. */
  readonly maxAttempts?: number | undefined;
  /** A delivery older than this is given up with its next failure. Default 24 hours. */
  readonly maxAgeMs?: number | undefined;
  /** The pauses between attempts. */
  readonly backoff?: Partial<Backoff> | undefined;
  /** How long an attempt may take as a whole, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** How long finding a receiver and connecting to it may take, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How long git may take to tell which commits a push has brought, in milliseconds. What it has not told by then is
   * delivered without them. Default 10,000.
   */
  readonly historyTimeoutMs?: number | undefined;
  /** How many deliveries may run at once for one webhook. Default 4. */
  readonly concurrency?: number | undefined;
  /**
   * The most bytes of waiting deliveries on the disk, each of which takes 4 KiB or more. What comes beyond is dropped and
   * reported. Default 256 MiB.
   */
  readonly maxQueueBytes?: number | undefined;
  /** How many deliveries that were given up are kept; the oldest make room. Default 1,000. */
  readonly maxFailed?: number | undefined;
  /** Told when a delivery fails, is given up, dropped or incomplete. Default: a warning of the process, but for the first. */
  readonly onProblem?: ((problem: WebhookProblem) => void) | undefined;
  /** Finds the addresses of a host; whatever it says is checked and held on to. Default: as the system does. */
  readonly resolve?: ResolveHost | undefined;
}

/** The options after checking, with all defaults. */
export interface ResolvedWebhooksOptions {
  readonly queueDirectory: string;
  readonly hooks: readonly Webhook[];
  readonly publicUrl: URL | undefined;
  readonly retry: RetryRules;
  readonly send: SendSettings;
  readonly historyTimeoutMs: number;
  readonly concurrency: number;
  readonly maxQueueBytes: number;
  readonly maxFailed: number;
  readonly onProblem: (problem: WebhookProblem) => void;
}

const knownOptions: Readonly<Record<keyof WebhooksOptions, true>> = {
  queueDirectory: true,
  hooks: true,
  publicUrl: true,
  maxAttempts: true,
  maxAgeMs: true,
  backoff: true,
  timeoutMs: true,
  connectTimeoutMs: true,
  historyTimeoutMs: true,
  concurrency: true,
  maxQueueBytes: true,
  maxFailed: true,
  onProblem: true,
  resolve: true,
};

/** The base of all clone URLs, with a slash at its end. */
export function resolvePublicUrl(text: unknown, option: string): URL | undefined {
  if (text === undefined) return undefined;
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isPlain || !/^https?:$/.test(url.protocol)) {
    throw new OptionError(option, 'must be a URL such as https://git.example.org/, without user and query');
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function functionOr<T>(value: T | undefined, option: string, fallback: T): T {
  if (value !== undefined && typeof value !== 'function') throw new OptionError(option, 'must be a function');
  return value ?? fallback;
}

function warn({ kind, message }: WebhookProblem): void {
  if (kind !== 'attempt-failed') process.emitWarning(message);
}

/** What one attempt needs to know, from the options that matter for it. */
export function resolveSendSettings(
  options: Pick<WebhooksOptions, 'timeoutMs' | 'connectTimeoutMs' | 'resolve'>,
): SendSettings {
  const timeoutMs = wholeNumberOr(options.timeoutMs, 'timeoutMs', 10_000, { highest: maxTimerMs });
  return {
    userAgent: userAgent(),
    resolve: functionOr(options.resolve, 'resolve', resolveWithSystem),
    timeoutMs,
    connectTimeoutMs: wholeNumberOr(options.connectTimeoutMs, 'connectTimeoutMs', 5_000, {
      highest: maxTimerMs,
    }),
  };
}

/** Checks the options; throws an `OptionError` that names the one that cannot be used. */
export function resolveWebhooksOptions(options: WebhooksOptions): ResolvedWebhooksOptions {
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(knownOptions, key)) {
      throw new OptionError(key, `is not known; known are ${Object.keys(knownOptions).join(', ')}`);
    }
  }
  const { queueDirectory, hooks, publicUrl, backoff = {}, onProblem } = options;
  if (typeof queueDirectory !== 'string' || queueDirectory === '' || queueDirectory.includes('\0')) {
    throw new OptionError('queueDirectory', 'must be the path of a folder');
  }
  if (typeof backoff !== 'object') throw new OptionError('backoff', 'must be an object');
  return {
    queueDirectory,
    hooks: resolveWebhooks(hooks, 'hooks'),
    publicUrl: resolvePublicUrl(publicUrl, 'publicUrl'),
    retry: {
      maxAttempts: wholeNumberOr(options.maxAttempts, 'maxAttempts', 15),
      maxAgeMs: wholeNumberOr(options.maxAgeMs, 'maxAgeMs', 24 * 3_600_000),
      backoff: {
        firstMs: wholeNumberOr(backoff.firstMs, 'backoff.firstMs', 5_000, { highest: maxTimerMs }),
        maxMs: wholeNumberOr(backoff.maxMs, 'backoff.maxMs', 3_600_000, { highest: maxTimerMs }),
      },
    },
    send: resolveSendSettings(options),
    historyTimeoutMs: wholeNumberOr(options.historyTimeoutMs, 'historyTimeoutMs', 10_000, {
      highest: maxTimerMs,
    }),
    concurrency: wholeNumberOr(options.concurrency, 'concurrency', 4),
    maxQueueBytes: wholeNumberOr(options.maxQueueBytes, 'maxQueueBytes', 256 * 1024 * 1024),
    maxFailed: wholeNumberOr(options.maxFailed, 'maxFailed', 1_000),
    onProblem: functionOr(onProblem, 'onProblem', warn),
  };
}
