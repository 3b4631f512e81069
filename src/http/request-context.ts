import { parseCredentials } from '../access/credentials.js';
import type { RequestContext } from '../context.js';
import type { GitProtocol } from '../protocol/git-protocol.js';
import { headerValue, type GitRequest } from './exchange.js';
import type { Endpoint, Route } from './routes.js';

let lastId = 0;

function phaseOf({ kind }: Endpoint): RequestContext['phase'] {
  if (kind === 'rpc') return 'rpc';
  return kind === 'advertisement' || kind === 'unknown-service' ? 'discovery' : 'file';
}

/** What all later stages, and the functions of an embedder, see of a request. */
export function contextOf(request: GitRequest, route: Route, protocol: GitProtocol): RequestContext {
  const { endpoint } = route;
  const service = 'service' in endpoint ? endpoint.service : 'dumb';
  return {
    id: (++lastId).toString(36).padStart(6, '0'),
    method: request.method,
    path: route.repositoryPath,
    operation: service === 'git-receive-pack' ? 'write' : 'read',
    service,
    phase: phaseOf(endpoint),
    protocolVersion: protocol.version,
    headers: request.headers,
    remoteAddress: request.remoteAddress,
    clientCertificate: request.clientCertificate,
    credentials: parseCredentials(headerValue(request.headers, 'authorization')),
    signal: request.signal,
  };
}
