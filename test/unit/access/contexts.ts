import type { Credentials, RequestContext } from '../../../src/index.js';

/** A request as authenticators see it: discovery of a push to `app` unless told otherwise. */
export function contextOf(rest: Partial<RequestContext> = {}): RequestContext {
  return {
    id: '1',
    method: 'GET',
    path: 'app',
    operation: 'write',
    service: 'git-receive-pack',
    phase: 'discovery',
    protocolVersion: 0,
    headers: {},
    remoteAddress: '127.0.0.1',
    credentials: undefined,
    signal: new AbortController().signal,
    ...rest,
  };
}

export function basic(username: string, password: string): Credentials {
  return { scheme: 'basic', username, password };
}
