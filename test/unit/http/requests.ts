/** Requests as doors make them. */
import { Readable } from 'node:stream';
import type { RequestHeaders } from '../../../src/context.js';
import type { GitRequest } from '../../../src/http/exchange.js';

export function requestWith(
  headers: RequestHeaders,
  body: Readable | readonly Buffer[] = [],
  more: Partial<GitRequest> = {},
): GitRequest {
  return {
    method: 'POST',
    target: '/',
    headers,
    httpVersion: '1.1',
    body: body instanceof Readable ? body : Readable.from(body),
    continueBody: () => {},
    signal: new AbortController().signal,
    remoteAddress: undefined,
    ...more,
  };
}
