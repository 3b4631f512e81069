/**
 * What spans are called and hold: the semantic conventions for servers of HTTP, and what is particular to git below
 * `gittyphoon.`. No query, which may hold a token, and no header beside the client's name.
 */
import type { Attributes } from '@opentelemetry/api';
import type { RequestContext } from '../context.js';
import type { RequestEvent } from '../events.js';
import type { GitRequest } from '../http/exchange.js';

/** The conventions know these methods only (`http.request.method`). */
const knownMethods = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

/** The path without the repository: a name of low cardinality, as the conventions want it. */
function routeOf({ service, phase }: RequestContext): string {
  if (phase === 'discovery') return '/{repository}/info/refs';
  return phase === 'rpc' ? `/{repository}/${service}` : '/{repository}/{file}';
}

export function methodOf({ method }: GitRequest): string {
  return knownMethods.has(method) ? method : '_OTHER';
}

/** Known at the start, so that a sampler can decide by it. */
export function requestAttributes(request: GitRequest, scheme: string): Attributes {
  const { headers, httpVersion, remoteAddress, target } = request;
  const agent = headers['user-agent'];
  const [path = '/'] = target.split('?');
  return {
    'http.request.method': methodOf(request),
    'url.scheme': scheme,
    'url.path': path,
    'network.protocol.name': 'http',
    'network.protocol.version': httpVersion.replace(/^([23])\.0$/, '$1'),
    ...(knownMethods.has(request.method) ? {} : { 'http.request.method_original': request.method }),
    ...(remoteAddress === undefined ? {} : { 'client.address': remoteAddress }),
    ...(typeof agent === 'string' ? { 'user_agent.original': agent } : {}),
  };
}

/** The name that the span has in the end. */
export function spanName(event: RequestEvent): string {
  const { method } = event.context;
  return `${knownMethods.has(method) ? method : 'HTTP'} ${routeOf(event.context)}`;
}

/** Known at the end. */
export function answerAttributes(event: RequestEvent): Attributes {
  const { context, user, repository, status, failure, gitExit, refCount, cache } = event;
  return {
    'http.route': routeOf(context),
    'http.response.status_code': status,
    'http.request.body.size': event.requestBytes,
    'http.response.body.size': event.responseBytes,
    'gittyphoon.request.id': context.id,
    'gittyphoon.service': context.service,
    'gittyphoon.phase': context.phase,
    'gittyphoon.protocol.version': context.protocolVersion,
    ...(repository ? { 'gittyphoon.repository': repository.name } : {}),
    ...(user ? { 'user.name': user.name } : {}),
    ...(failure ? { 'gittyphoon.failure': failure } : {}),
    ...(gitExit === undefined ? {} : { 'gittyphoon.git.exit': String(gitExit) }),
    ...(refCount === undefined ? {} : { 'gittyphoon.ref_count': refCount }),
    ...(cache ? { 'gittyphoon.cache': cache } : {}),
  };
}

/** `error.type`, where the server has failed: a client's mistake is no error of a server's span. */
export function errorTypeOf({ status, failure, aborted }: RequestEvent): string | undefined {
  if (status >= 500) return failure ?? String(status);
  return aborted ? (failure ?? 'broken_off') : undefined;
}
