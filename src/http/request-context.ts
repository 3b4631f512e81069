import { randomBytes } from 'node:crypto';
import { parseCredentials } from '../access/credentials.js';
import type { RequestContext } from '../context.js';
import type { GitProtocol } from '../protocol/git-protocol.js';
import { headerValue, type GitRequest } from './exchange.js';
import type { Endpoint, Route } from './routes.js';

/** Several processes may write into one log. */
const processId = randomBytes(3).toString('hex');
let lastId = 0;

/** What may be an id in logs and headers. */
const usableId = /^[\w.:+/=@-]{1,128}$/;

function idOf({ id }: GitRequest): string {
  if (id !== undefined && usableId.test(id)) return id;
  return `${processId}-${(++lastId).toString(36).padStart(6, '0')}`;
}

function phaseOf({ kind }: Endpoint): RequestContext['phase'] {
  if (kind === 'rpc') return 'rpc';
  return kind === 'advertisement' || kind === 'unknown-service' ? 'discovery' : 'file';
}

/** What all later stages, and the functions of an embedder, see of a request. */
export function contextOf(request: GitRequest, route: Route, protocol: GitProtocol): RequestContext {
  const { endpoint } = route;
  const service = 'service' in endpoint ? endpoint.service : 'dumb';
  return {
    id: idOf(request),
    method: request.method,
    path: route.repositoryPath,
    operation: service === 'git-receive-pack' ? 'write' : 'read',
    service,
    phase: phaseOf(endpoint),
    protocolVersion: protocol.version,
    headers: request.headers,
    remoteAddress: request.remoteAddress,
    peerAddress: request.peerAddress,
    clientCertificate: request.clientCertificate,
    credentials: parseCredentials(headerValue(request.headers, 'authorization')),
    signal: request.signal,
  };
}
