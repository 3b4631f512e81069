import { Readable } from 'node:stream';
import type { GitResponse } from '../http/exchange.js';
import type { GitServer } from '../server.js';
import { stripPrefix, validPrefix } from './prefix.js';

export interface FetchHandlerOptions<Arguments extends readonly unknown[]> {
  /** The path below which the repositories are, such as `/git`. Default none. */
  readonly prefix?: string;
  /** Answers what is not git's. Default: 404 with a short text. */
  readonly fallback?: (request: Request, ...rest: Arguments) => Response | Promise<Response>;
  /** The client's address, which a Web request does not hold. Default unknown. */
  readonly remoteAddress?: (request: Request, ...rest: Arguments) => string | undefined;
}

/** A handler for hosts of the Web's `Request` and `Response`, such as Hono. */
export type FetchHandler<Arguments extends readonly unknown[]> = (
  request: Request,
  ...rest: Arguments
) => Promise<Response>;

function bodyOf(request: Request): Readable {
  return request.body ? Readable.fromWeb(request.body) : Readable.from([]);
}

/** git's chunks as the host asks for them; a host that loses interest ends git. */
function webStream(stream: Readable): ReadableStream<Uint8Array> {
  stream.pause();
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stream.on('data', (chunk: Buffer) => {
          controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
          stream.pause();
        });
        stream.once('end', () => controller.close());
        stream.once('error', (error) => controller.error(error));
      },
      pull() {
        stream.resume();
      },
      cancel() {
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

/** Opens a server for the Web standard's fetch. Further arguments of the host go to `fallback` and `remoteAddress`. */
export function fetchHandler<Arguments extends readonly unknown[] = []>(
  server: GitServer,
  options: FetchHandlerOptions<Arguments> = {},
): FetchHandler<Arguments> {
  const prefix = validPrefix(options.prefix);
  const { fallback = () => new Response('not found\n', { status: 404 }) } = options;
  return async (request, ...rest) => {
    const url = new URL(request.url);
    const target = stripPrefix(url.pathname + url.search, prefix);
    if (target === undefined) return fallback(request, ...rest);
    const answer = await server.handle({
      method: request.method,
      target,
      headers: Object.fromEntries(request.headers),
      httpVersion: '1.1',
      body: bodyOf(request),
      continueBody: () => {},
      signal: request.signal,
      remoteAddress: options.remoteAddress?.(request, ...rest),
    });
    return answer ? responseOf(answer) : fallback(request, ...rest);
  };
}
