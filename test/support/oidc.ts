/** A real OpenID Connect provider on a free port, whose keys can be changed while it runs. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import type { SigningKey } from './signing-key.js';

export interface OidcHost {
  readonly issuer: string;
  /** How often its keys were read. */
  readonly keyReads: () => number;
  /** Signs with the first from now on, and publishes all. */
  useKeys(keys: readonly SigningKey[]): void;
  /** An access token by the grant `client_credentials`, for this audience. */
  token(audience: string, scope?: string): Promise<string>;
  /** Stops listening; {@link OidcHost.start} is on the same port again. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

const clientId = 'job';
const clientSecret = 'a secret of the job alone';

function makeProvider(issuer: string, keys: readonly SigningKey[]): RequestListener {
  const provider = new Provider(issuer, {
    jwks: { keys: keys.map(({ privateJwk }) => privateJwk) as never },
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, audience) => ({
          audience,
          scope: 'git:read git:write',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 300,
          jwt: { sign: { alg: keys[0]?.alg as 'RS256' } },
        }),
      },
    },
    extraTokenClaims: () => ({ repository: 'team/app', teams: ['builders'] }),
  });
  // Koa writes what goes wrong to standard error otherwise; the tests see it in the answer.
  provider.on('server_error', () => {});
  return provider.callback();
}

export async function startOidcHost(first: SigningKey): Promise<OidcHost> {
  let listener: RequestListener = (_request, response) => void response.writeHead(503).end();
  let reads = 0;
  const http = createServer((request, response) => {
    if (request.url === '/jwks') reads += 1;
    listener(request, response);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      http.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  const { port } = http.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  listener = makeProvider(issuer, [first]);
  return {
    issuer,
    keyReads: () => reads,
    useKeys(keys) {
      listener = makeProvider(issuer, keys);
    },
    async token(audience, scope = 'git:read git:write') {
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource: audience, scope });
      const secret = Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64');
      const headers = { authorization: `Basic ${secret}` };
      const response = await fetch(`${issuer}/token`, { method: 'POST', headers, body });
      const answer = (await response.json()) as { access_token?: string };
      if (answer.access_token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`);
      return answer.access_token;
    },
    start: () => listen(port),
    async stop() {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}
