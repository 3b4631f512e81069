import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { GitRequest } from '../http/exchange.js';
import type { GitServer } from '../server.js';
import { clientCertificateOf } from './client-certificate.js';
import { checkDoorOptions } from './door-options.js';
import { breakOff, http2StreamOf, sendAnswer, type Exchange } from './node-answer.js';
import { stripPrefix, validPrefix } from './prefix.js';

/** Calls the next handler of a chain, as Express and Connect give it. */
export type Next = (error?: unknown) => void;

export interface NodeHandlerOptions {
  /**
   * The path below which the repositories are, such as `/git`. Default none. Not needed where the framework
   * takes the prefix off `req.url` itself, as `app.use('/git', …)` of Express does.
   */
  readonly prefix?: string | undefined;
  /** Answers what is not git's where there is no `next`. Default: 404 with a short text. */
  readonly fallback?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** The client's address, for instance from a trusted proxy's header. Default the socket's. */
  readonly remoteAddress?: ((request: IncomingMessage) => string | undefined) | undefined;
  /**
   * The request's id, for instance from a trusted proxy's header. Default, and in place of one that is longer than 128
   * characters or no plain word: an id of ours.
   */
  readonly requestId?: ((request: IncomingMessage) => string | undefined) | undefined;
}

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

/**
 * A handler for `http.createServer`, Express, Connect and everything else that speaks `(req, res, next)`, and for
 * `http2.createSecureServer`.
 */
export interface NodeHandler {
  (request: AnyRequest, response: AnyResponse, next?: Next): void;
  /**
   * For `server.on('checkContinue', …)`: lets a client that sends `Expect: 100-continue` wait for the outcome of
   * route, authentication and size checks before it sends its body. Without it Node.js tells it to go on at once.
   */
  readonly checkContinue: (request: AnyRequest, response: AnyResponse) => void;
}

/** Opens a server for node:http and its kin. Throws an `OptionError` for options that cannot be used. */
export function nodeHandler(server: GitServer, options: NodeHandlerOptions = {}): NodeHandler {
  checkDoorOptions(options);
  const prefix = validPrefix(options.prefix);
  const addressOf = options.remoteAddress ?? ((request: IncomingMessage) => request.socket.remoteAddress);
  const pass = (exchange: Exchange, next: Next | undefined, awaitsContinue: boolean): void => {
    const { request, response } = exchange;
    if (next) next();
    else {
      // Whoever answers now does not know that the client waits to be told.
      if (awaitsContinue) response.writeContinue();
      if (options.fallback) options.fallback(request, response);
      else notFound(response);
    }
  };
  const handle = async (
    request: IncomingMessage,
    response: ServerResponse,
    next: Next | undefined,
    awaitsContinue: boolean,
  ): Promise<void> => {
    const exchange = { request, response, signal: whileConnected(request, response) };
    try {
      const target = stripPrefix(request.url ?? '/', prefix);
      const answer =
        target === undefined
          ? undefined
          : await server.handle({
              ...requestOf(exchange, target, awaitsContinue),
              id: options.requestId?.(request),
              remoteAddress: addressOf(request),
            });
      if (answer) sendAnswer(exchange, answer, server.responseIdleTimeoutMs);
      else pass(exchange, next, awaitsContinue);
    } catch (error) {
      // A function of the embedder: it must not take the process with it.
      server.reportError(error);
      failAnswer(request, response);
    }
  };
  // The compatibility API of node:http2 has all that we use.
  const open = (request: AnyRequest, response: AnyResponse, next: Next | undefined, waits: boolean): void =>
    void handle(request as IncomingMessage, response as ServerResponse, next, waits);
  const handler = (request: AnyRequest, response: AnyResponse, next?: Next): void =>
    open(request, response, next, false);
  return Object.assign(handler, {
    checkContinue: (request: AnyRequest, response: AnyResponse) => open(request, response, undefined, true),
  });
}

/** What is to be told when a connection closes. */
const listenersOf = new WeakMap<Socket, Set<() => void>>();

function onConnectionClosed(socket: Socket, listener: () => void): () => void {
  const known = listenersOf.get(socket);
  const listeners = known ?? new Set();
  listeners.add(listener);
  if (!known) {
    listenersOf.set(socket, listeners);
    socket.once('close', () => {
      for (const tell of listeners) tell();
    });
  }
  return () => void listeners.delete(listener);
}

/**
 * A signal that is aborted when the client leaves before the end of its answer. Node.js tells a response nothing of
 * its connection while it still waits behind others in a pipeline: then only the socket knows.
 */
function whileConnected(request: IncomingMessage, response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  const isHttp2 = http2StreamOf(response) !== undefined;
  const forget = isHttp2 ? () => {} : onConnectionClosed(request.socket, leave);
  response.once('close', () => {
    forget();
    if (!response.writableFinished) leave();
  });
  if (!isHttp2 && request.socket.destroyed) leave();
  return gone.signal;
}

function requestOf(
  { request, response, signal }: Exchange,
  target: string,
  awaitsContinue: boolean,
): Omit<GitRequest, 'id' | 'remoteAddress'> {
  return {
    method: request.method ?? 'GET',
    target,
    headers: request.headers,
    httpVersion: request.httpVersion,
    body: request,
    continueBody: () => {
      if (awaitsContinue) response.writeContinue();
    },
    signal,
    peerAddress: request.socket.remoteAddress,
    clientCertificate: clientCertificateOf(request.socket),
  };
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(text);
}

function notFound(response: ServerResponse): void {
  sendText(response, 404, 'not found\n');
}

function failAnswer(request: IncomingMessage, response: ServerResponse): void {
  if (response.headersSent) breakOff(request, response);
  else sendText(response, 500, 'the server failed to handle this request\n');
}
