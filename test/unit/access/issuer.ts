/** An issuer whose every answer a test decides, and requests with its tokens. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import type { Claims } from '../../../src/access/oidc.js';
import type { Credentials, RequestContext } from '../../../src/index.js';
import type { SigningKey } from '../../support/signing-key.js';

export interface TestIssuer {
  readonly url: string;
  /** What is answered, by path; a value is sent as JSON. */
  readonly answers: Record<string, unknown>;
  /** Paths that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

export async function startIssuer(keys: readonly SigningKey[]): Promise<TestIssuer> {
  const answers: TestIssuer['answers'] = {};
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    const answer = answers[url];
    if (typeof answer === 'function') (answer as (response: ServerResponse) => void)(response);
    else if (answer === undefined) response.writeHead(404).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answers['/.well-known/openid-configuration'] = { issuer: url, jwks_uri: `${url}/keys` };
  answers['/keys'] = { keys: keys.map(({ publicJwk }) => publicJwk) };
  return {
    url,
    answers,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** Signs claims; a claim or a part of the header that is undefined is left out. */
export function sign(
  key: SigningKey,
  claims: Claims,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const all = { alg: key.alg, kid: key.kid, typ: 'JWT', ...header };
  return new SignJWT({ ...claims }).setProtectedHeader(all).sign(key.privateKey);
}

export function contextOf(credentials: Credentials | undefined): RequestContext {
  return {
    id: '1',
    method: 'GET',
    path: 'app',
    operation: 'read',
    service: 'git-upload-pack',
    phase: 'discovery',
    protocolVersion: 2,
    headers: {},
    remoteAddress: '127.0.0.1',
    credentials,
    signal: new AbortController().signal,
  };
}

export const withToken = (token: string): RequestContext => contextOf({ scheme: 'bearer', token });
