/** The one place where an error becomes bytes for a client. */
import { GitTyphoonError, type FailureCode } from '../errors.js';
import { shortageIn } from '../git/shortage.js';
import { encodeErrorPacket } from '../protocol/advertisement.js';
import type { Service } from '../protocol/service.js';
import { noCache } from './caching.js';
import type { GitResponse } from './exchange.js';
import { resultHeaders } from './media-types.js';

/**
 * Any error as one of ours; what is not ours is not shown. When the client has gone, that is the reason of whatever
 * has failed since.
 */
export function asFailure(error: unknown, signal?: AbortSignal): GitTyphoonError {
  if (signal?.aborted) return new GitTyphoonError('ERR_CLIENT_GONE', { cause: error });
  if (error instanceof GitTyphoonError) return error;
  return new GitTyphoonError(shortageIn(error) ?? 'ERR_INTERNAL', { cause: error });
}

/** What is the server's fault though its status is not 500. */
const furtherFaults: ReadonlySet<FailureCode> = new Set([
  'ERR_AUTHENTICATION_UNAVAILABLE',
  'ERR_OUT_OF_RESOURCES',
  'ERR_NO_SPACE',
  'ERR_GIT_TIMEOUT',
  'ERR_REQUEST_TIMEOUT',
]);

/** Whether the operator should hear of it, rather than only the client. */
export function isServerFault(failure: GitTyphoonError): boolean {
  return failure.status === 500 || furtherFaults.has(failure.code);
}

/**
 * Status and text. git prints a `text/plain` body as `remote: …` when discovery fails (remote-curl.c:
 * show_http_message). The body is never empty: libgit2 hangs on a 401 with a type and no bytes.
 */
export function failureResponse(failure: GitTyphoonError): GitResponse {
  const bytes = Buffer.from(`${failure.message}\n`);
  return {
    status: failure.status,
    headers: [
      ...failure.headers,
      ...noCache,
      ['Content-Type', 'text/plain; charset=utf-8'],
      ['Content-Length', String(bytes.length)],
    ],
    body: { kind: 'bytes', bytes },
  };
}

/**
 * A fetch or archive that failed before its first byte: git discards the body of an error status after a POST,
 * but shows an `ERR` packet.
 */
export function errorPacketResponse(service: Service, failure: GitTyphoonError): GitResponse {
  const bytes = encodeErrorPacket(failure.message);
  return { status: 200, headers: resultHeaders(service, bytes.length), body: { kind: 'bytes', bytes } };
}
