/** One request to a server, on a connection of its own, with what can be seen of how its answer came. */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './target.js';

export interface Question {
  readonly method: 'GET' | 'POST';
  /** Behind the repository's URL, such as `/git-upload-pack`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent in chunks. Ends early when the answer comes. */
  readonly body?: AsyncIterable<Buffer> | Iterable<Buffer>;
  /** Longer than any answer that is meant to come, in milliseconds. Default 30,000. */
  readonly silenceMs?: number;
  /** How much of the answer is read. Default 64 KiB. */
  readonly maxBytes?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Its beginning. */
  readonly body: Buffer;
  /** In how many parts it came: what one read brings is one. */
  readonly parts: number;
  /** Whether `100 Continue` came before. */
  readonly wasContinued: boolean;
  /** Whether it began before the body of the request had ended. */
  readonly wasEarly: boolean;
}

/** There was no answer; the message says what happened instead. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const defaultSilenceMs = 30_000;
const defaultMaxBytes = 64 * 1024;

interface Beginning {
  readonly body: Buffer;
  readonly parts: number;
}

/** Reads the beginning of an answer and closes its connection. */
function readBeginning(response: IncomingMessage, maxBytes: number): Promise<Beginning> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let parts = 0;
    let isInPart = false;
    const settle = (): void => {
      resolve({ body: Buffer.concat(chunks), parts });
      response.destroy();
    };
    response.on('data', (chunk: Buffer) => {
      // All that one read has brought is given within one turn of the event loop.
      if (!isInPart) {
        parts += 1;
        isInPart = true;
        setImmediate(() => (isInPart = false));
      }
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes >= maxBytes) setImmediate(settle);
    });
    response.once('end', settle);
    response.once('error', reject);
    response.once('close', () => reject(new NoAnswer('the answer broke off')));
  });
}

/** Asks; throws {@link NoAnswer} when nothing comes. */
export function ask({ url, authorization }: Target, question: Question): Promise<Answer> {
  const { method, path, headers, body, silenceMs = defaultSilenceMs, maxBytes = defaultMaxBytes } = question;
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = send(url + path, {
    method,
    agent: false,
    timeout: silenceMs,
    headers: {
      'User-Agent': 'git/gittyphoon-doctor',
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...headers,
    },
  });
  return new Promise<Answer>((resolve, reject) => {
    let wasContinued = false;
    let hasEnded = false;
    let hasAnswer = false;
    const fail = (error: Error): void => {
      if (!hasAnswer) reject(new NoAnswer(error.message, { cause: error }));
    };
    request.once('continue', () => (wasContinued = true));
    request.on('timeout', () => {
      const error = new NoAnswer(`nothing came for ${silenceMs / 1000} seconds`);
      reject(error);
      request.destroy(error);
    });
    request.on('error', fail);
    request.once('response', (response) => {
      hasAnswer = true;
      const { statusCode: status = 0, headers: told } = response;
      const wasEarly = !hasEnded;
      readBeginning(response, maxBytes).then((beginning) => {
        resolve({ status, headers: told, ...beginning, wasContinued, wasEarly });
      }, reject);
    });
    const sendBody = async (): Promise<void> => {
      if (headers['Expect'] !== undefined) {
        request.flushHeaders();
        await waitForContinue(() => wasContinued || hasAnswer);
      }
      for await (const chunk of body ?? []) {
        if (hasAnswer || request.destroyed) return;
        if (!request.write(chunk)) await drained(request);
      }
      hasEnded = true;
      request.end();
    };
    sendBody().catch(fail);
  });
}

/** git itself waits for a second (libcurl: CURLOPT_EXPECT_100_TIMEOUT_MS). */
const continueMs = 3_000;

async function waitForContinue(hasCome: () => boolean): Promise<void> {
  for (let waited = 0; waited < continueMs && !hasCome(); waited += 20) await sleep(20);
}

/** Resolves when there is room to write, or no sense in it any more. */
function drained(request: ReturnType<typeof httpRequest>): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      for (const event of ['drain', 'close', 'response']) request.off(event, settle);
      resolve();
    };
    for (const event of ['drain', 'close', 'response']) request.once(event, settle);
  });
}
