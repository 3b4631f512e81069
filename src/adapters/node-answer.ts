/** Answers on node:http, and on the compatibility API of node:http2. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { GitResponse, ResponseBody } from '../http/exchange.js';
import { drain } from './drain.js';

/** A request of a host, where its answer goes, and whether its client is still there. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

/** The stream of its connection behind a response of HTTP/2. */
export function http2StreamOf(response: ServerResponse): Http2ServerResponse['stream'] | undefined {
  return 'stream' in response ? (response as unknown as Http2ServerResponse).stream : undefined;
}

/** A broken answer must not look complete. In HTTP/2 a stream that is merely destroyed ends without an error. */
export function breakOff(request: IncomingMessage, response: ServerResponse): void {
  const stream = http2StreamOf(response);
  if (stream) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else if (request.httpVersion === '1.0') resetConnection(request.socket);
  else response.destroy();
}

/** An answer of HTTP/1.0 ends with its connection: only a reset tells a broken one from a whole one. */
function resetConnection(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    // Sockets of TLS and Unix sockets know no reset.
    socket.destroy();
  }
}

/** What a client still sends after its answer is read within bounds; then its connection is broken. */
function drainRequest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  drain(request, () => request.socket.destroy());
}

/**
 * Ends an answer, of which `bytes` may be the rest. In HTTP/2 the end waits for that of the request, which is read
 * within bounds: curl 7.88 runs in circles for ever when a stream ends on which it is still sending.
 */
function finishAnswer(request: IncomingMessage, response: ServerResponse, bytes?: Buffer): void {
  if (!http2StreamOf(response) || request.complete) {
    response.end(bytes, () => drainRequest(request));
    return;
  }
  request.once('end', () => response.end(bytes));
  drain(request, () => breakOff(request, response));
}

/** A client that reads nothing for too long is let go; one that merely waits for git is not. */
function watchReader(request: IncomingMessage, response: ServerResponse, idleTimeoutMs: number): void {
  const onIdle = (): void => {
    const isStuck = response.writableLength > 0 || (response.socket?.writableLength ?? 0) > 0;
    if (isStuck) breakOff(request, response);
    else response.setTimeout(idleTimeoutMs);
  };
  // A listener that is given to setTimeout itself hears of the first time only in HTTP/2.
  response.on('timeout', onIdle);
  response.setTimeout(idleTimeoutMs);
}

type StreamBody = Extract<ResponseBody, { kind: 'stream' }>;

function writeHead(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers }: GitResponse,
): void {
  response.statusCode = status;
  const merged = new Map<string, string[]>();
  for (const [name, value] of headers) merged.set(name, [...(merged.get(name) ?? []), value]);
  for (const [name, values] of merged)
    response.setHeader(name, values.length > 1 ? values : (values[0] ?? ''));
  // Nothing beyond the protocol's own headers: persistence is HTTP/1.1's default and needs no saying.
  const isPersistent = response.shouldKeepAlive && request.httpVersion === '1.1';
  if (isPersistent && !response.hasHeader('connection')) response.removeHeader('connection');
}

/** Sends an answer, unless its client has gone; a stream that nobody reads any more is destroyed. */
export function sendAnswer(
  { request, response, signal }: Exchange,
  answer: GitResponse,
  idleMs: number,
): void {
  const { body } = answer;
  if (body.kind === 'stream') {
    const { stream } = body;
    const abandon = (): void => void stream.destroy();
    signal.addEventListener('abort', abandon, { once: true });
    stream.once('close', () => signal.removeEventListener('abort', abandon));
  }
  const isGone = http2StreamOf(response)?.destroyed ?? response.destroyed;
  if (isGone || signal.aborted || response.headersSent) {
    if (body.kind === 'stream') body.stream.destroy();
    return;
  }
  writeHead(request, response, answer);
  if (body.kind !== 'stream') {
    finishAnswer(request, response, body.kind === 'bytes' ? body.bytes : undefined);
    return;
  }
  watchReader(request, response, idleMs);
  const { stream } = body;
  // Without the last chunk, or short of its length, it does not look complete.
  stream.once('error', () => breakOff(request, response));
  stream.once('end', () => finishAnswer(request, response));
  pump(body, response);
}

/** Like pipe, but tells the body when a chunk is on its way, so that its buffer can be used again. */
function pump({ stream, recycle }: StreamBody, response: ServerResponse): void {
  stream.on('data', (chunk: Buffer) => {
    const hasRoom = response.write(chunk, recycle && (() => recycle(chunk)));
    if (!hasRoom) stream.pause();
  });
  response.on('drain', () => stream.resume());
}
