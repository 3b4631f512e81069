/** One attempt to deliver: a POST to a checked address, bounded in time and in what is read of the answer. */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { aborted } from './aborted.js';
import type { Webhook } from './webhook.js';
import { deliveryHeaders, type DeliveryHead } from './signature.js';
import { allowedAddresses, pinnedLookup, type ResolveHost } from './target.js';

/** How an attempt has ended. */
export type SendOutcome =
  | { readonly type: 'delivered'; readonly status: number }
  | {
      readonly type: 'failed';
      /** Undefined when there was no answer. */
      readonly status: number | undefined;
      /** Safe to log: neither the URL nor the secret is in it. */
      readonly reason: string;
      /** What the receiver asks for by Retry-After, in milliseconds. */
      readonly retryAfterMs: number | undefined;
    }
  /** We broke it off ourselves. */
  | { readonly type: 'aborted' };

export interface SendSettings {
  readonly userAgent: string;
  readonly resolve: ResolveHost;
  /** For the whole attempt. */
  readonly timeoutMs: number;
  /** For finding the host and connecting to it, TLS included. */
  readonly connectTimeoutMs: number;
}

/** Beyond this many bytes of an answer the connection is closed: only the status matters. */
const maxAnswerBytes = 64 * 1024;

/** In milliseconds, when it is written as seconds or a date (RFC 9110, section 10.2.3). */
function retryAfter({ headers }: IncomingMessage): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}

function outcomeOf(answer: IncomingMessage): SendOutcome {
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return { type: 'delivered', status };
  const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
  return {
    type: 'failed',
    status,
    reason: `the receiver answered with ${status}${redirect}`,
    retryAfterMs: retryAfter(answer),
  };
}

/** Lets a short answer end, so that its sender is not disturbed; a long or slow one is cut off. */
async function drain(answer: IncomingMessage): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) break;
    }
  } catch {
    // The status has come; how the rest ends changes nothing.
  }
  answer.destroy();
}

interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly addresses: readonly string[];
  readonly signal: AbortSignal;
  readonly onConnected: () => void;
}

function post({ url, headers, body, addresses, signal, onConnected }: Post): Promise<IncomingMessage> {
  const isSecure = url.protocol === 'https:';
  // An agent of its own: no connection is kept that was made for other addresses, and no proxy of the environment is
  // asked, which would resolve the name again.
  const agent = isSecure ? new https.Agent({ keepAlive: false }) : new http.Agent({ keepAlive: false });
  return new Promise((resolve, reject) => {
    const request = (isSecure ? https : http).request(url, {
      method: 'POST',
      headers,
      agent,
      lookup: pinnedLookup(addresses),
      signal,
    });
    request.once('socket', (socket) => socket.once(isSecure ? 'secureConnect' : 'connect', onConnected));
    request.once('response', resolve);
    request.on('error', reject);
    request.end(body);
  });
}

/** The errors of several addresses that were tried come as one without a message. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}

/** Delivers a body once. Never rejects; an abort of `signal` breaks the attempt off. */
export async function send(
  hook: Webhook,
  head: DeliveryHead,
  body: Buffer,
  settings: SendSettings,
  signal?: AbortSignal,
): Promise<SendOutcome> {
  const { timeoutMs, connectTimeoutMs, resolve, userAgent } = settings;
  const ended = new AbortController();
  const timeout = (what: string, ms: number): NodeJS.Timeout =>
    setTimeout(() => ended.abort(new Error(`${what} within ${ms} ms`)), ms);
  const whole = timeout('there was no answer', timeoutMs);
  const connecting = timeout('there was no connection', connectTimeoutMs);
  const abort = (): void => ended.abort(new Error('broken off'));
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  const gone = aborted(ended.signal);
  try {
    const addresses = await Promise.race([allowedAddresses(hook.url, hook.allowsAddress, resolve), gone]);
    const headers = deliveryHeaders(head, body, hook.sign, userAgent);
    const onConnected = (): void => clearTimeout(connecting);
    const answering = post({ url: hook.url, headers, body, addresses, signal: ended.signal, onConnected });
    // Node.js wraps the reason of an abort; the race gives it as it is.
    answering.catch(() => {});
    const answer = await Promise.race([answering, gone]);
    await drain(answer);
    return outcomeOf(answer);
  } catch (error) {
    if (signal?.aborted) return { type: 'aborted' };
    return { type: 'failed', status: undefined, reason: describe(error), retryAfterMs: undefined };
  } finally {
    clearTimeout(whole);
    clearTimeout(connecting);
    signal?.removeEventListener('abort', abort);
  }
}
