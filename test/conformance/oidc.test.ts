/** Real git with tokens of a real OpenID Connect provider. */
import { SignJWT, decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oidcAuthenticator, type OidcOptions } from '../../src/access/oidc.js';
import type { Authenticate } from '../../src/access/index.js';
import { commitFile, makeBareRepository } from '../support/fixtures.js';
import { startOidcHost, type OidcHost } from '../support/oidc.js';
import { eventually } from '../support/server.js';
import { makeKey, type SigningKey } from '../support/signing-key.js';
import { clientOf, openLab, refOf, type Lab } from './lab.js';

const audience = 'https://git.example.org';

let key: SigningKey;
let host: OidcHost;
let lab: Lab;
let authenticate: Authenticate;
const refusals: string[] = [];
const problems: string[] = [];

function options(): OidcOptions {
  return {
    issuer: host.issuer,
    audience,
    user: '<repository>',
    userPrefix: 'ci:',
    groups: 'teams',
    repositories: ['<repository>.git'],
    operations: { read: { scope: 'git:read' }, write: { scope: 'git:write' } },
    // Long enough for nothing to happen by itself, short enough for a rotation to be seen.
    jwksCooldownMs: 0,
    onRefused: ({ reason }) => void refusals.push(reason),
    onProblem: ({ message }) => void problems.push(message),
  };
}

beforeAll(async () => {
  key = await makeKey('first');
  host = await startOidcHost(key);
  authenticate = oidcAuthenticator(options());
  lab = await openLab({
    publicRead: false,
    publicWrite: false,
    authenticate: (context) => authenticate(context),
    authorize: ({ user }) => user?.groups?.includes('builders') === true,
  });
  await makeBareRepository(lab.at('team/app.git'));
  await makeBareRepository(lab.at('team/other.git'));
});

afterAll(async () => {
  await lab.close();
  await host.stop();
});

const bearer = (token: string): string[] => ['-c', `http.extraHeader=Authorization: Bearer ${token}`];

function withPassword(token: string, user = 'anything'): string[] {
  return [
    '-c',
    'credential.helper=',
    '-c',
    `credential.helper=!f() { test "$1" = get && echo username=${user} && echo password=${token}; }; f`,
  ];
}

/** After a 401 git asks for a name and a password, unless it has just sent some. */
const refused = /Authentication failed|could not read Username/;

/** What git says to a look at a repository. */
async function look(how: readonly string[], name = 'team/app.git'): Promise<string> {
  const { code, stderr } = await clientOf(2).try([...how, 'ls-remote', lab.url(name)]);
  return code === 0 ? 'ok' : stderr;
}

/** A token with a part changed, signed anew. */
async function forged(token: string, signer: SigningKey, changes: Record<string, unknown>): Promise<string> {
  return new SignJWT({ ...decodeJwt(token), ...changes })
    .setProtectedHeader({ alg: signer.alg, kid: signer.kid, typ: 'at+jwt' })
    .sign(signer.privateKey);
}

describe('the token of a job', () => {
  it.each([
    ['Bearer', 0, bearer],
    ['Bearer', 2, bearer],
    ['a Basic password', 0, withPassword],
    ['a Basic password', 2, withPassword],
  ])('as %s clones and pushes over version %i, under a name of its own', async (kind, version, auth) => {
    const how = auth(await host.token(audience));
    const client = clientOf(version);
    const copy = lab.fresh();
    await client.ok([...how, 'clone', '-q', lab.url('team/app.git'), copy]);
    const oid = await commitFile(copy, `${kind}-${version}`, 'x\n');
    await client.ok([...how, 'push', '-q', 'origin', 'main'], copy);
    expect(await refOf(lab.at('team/app.git'), 'refs/heads/main')).toBe(oid);
    expect(lab.server.events.push.at(-1)?.user?.name).toBe('ci:team/app');
  });

  it('opens no repository but the one that its claim names, whichever way it comes', async () => {
    const token = await host.token(audience);
    for (const how of [bearer(token), withPassword(token)]) {
      expect(await look(how)).toBe('ok');
      expect(await look(how, 'team/other.git')).toContain('repository not found');
      expect(await look(how, 'team/missing.git')).toContain('repository not found');
    }
  });

  it('that is for reading alone does not push', async () => {
    const how = bearer(await host.token(audience, 'git:read'));
    const copy = lab.fresh();
    await clientOf(2).ok([...how, 'clone', '-q', lab.url('team/app.git'), copy]);
    await commitFile(copy, 'refused', 'x\n');
    const { code, stderr } = await clientOf(2).try([...how, 'push', 'origin', 'main'], copy);
    expect(code).not.toBe(0);
    expect(stderr).toContain('you are not allowed to push to this repository');
  });

  it('is asked for on a push that begins with the POST', async () => {
    const post = (token?: string): Promise<number> =>
      fetch(`${lab.url('team/app.git')}/git-receive-pack`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-git-receive-pack-request',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: '0000',
      }).then(({ status }) => status);
    expect(await post()).toBe(401);
    expect(await post('a.b.c')).toBe(401);
    expect(await post(await host.token(audience, 'git:read'))).toBe(403);
    expect(await post(await host.token(audience))).toBe(200);
  });
});

describe('a token that is not good', () => {
  const twice = (reason: RegExp): unknown[] => [expect.stringMatching(reason), expect.stringMatching(reason)];
  it.each<[what: string, make: () => Promise<string>, reasons: readonly unknown[]]>([
    ['is for somebody else', () => host.token('https://other.example.org'), twice(/"aud"/)],
    [
      'has been signed with another key of the same name',
      async () => forged(await host.token(audience), await makeKey('first'), {}),
      twice(/signature/),
    ],
    [
      'has been signed with a key that nobody knows',
      async () => forged(await host.token(audience), await makeKey('unknown'), {}),
      twice(/no applicable key/),
    ],
    [
      'has expired',
      async () => forged(await host.token(audience), key, { exp: 1_000_000_000 }),
      twice(/"exp"/),
    ],
    [
      'is not valid yet',
      async () => forged(await host.token(audience), key, { nbf: 4_000_000_000 }),
      twice(/"nbf"/),
    ],
    // Nothing of the issuer's: that is left to others, and there is none.
    [
      'is of another issuer',
      async () => forged(await host.token(audience), key, { iss: 'https://issuer.example.org' }),
      [],
    ],
    ['is none', () => Promise.resolve('not-a-token'), []],
  ])('because it %s is refused with 401 and git says so', async (_what, make, reasons) => {
    const token = await make();
    refusals.length = 0;
    for (const how of [bearer(token), withPassword(token)]) {
      expect(await look(how)).toMatch(refused);
    }
    expect(lab.server.events.request.at(-1)?.status).toBe(401);
    expect(refusals).toEqual(reasons);
    expect(refusals.join(' ')).not.toContain(token.split('.').at(-1));
  });
});

it('a new key of the issuer is found while the server runs, and a withdrawn one is not used any more', async () => {
  const [used, unused, later] = [
    await host.token(audience),
    await host.token(audience),
    await host.token(audience),
  ];
  expect(await look(bearer(used))).toBe('ok');
  const second = await makeKey('second', 'ES256');
  host.useKeys([second, key]);
  const fresh = await host.token(audience);
  expect(await look(bearer(fresh))).toBe('ok');
  expect(await look(bearer(unused))).toBe('ok');
  const third = await makeKey('third', 'RS256');
  host.useKeys([third]);
  expect(await look(bearer(await host.token(audience)))).toBe('ok');
  expect(await look(bearer(later))).toMatch(refused);
  key = third;
});

it('while the issuer is down known keys still serve, and without them the answer is 503 and not 401', async () => {
  const [token, another] = [await host.token(audience), await host.token(audience)];
  expect(await look(bearer(token))).toBe('ok');
  await host.stop();
  expect(await look(bearer(another))).toBe('ok');
  const warm = authenticate;
  authenticate = oidcAuthenticator(options());
  problems.length = 0;
  for (const how of [bearer(token), withPassword(token), bearer(token)]) {
    expect(await look(how)).toContain('the issuer of your token cannot be asked for its keys');
    expect(lab.server.events.request.at(-1)?.status).toBe(503);
  }
  // What is no token of this issuer has nothing to wait for.
  expect(await look(bearer('no-token'))).toMatch(refused);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(host.issuer);
  expect(problems[0]).toContain('ECONNREFUSED');
  await host.start();
  await eventually('the server has found the issuer again', async () => (await look(bearer(token))) === 'ok');
  authenticate = warm;
});

it('a clone and a push with one token read the keys once', async () => {
  authenticate = oidcAuthenticator(options());
  const before = host.keyReads();
  const how = bearer(await host.token(audience));
  const copy = lab.fresh();
  await clientOf(2).ok([...how, 'clone', '-q', lab.url('team/app.git'), copy]);
  await commitFile(copy, 'once', 'y\n');
  await clientOf(2).ok([...how, 'push', '-q', 'origin', 'main:refs/heads/once'], copy);
  expect(host.keyReads()).toBe(before + 1);
});
