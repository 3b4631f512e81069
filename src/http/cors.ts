/** Cross-origin requests from browsers (Fetch standard), for clients such as isomorphic-git. */
import { headerValue, emptyBody, type GitRequest, type GitResponse, type Header } from './exchange.js';

export interface CorsPolicy {
  /** Exact origins such as `https://example.org`, or `*` for every origin. */
  readonly origins: readonly string[] | '*';
  /** Lets browsers send cookies. Impossible with `*`. */
  readonly credentials: boolean;
  /** How long a browser may remember a preflight, in seconds. */
  readonly maxAgeSeconds: number;
}

/** What git clients send and read beyond what a browser lets through by itself. */
const allowedHeaders = 'Authorization, Content-Type, Content-Encoding, Git-Protocol, Accept, Range, If-Range';
const exposedHeaders = 'WWW-Authenticate, Content-Range, Retry-After';

/** The headers for every answer, errors included; a browser hides an answer without them from the page. */
export function corsHeaders(request: GitRequest, policy: CorsPolicy | undefined): readonly Header[] {
  if (!policy) return [];
  if (policy.origins === '*') {
    return [
      ['Access-Control-Allow-Origin', '*'],
      ['Access-Control-Expose-Headers', exposedHeaders],
    ];
  }
  const origin = headerValue(request.headers, 'origin');
  if (origin === undefined || !policy.origins.includes(origin)) return [['Vary', 'Origin']];
  const headers: Header[] = [
    ['Vary', 'Origin'],
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Expose-Headers', exposedHeaders],
  ];
  if (policy.credentials) headers.push(['Access-Control-Allow-Credentials', 'true']);
  return headers;
}

/** The answer to OPTIONS; it comes before authentication, because browsers send no credentials with it. */
export function preflightResponse(methods: readonly string[], policy: CorsPolicy): GitResponse {
  return {
    status: 204,
    headers: [
      ['Access-Control-Allow-Methods', methods.join(', ')],
      ['Access-Control-Allow-Headers', allowedHeaders],
      ['Access-Control-Max-Age', String(policy.maxAgeSeconds)],
    ],
    body: emptyBody,
  };
}
