/** Issuers that do not give their keys, or give them in ways that are not to be trusted. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { oidcAuthenticator, type OidcOptions } from '../../../src/access/oidc.js';
import { makeKey, type SigningKey } from '../../support/signing-key.js';
import { eventually } from '../../support/server.js';
import { inSeconds, sign, startIssuer, withToken, type TestIssuer } from './issuer.js';

const metadata = '/.well-known/openid-configuration';

let key: SigningKey;
let issuer: TestIssuer;
let problems: string[];

beforeEach(async () => {
  key ??= await makeKey('one', 'ES256');
  issuer = await startIssuer([key]);
  problems = [];
});

afterEach(() => issuer.close());

type Ask = (token: string) => Promise<string | undefined>;

/** A function that gives the name of a token's user. */
function make(options: Partial<OidcOptions> = {}): Ask {
  const authenticate = oidcAuthenticator({
    issuer: issuer.url,
    audience: 'git',
    onProblem: ({ message }) => void problems.push(message),
    ...options,
  });
  return async (text) => (await authenticate(withToken(text)))?.name;
}

let count = 0;

/** A token that was not seen before. */
function token(signer = key): Promise<string> {
  count += 1;
  const body = { iss: issuer.url, aud: 'git', sub: 'ada', jti: String(count) };
  return sign(signer, { ...body, iat: inSeconds(0), exp: inSeconds(60) });
}

const large = (response: ServerResponse): void => {
  response.on('error', () => {});
  response.write(`{ "x": "${'x'.repeat(2 * 1024 * 1024)}`);
};

it.each<[what: string, break_: () => void, problem: RegExp]>([
  ['has no metadata', () => delete issuer.answers[metadata], /configuration is answered with status 404/],
  ['fails', () => (issuer.answers['/keys'] = (r: ServerResponse) => r.writeHead(500).end()), /status 500/],
  ['gives no JSON', () => (issuer.answers[metadata] = (r: ServerResponse) => r.end('<p>')), /JSON/],
  ['gives nothing', () => (issuer.answers[metadata] = null), /another issuer/],
  [
    'says that it is another',
    () => (issuer.answers[metadata] = { issuer: 'https://x.example.org', jwks_uri: `${issuer.url}/keys` }),
    /name another issuer/,
  ],
  ['has no address of keys', () => (issuer.answers[metadata] = { issuer: issuer.url }), /lack jwks_uri/],
  [
    'has its keys where anybody can change them on their way',
    () => (issuer.answers[metadata] = { issuer: issuer.url, jwks_uri: 'http://keys.example.org/' }),
    /does not begin with https/,
  ],
  [
    'has its keys in a file',
    () => (issuer.answers[metadata] = { issuer: issuer.url, jwks_uri: 'file:///etc/passwd' }),
    /does not begin with https/,
  ],
  ['has no keys but something else', () => (issuer.answers['/keys'] = { keys: 'x' }), /JSON Web Key Set/],
  [
    'sends us elsewhere',
    () =>
      (issuer.answers['/keys'] = (response: ServerResponse) =>
        response.writeHead(302, { location: `${issuer.url}/elsewhere` }).end()),
    /status 302/,
  ],
  ['never ends', () => (issuer.answers['/keys'] = large), /larger than/],
  ['never begins', () => (issuer.answers['/keys'] = () => {}), /timed out|timeout/i],
])('an issuer that %s is 503 with its cause, and told of once', async (_what, break_, problem) => {
  break_();
  const ask = make({ timeoutMs: 300 });
  const attempts = await Promise.allSettled([await token(), await token()].map((text) => ask(text)));
  for (const attempt of attempts) {
    expect(attempt).toMatchObject({
      status: 'rejected',
      reason: { code: 'ERR_AUTHENTICATION_UNAVAILABLE', status: 503, headers: [['Retry-After', '5']] },
    });
    const { message, cause } = (attempt as PromiseRejectedResult).reason as Error;
    expect(message).not.toContain(issuer.url);
    expect((cause as Error).message).toMatch(problem);
  }
  expect(problems).toEqual([expect.stringMatching(problem)]);
  expect(issuer.asked).not.toContain('/elsewhere');
});

it('an issuer that fails is not asked with every token, and is found again', async () => {
  const ask = make();
  issuer.answers['/keys'] = (response: ServerResponse) => response.writeHead(500).end();
  for (let index = 0; index < 20; index += 1) {
    await expect(ask(await token())).rejects.toMatchObject({ status: 503 });
  }
  expect(issuer.asked.length).toBeLessThan(20);
  issuer.answers['/keys'] = { keys: [key.publicJwk] };
  await eventually('the issuer is asked again', async () => {
    const name = await ask(await token()).catch(() => undefined);
    return name === 'ada';
  });
  expect(problems).toHaveLength(1);
});

it('a herd of tokens causes one reading', async () => {
  const ask = make();
  const tokens = await Promise.all(Array.from({ length: 50 }, () => token()));
  const names = await Promise.all(tokens.map((text) => ask(text)));
  expect(new Set(names)).toEqual(new Set(['ada']));
  expect(issuer.asked).toEqual([metadata, '/keys']);
});

it('tokens with unknown keys cause no reading before the cooldown is over', async () => {
  const unknown = await makeKey('unknown', 'ES256');
  const ask = make();
  expect(await ask(await token())).toBe('ada');
  for (let index = 0; index < 20; index += 1) {
    expect(await ask(await token(unknown))).toBeUndefined();
  }
  expect(issuer.asked).toEqual([metadata, '/keys']);
  expect(await ask(await token())).toBe('ada');
});

it('keys that are old are read again, also from a new address', async () => {
  const ask = make({ jwksCacheMs: 1 });
  const second = await makeKey('second', 'ES256');
  expect(await ask(await token())).toBe('ada');
  issuer.answers[metadata] = { issuer: issuer.url, jwks_uri: `${issuer.url}/new-keys` };
  issuer.answers['/new-keys'] = { keys: [second.publicJwk] };
  await eventually('the new key is known', async () => (await ask(await token(second))) === 'ada');
  expect(await ask(await token())).toBeUndefined();
});

it('an issuer may end in a slash, which does not double', async () => {
  const name = `${issuer.url}/`;
  issuer.answers[metadata] = { issuer: name, jwks_uri: `${issuer.url}/keys` };
  const ask = make({ issuer: name });
  const body = { iss: name, aud: 'git', sub: 'ada', iat: inSeconds(0), exp: inSeconds(60) };
  expect(await ask(await sign(key, body))).toBe('ada');
});

it('nothing is asked before the first token comes', () => {
  make();
  expect(issuer.asked).toEqual([]);
});
