import { validateHeaderName, validateHeaderValue } from 'node:http';

/**
 * Every failure that a client can be told about: a stable code, the HTTP status that fits it, and a text
 * that is safe to show. What is only for the operator (paths, standard error of git) goes into `cause`.
 */
export const failureTable = {
  ERR_BAD_REQUEST: { status: 400, message: 'the request is malformed' },
  ERR_CLIENT_GONE: { status: 400, message: 'the client has left' },
  ERR_BODY_TRUNCATED: { status: 400, message: 'the request body ended too early' },
  ERR_BODY_NOT_GZIP: { status: 400, message: 'the request body is not valid gzip data' },
  ERR_LENGTH_UNKNOWN: { status: 400, message: 'an HTTP/1.0 request with a body needs a Content-Length' },
  ERR_UNAUTHENTICATED: { status: 401, message: 'authentication required' },
  ERR_FORBIDDEN: { status: 403, message: 'you are not allowed to do this' },
  ERR_SERVICE_UNKNOWN: { status: 403, message: 'unsupported service' },
  ERR_SERVICE_DISABLED: { status: 403, message: 'this service is not enabled here' },
  ERR_NOT_FOUND: { status: 404, message: 'repository not found' },
  ERR_METHOD: { status: 405, message: 'method not allowed' },
  ERR_BODY_TIMEOUT: { status: 408, message: 'the request body came too slowly' },
  ERR_BODY_TOO_LARGE: { status: 413, message: 'the request body is too large' },
  ERR_CONTENT_TYPE: { status: 415, message: 'unsupported Content-Type' },
  ERR_CONTENT_ENCODING: { status: 415, message: 'unsupported Content-Encoding; send gzip or identity' },
  ERR_RANGE: { status: 416, message: 'the requested range lies outside the file' },
  ERR_TOO_MANY_ATTEMPTS: { status: 429, message: 'too many failed attempts; try again later' },
  ERR_INTERNAL: { status: 500, message: 'the server failed to handle this request' },
  ERR_GIT_FAILED: { status: 500, message: 'git failed on the server' },
  ERR_GIT_UNAVAILABLE: { status: 500, message: 'the server could not start git' },
  ERR_REPOSITORY_OWNERSHIP: {
    status: 500,
    message: 'the server does not trust the ownership of this repository; its log says what to do',
  },
  ERR_TRANSFER_CODING: {
    status: 501,
    message: 'unsupported Transfer-Encoding; send chunked or a Content-Length',
  },
  ERR_BUSY: { status: 503, message: 'the server is busy; try again shortly' },
  ERR_AUTHENTICATION_UNAVAILABLE: {
    status: 503,
    message: 'the server cannot find out who you are at the moment; try again shortly',
  },
  ERR_OUT_OF_RESOURCES: { status: 503, message: 'the server has run out of resources; try again shortly' },
  ERR_CLOSING: { status: 503, message: 'the server is shutting down; try again shortly' },
  ERR_GIT_TIMEOUT: { status: 504, message: 'git took too long on the server' },
  ERR_REQUEST_TIMEOUT: { status: 504, message: 'the request took longer than this server allows' },
  ERR_NO_SPACE: { status: 507, message: 'the server has no room left on its disk' },
} as const satisfies Record<string, { status: number; message: string }>;

/** One of the stable codes of {@link failureTable}. */
export type FailureCode = keyof typeof failureTable;

/** What a {@link GitTyphoonError} may say beyond its code. */
export interface FailureDetails {
  /** Replaces the table's message. It is sent to the client, so it never holds paths or secrets. */
  readonly message?: string | undefined;
  /** For the log only. */
  readonly cause?: unknown;
  /** Further response headers, such as `Allow`. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
}

/** The one error class for failures of a request. Throw it from your own functions to choose the answer. */
export class GitTyphoonError extends Error {
  readonly code: FailureCode;
  /** The HTTP status that goes with the code. */
  readonly status: number;
  /** Further response headers. */
  readonly headers: readonly (readonly [name: string, value: string])[];

  constructor(code: FailureCode, details: FailureDetails = {}) {
    if (!Object.hasOwn(failureTable, code)) throw new TypeError(`there is no failure code ${code}`);
    const { status, message } = failureTable[code];
    for (const [name, value] of details.headers ?? []) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    super(details.message ?? message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'GitTyphoonError';
    this.code = code;
    this.status = status;
    this.headers = details.headers ?? [];
  }
}

/** Thrown at construction for an option that cannot be used; the message names the option. */
export class OptionError extends TypeError {
  /** The option's path, such as `cors.origins`. */
  readonly option: string;

  constructor(option: string, problem: string) {
    super(`option "${option}" ${problem}`);
    this.name = 'OptionError';
    this.option = option;
  }
}
