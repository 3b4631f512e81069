/**
 * The neutral exchange between adapters and the core. Adapters know node's `req` and `res`, or the Web's
 * `Request` and `Response`; nothing behind this file does.
 */
import type { Readable } from 'node:stream';
import type { ClientCertificate, RequestHeaders } from '../context.js';

export interface GitRequest {
  /** The id that somebody before us has given it. Default none; one that is no plain word is not taken. */
  readonly id?: string | undefined;
  readonly method: string;
  /** The request target without a mounting prefix: path and query as they were sent. */
  readonly target: string;
  readonly headers: RequestHeaders;
  /** HTTP/1.0 knows neither chunks nor bodies of unknown length. */
  readonly httpVersion: string;
  /** The body without its transfer coding. Fails when the client leaves before its end. */
  readonly body: Readable;
  /** Called before the first read of the body: lets a client that expects it (100-continue) go on. */
  readonly continueBody: () => void;
  /** Aborted when the client has gone before the answer was complete. */
  readonly signal: AbortSignal;
  readonly remoteAddress: string | undefined;
  /** Of the connection itself, whatever headers say. Default unknown. */
  readonly peerAddress?: string | undefined;
  /** Only one that TLS has verified. Default none. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

export type ResponseBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** `stream` fails when the answer must not look complete; the adapter then breaks the connection. */
  | {
      readonly kind: 'stream';
      readonly stream: Readable;
      readonly sentBytes: () => number;
      /** To be called with each chunk when its bytes have been handed on, if the adapter knows that. */
      readonly recycle?: (chunk: Buffer) => void;
    };

export type Header = readonly [name: string, value: string];

export interface GitResponse {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body: ResponseBody;
}

/** A response of known bytes, with status 200. */
export function bytesResponse(bytes: Buffer, headers: readonly Header[]): GitResponse {
  const length: Header = ['Content-Length', String(bytes.length)];
  return { status: 200, headers: [...headers, length], body: { kind: 'bytes', bytes } };
}

export const emptyBody: ResponseBody = { kind: 'empty' };

/** The single value of a header; of several, the first. */
export function headerValue(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' || value === undefined ? value : value[0];
}
