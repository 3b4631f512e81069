/** Every way of saying who one is, with the credentials of every caller in it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { decodeJwt, SignJWT } from 'jose';
import {
  externalAuthenticator,
  openAccessFile,
  openHtpasswdFile,
  openTokenFile,
  proxyHeaderAuthenticator,
  type Authenticate,
} from '../../../src/access/index.js';
import { oidcAuthenticator } from '../../../src/access/oidc.js';
import type { Headers } from '../../conformance/differential/case.js';
import { startOidcHost } from '../../support/oidc.js';
import { makeKey } from '../../support/signing-key.js';
import { basic } from '../stage.js';
import type { Caller } from './expected.js';

export interface Way {
  readonly authenticate: Authenticate;
  /** What each caller sends; who is not there cannot be told apart in this way. */
  readonly callers: Readonly<Partial<Record<Caller, Headers>>>;
}

export interface Ways {
  readonly by: Readonly<Record<WayName, Way>>;
  close(): Promise<void>;
}

export const wayNames = [
  'a plain function',
  'an access file',
  'an htpasswd file',
  'a token as a Basic password',
  'a token as Bearer',
  'an identity token as a Basic password',
  'an identity token as Bearer',
  'an external endpoint',
  "a proxy's header",
  'a header that is not from the proxy',
] as const;
export type WayName = (typeof wayNames)[number];

export const bearer = (token: string): readonly [string, string] => ['Authorization', `Bearer ${token}`];
const asPassword = (token: string): readonly [string, string] => basic(`anything:${token}`);

const passwords: Way['callers'] = {
  actor: [basic('ann:word')],
  stranger: [basic('eve:other')],
  nobody: [],
  impostor: [basic('ann:wrong')],
};

type Secrets = Readonly<Record<'actor' | 'reader' | 'stranger' | 'impostor', string>>;

function withToken(
  authenticate: Authenticate,
  { actor, reader, stranger, impostor }: Secrets,
  show: (token: string) => readonly [string, string],
): Way {
  const callers = {
    actor: [show(actor)],
    reader: [show(reader)],
    stranger: [show(stranger)],
    nobody: [],
    impostor: [show(impostor)],
  };
  return { authenticate, callers };
}

async function makeTokens(folder: string): Promise<[Authenticate, Secrets, () => Promise<void>]> {
  const tokens = await openTokenFile(join(folder, 'tokens.json'));
  const make = async (user: string, scope: 'read' | 'write'): Promise<string> =>
    (await tokens.create({ user, scope, repositories: ['**'], expires: 'never' })).token;
  const actor = await make('ann', 'write');
  const secrets = {
    actor,
    reader: await make('ann', 'read'),
    stranger: await make('eve', 'write'),
    impostor: `${actor.slice(0, -1)}${actor.endsWith('a') ? 'b' : 'a'}`,
  };
  return [tokens.authenticate, secrets, () => tokens.close()];
}

async function makeIdentities(): Promise<[Authenticate, Secrets, () => Promise<void>]> {
  const key = await makeKey('first');
  const host = await startOidcHost(key);
  const audience = 'https://git.example.org';
  const authenticate = oidcAuthenticator({
    issuer: host.issuer,
    audience,
    user: '<repository>',
    userPrefix: 'ci:',
    operations: { read: { scope: 'git:read' }, write: { scope: 'git:write' } },
  });
  const actor = await host.token(audience);
  const ofAnother = await new SignJWT({ ...decodeJwt(actor), repository: 'team/other' })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt' })
    .sign(key.privateKey);
  const secrets = {
    actor,
    reader: await host.token(audience, 'git:read'),
    stranger: ofAnother,
    impostor: await host.token('https://elsewhere.example.org'),
  };
  return [authenticate, secrets, () => host.stop()];
}

async function startEndpoint(): Promise<[url: string, () => Promise<void>]> {
  const users = new Map([
    [basic('ann:word')[1], 'ann'],
    [basic('eve:other')[1], 'eve'],
  ]);
  const server = createServer((request, response) => {
    const user = users.get(request.headers.authorization ?? '');
    response
      .writeHead(user === undefined ? 401 : 204, user === undefined ? {} : { 'Remote-User': user })
      .end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return [`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close];
}

const plainFunction: Authenticate = ({ credentials }) => {
  if (credentials?.scheme !== 'basic') return undefined;
  const { username, password } = credentials;
  return ['ann:word', 'eve:other'].includes(`${username}:${password}`) ? { name: username } : undefined;
};

/** Opens all ways; their files are in `folder`. */
export async function openWays(folder: string): Promise<Ways> {
  const accessFile = join(folder, 'access.ini');
  writeFileSync(accessFile, '[users]\nann = word\neve = other\n');
  const htpasswd = join(folder, 'htpasswd');
  writeFileSync(htpasswd, `ann:${hashSync('word', 4)}\neve:${hashSync('other', 4)}\n`);
  const [byToken, tokens, closeTokens] = await makeTokens(folder);
  const [byIdentity, identities, closeIdentities] = await makeIdentities();
  const [url, closeEndpoint] = await startEndpoint();
  const headerOf = (trusted: string): Authenticate =>
    proxyHeaderAuthenticator({ trustedAddresses: [trusted], userHeader: 'X-User' });
  return {
    by: {
      'a plain function': { authenticate: plainFunction, callers: passwords },
      'an access file': {
        authenticate: (await openAccessFile(accessFile)).authenticate,
        callers: passwords,
      },
      'an htpasswd file': {
        authenticate: (await openHtpasswdFile(htpasswd)).authenticate,
        callers: passwords,
      },
      'a token as a Basic password': withToken(byToken, tokens, asPassword),
      'a token as Bearer': withToken(byToken, tokens, bearer),
      'an identity token as a Basic password': withToken(byIdentity, identities, asPassword),
      'an identity token as Bearer': withToken(byIdentity, identities, bearer),
      'an external endpoint': { authenticate: externalAuthenticator({ url }), callers: passwords },
      "a proxy's header": {
        authenticate: headerOf('127.0.0.1'),
        callers: {
          actor: [['X-User', 'ann']],
          stranger: [['X-User', 'eve']],
          nobody: [],
          // The proxy knows nobody by this name and password.
          impostor: [basic('ann:word')],
        },
      },
      'a header that is not from the proxy': {
        authenticate: headerOf('192.0.2.1'),
        callers: { nobody: [['X-User', 'ann']] },
      },
    },
    async close() {
      await Promise.all([closeTokens(), closeIdentities(), closeEndpoint()]);
    },
  };
}
