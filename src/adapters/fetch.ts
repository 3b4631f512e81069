import { finished, Readable } from 'node:stream';
import type { GitResponse } from '../http/exchange.js';
import type { GitServer } from '../server.js';
import { checkDoorOptions } from './door-options.js';
import { drain } from './drain.js';
import { stripPrefix, validPrefix } from './prefix.js';

export interface FetchHandlerOptions<Arguments extends readonly unknown[]> {
  /** The path below which the repositories are, such as `/git`. Default none. */
  readonly prefix?: string | undefined;
  /** Answers what is not git's. Default: 404 with a short text. */
  readonly fallback?: ((request: Request, ...rest: Arguments) => Response | Promise<Response>) | undefined;
  /** The client's address, which a Web request does not hold. Default unknown. */
  readonly remoteAddress?: ((request: Request, ...rest: Arguments) => string | undefined) | undefined;
  /**
   * The request's id, for instance from a trusted proxy's header. Default, and in place of one that is longer than 128
   * characters or no plain word: an id of ours.
   */
  readonly requestId?: ((request: Request, ...rest: Arguments) => string | undefined) | undefined;
}

/** A handler for hosts of the Web's `Request` and `Response`, such as Hono. */
export type FetchHandler<Arguments extends readonly unknown[]> = (
  request: Request,
  ...rest: Arguments
) => Promise<Response>;

/**
 * A client that has left before its body was opened: hosts may then give a body that is empty and ends well, as
 * Node's `Readable.toWeb` makes of a destroyed stream. It must not pass for a complete one.
 */
function bodyOf(request: Request): Readable {
  if (request.signal.aborted) return Readable.from([]).destroy();
  return request.body ? Readable.fromWeb(request.body) : Readable.from([]);
}

/**
 * git's chunks as the host asks for them; a host that loses interest ends git. A stream that closes without an end
 * fails, so that nobody waits for the rest.
 */
function webStream(stream: Readable): ReadableStream<Uint8Array> {
  stream.pause();
  let isOpen = true;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stream.on('data', (chunk: Buffer) => {
          // A destroyed stream may still hand over what it had, which a cancelled controller does not take.
          if (!isOpen) return;
          controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
          stream.pause();
        });
        finished(stream, { writable: false }, (error) => {
          if (!isOpen) return;
          isOpen = false;
          if (error) controller.error(error);
          else controller.close();
        });
      },
      pull() {
        stream.resume();
      },
      cancel() {
        isOpen = false;
        stream.destroy();
      },
    },
    { highWaterMark: 1 },
  );
}

function responseOf({ status, headers, body }: GitResponse): Response {
  const init = { status, headers: headers.map(([name, value]): [string, string] => [name, value]) };
  if (body.kind === 'stream') return new Response(webStream(body.stream), init);
  return new Response(body.kind === 'bytes' ? new Uint8Array(body.bytes) : null, init);
}

/**
 * A body that was begun but refused before its end is read on, within bounds. Nobody else can: the stream is ours,
 * and a client that finds no reader would see a broken connection instead of the answer.
 */
function drainRequest(body: Readable | undefined): void {
  if (!body || body.readableEnded || body.destroyed) return;
  drain(body, () => body.destroy());
}

/**
 * Opens a server for the Web standard's fetch. Throws an `OptionError` for options that cannot be used. Further arguments of the
 * host go to these functions too; what these throw, the handler rejects with.
 */
export function fetchHandler<Arguments extends readonly unknown[] = []>(
  server: GitServer,
  options: FetchHandlerOptions<Arguments> = {},
): FetchHandler<Arguments> {
  checkDoorOptions(options);
  const prefix = validPrefix(options.prefix);
  const { fallback = () => new Response('not found\n', { status: 404 }) } = options;
  return async (request, ...rest) => {
    const url = new URL(request.url);
    const target = stripPrefix(url.pathname + url.search, prefix);
    if (target === undefined) return fallback(request, ...rest);
    let body: Readable | undefined;
    const answer = await server.handle({
      id: options.requestId?.(request, ...rest),
      method: request.method,
      target,
      headers: Object.fromEntries(request.headers),
      httpVersion: '1.1',
      // Opened when it is first read: a request that is passed on must reach the fallback with its body.
      get body() {
        return (body ??= bodyOf(request));
      },
      continueBody: () => {},
      signal: request.signal,
      remoteAddress: options.remoteAddress?.(request, ...rest),
    });
    if (!answer) return fallback(request, ...rest);
    const drainAfter = (): void => drainRequest(body);
    if (answer.body.kind === 'stream') answer.body.stream.once('close', drainAfter);
    else drainAfter();
    return responseOf(answer);
  };
}
