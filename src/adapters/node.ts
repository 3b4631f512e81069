import type { IncomingMessage, ServerResponse } from 'node:http';
import { OptionError } from '../errors.js';
import type { GitRequest, GitResponse, ResponseBody } from '../http/exchange.js';
import type { GitServer } from '../server.js';
import { drain } from './drain.js';
import { stripPrefix, validPrefix } from './prefix.js';

/** Calls the next handler of a chain, as Express and Connect give it. */
type Next = (error?: unknown) => void;

export interface NodeHandlerOptions {
  /**
   * The path below which the repositories are, such as `/git`. Default none. Not needed where the framework
   * takes the prefix off `req.url` itself, as `app.use('/git', …)` of Express does.
   */
  readonly prefix?: string;
  /** Answers what is not git's where there is no `next`. Default: 404 with a short text. */
  readonly fallback?: (request: IncomingMessage, response: ServerResponse) => void;
  /** The client's address, for instance from a trusted proxy's header. Default the socket's. */
  readonly remoteAddress?: (request: IncomingMessage) => string | undefined;
}

/** A handler for `http.createServer`, Express, Connect and everything else that speaks `(req, res, next)`. */
export interface NodeHandler {
  (request: IncomingMessage, response: ServerResponse, next?: Next): void;
  /**
   * For `server.on('checkContinue', …)`: lets a client that sends `Expect: 100-continue` wait for the outcome of
   * route, authentication and size checks before it sends its body. Without it Node.js tells it to go on at once.
   */
  readonly checkContinue: (request: IncomingMessage, response: ServerResponse) => void;
}

/** What a client still sends after its answer is read within bounds; then its connection is broken. */
function drainRequest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  drain(request, () => request.socket.destroy());
}

/** A client that reads nothing for too long is let go; one that merely waits for git is not. */
function watchReader(response: ServerResponse, idleTimeoutMs: number): void {
  const onIdle = (): void => {
    const isStuck = response.writableLength > 0 || (response.socket?.writableLength ?? 0) > 0;
    if (isStuck) response.destroy();
    else response.setTimeout(idleTimeoutMs);
  };
  response.setTimeout(idleTimeoutMs, onIdle);
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

function send(request: IncomingMessage, response: ServerResponse, answer: GitResponse, idleMs: number): void {
  const { body } = answer;
  if (response.destroyed || response.headersSent) {
    if (body.kind === 'stream') body.stream.destroy();
    return;
  }
  writeHead(request, response, answer);
  response.once('finish', () => drainRequest(request));
  if (body.kind !== 'stream') {
    response.end(body.kind === 'bytes' ? body.bytes : undefined);
    return;
  }
  watchReader(response, idleMs);
  const { stream } = body;
  // A broken answer must not look complete: without the last chunk, or short of its length, it does not.
  stream.once('error', () => response.destroy());
  response.once('close', () => stream.destroy());
  pump(body, response);
}

/** Like pipe, but tells the body when a chunk is on its way, so that its buffer can be used again. */
function pump({ stream, recycle }: StreamBody, response: ServerResponse): void {
  stream.on('data', (chunk: Buffer) => {
    const hasRoom = response.write(chunk, recycle && (() => recycle(chunk)));
    if (!hasRoom) stream.pause();
  });
  response.on('drain', () => stream.resume());
  stream.once('end', () => response.end());
}

/** Opens a server for node:http. */
export function nodeHandler(server: GitServer, options: NodeHandlerOptions = {}): NodeHandler {
  const prefix = validPrefix(options.prefix);
  const addressOf = options.remoteAddress ?? ((request: IncomingMessage) => request.socket.remoteAddress);
  for (const name of ['fallback', 'remoteAddress'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw new OptionError(name, 'must be a function');
    }
  }
  const pass = (request: IncomingMessage, response: ServerResponse, next: Next | undefined): void => {
    if (next) next();
    else if (options.fallback) options.fallback(request, response);
    else notFound(response);
  };
  const handle = (
    request: IncomingMessage,
    response: ServerResponse,
    next: Next | undefined,
    awaitsContinue: boolean,
  ): void => {
    const target = stripPrefix(request.url ?? '/', prefix);
    if (target === undefined) {
      pass(request, response, next);
      return;
    }
    const exchange = exchangeOf(request, response, target, addressOf(request), awaitsContinue);
    void server.handle(exchange).then((answer) => {
      if (answer) send(request, response, answer, server.responseIdleTimeoutMs);
      else pass(request, response, next);
    });
  };
  const handler = (request: IncomingMessage, response: ServerResponse, next?: Next): void =>
    handle(request, response, next, false);
  return Object.assign(handler, {
    checkContinue: (request: IncomingMessage, response: ServerResponse) =>
      handle(request, response, undefined, true),
  });
}

function exchangeOf(
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  remoteAddress: string | undefined,
  awaitsContinue: boolean,
): GitRequest {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return {
    method: request.method ?? 'GET',
    target,
    headers: request.headers,
    httpVersion: request.httpVersion,
    body: request,
    continueBody: () => {
      if (awaitsContinue) response.writeContinue();
    },
    signal: gone.signal,
    remoteAddress,
  };
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end('not found\n');
}
