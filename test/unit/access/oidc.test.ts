/** What a provider does not give: tokens that are wrong in one point, signed with the right key. */
import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { exportSPKI, importJWK, UnsecuredJWT, type CryptoKey } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { oidcAuthenticator, type Claims, type OidcOptions } from '../../../src/access/oidc.js';
import { combineAuthenticators, type Authenticate } from '../../../src/access/index.js';
import { makeKey, type SigningKey } from '../../support/signing-key.js';
import { contextOf, inSeconds, sign, startIssuer, withToken, type TestIssuer } from './issuer.js';

const audience = 'https://git.example.org';

let rsa: SigningKey;
let ec: SigningKey;
let twin: SigningKey;
let issuer: TestIssuer;
let authenticate: Authenticate;
const refusals: string[] = [];

function make(options: Partial<OidcOptions> = {}): Authenticate {
  return oidcAuthenticator({
    issuer: issuer.url,
    audience,
    onRefused: ({ reason }) => void refusals.push(reason),
    ...options,
  });
}

function claims(changes: Claims = {}): Claims {
  return {
    iss: issuer.url,
    aud: audience,
    sub: 'ada',
    iat: inSeconds(-10),
    exp: inSeconds(300),
    ...changes,
  };
}

async function nameOf(token: string): Promise<string | undefined> {
  return (await authenticate(withToken(token)))?.name;
}

beforeAll(async () => {
  [rsa, ec, twin] = await Promise.all([makeKey('rsa'), makeKey('ec', 'ES256'), makeKey('twin', 'ES256')]);
  issuer = await startIssuer([rsa, ec, twin]);
  authenticate = make();
});

afterAll(() => issuer.close());

beforeEach(() => {
  refusals.length = 0;
});

describe('a good token', () => {
  it('is taken as Bearer and as a password, whatever the user name beside it', async () => {
    const body = claims();
    const token = await sign(ec, body);
    const basic = { scheme: 'basic', username: 'root', password: token } as const;
    for (const context of [withToken(token), contextOf(basic), withToken(token)]) {
      expect(await authenticate(context)).toEqual({
        name: 'ada',
        groups: [],
        scope: undefined,
        details: { issuer: issuer.url, claims: body },
      });
    }
  });

  it.each(['RS256', 'RS512', 'PS256', 'PS512', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])(
    'may be signed by %s',
    async (alg) => {
      const key = await makeKey('key', alg);
      const other = await startIssuer([key]);
      try {
        const user = await make({ issuer: other.url })(
          withToken(await sign(key, claims({ iss: other.url }))),
        );
        expect(user?.name).toBe('ada');
      } finally {
        await other.close();
      }
    },
  );

  it('needs no name of its key, also where several keys fit', async () => {
    for (const key of [ec, twin]) {
      expect(await nameOf(await sign(key, claims(), { kid: undefined }))).toBe('ada');
    }
    const stranger = await makeKey('twin', 'ES256');
    expect(await nameOf(await sign(stranger, claims(), { kid: undefined }))).toBeUndefined();
    expect(await nameOf(await sign(twin, claims({ aud: 'x' }), { kid: undefined }))).toBeUndefined();
    expect(refusals).toEqual(['none of the keys fits its signature', expect.stringContaining('"aud"')]);
  });

  it('may be meant for others beside us, and for any of our names', async () => {
    authenticate = make({ audience: [audience, 'git'] });
    expect(await nameOf(await sign(ec, claims({ aud: ['x', 'git'] })))).toBe('ada');
    expect(await nameOf(await sign(ec, claims({ aud: audience })))).toBe('ada');
    expect(await nameOf(await sign(ec, claims({ aud: 'gi' })))).toBeUndefined();
    authenticate = make();
  });

  it.each([undefined, 'JWT', 'jwt', 'at+jwt', 'application/at+jwt'])('may be of the type %s', async (typ) => {
    expect(await nameOf(await sign(ec, claims(), { typ }))).toBe('ada');
  });
});

it.each<[what: string, changes: () => Claims]>([
  ['expired', () => ({ exp: inSeconds(-40) })],
  ['begins soon', () => ({ nbf: inSeconds(40) })],
  ['was issued in a moment', () => ({ iat: inSeconds(40) })],
])('a token that %s is good within the tolerance for clocks', async (_what, changes) => {
  expect(await nameOf(await sign(ec, claims(changes())))).toBe('ada');
  const strict = make({ clockToleranceSeconds: 5 });
  expect(await strict(withToken(await sign(ec, claims(changes()))))).toBeNull();
  expect(refusals).toHaveLength(1);
});

describe('a token is refused that', () => {
  it.each<[what: string, changes: () => Claims, header: Record<string, unknown>, reason: RegExp]>([
    ['has expired', () => ({ exp: inSeconds(-90) }), {}, /"exp" claim timestamp/],
    ['never expires', () => ({ exp: undefined }), {}, /missing required "exp"/],
    ['expires at a text', () => ({ exp: '9999999999' }), {}, /"exp" claim must be a number/],
    ['is not valid yet', () => ({ nbf: inSeconds(90) }), {}, /"nbf" claim timestamp/],
    ['was issued in the future', () => ({ iat: inSeconds(90) }), {}, /in the future/],
    ['does not say when it was issued', () => ({ iat: undefined }), {}, /missing required "iat"/],
    ['is for nobody', () => ({ aud: undefined }), {}, /missing required "aud"/],
    ['is for another', () => ({ aud: 'https://git.example.org/' }), {}, /unexpected "aud"/],
    ['is for an empty list', () => ({ aud: [] }), {}, /unexpected "aud"/],
    ['is bound to a key', () => ({ cnf: { jkt: 'x' } }), {}, /bound to a key/],
    ['is for logging out', () => ({}), { typ: 'logout+jwt' }, /another type/],
    ['has a type that is none', () => ({}), { typ: 7 }, /another type|typ/i],
    ['wants something unknown to be understood', () => ({}), { crit: ['exp'], exp: 1 }, /Extension/],
    ['has no name', () => ({ sub: undefined }), {}, /"sub" is missing/],
    ['has a list as its name', () => ({ sub: ['ada'] }), {}, /"sub" is missing/],
    ['has a line feed in its name', () => ({ sub: 'ada\nbob' }), {}, /cannot be shown/],
    ['has a NUL in its name', () => ({ sub: 'ada\0' }), {}, /cannot be shown/],
    ['turns its name round', () => ({ sub: 'ada\u202egnp' }), {}, /cannot be shown/],
    ['has a name without end', () => ({ sub: 'a'.repeat(201) }), {}, /too long/],
    ['has white space around its name', () => ({ sub: ' ada' }), {}, /white space/],
  ])('%s', async (_what, changes, header, reason) => {
    const token = await signRaw(header, claims(changes()));
    // Null: it is this issuer's, and nobody else is asked about it.
    expect(await authenticate(withToken(token))).toBeNull();
    expect(refusals).toEqual([expect.stringMatching(reason)]);
  });

  it('has no signature (alg none)', async () => {
    const token = new UnsecuredJWT({ ...claims() }).encode();
    expect(await nameOf(token)).toBeUndefined();
    expect(await nameOf(`${token}AAAA`)).toBeUndefined();
    expect(await nameOf(await stripped())).toBeUndefined();
    expect(refusals).toHaveLength(3);
  });

  it.each(['HS256', 'HS384', 'HS512'])('takes a public key for the secret of %s', async (alg) => {
    for (const key of [rsa, ec]) {
      const publicKey = (await importJWK(key.publicJwk, key.alg, { extractable: true })) as CryptoKey;
      const pem = await exportSPKI(publicKey);
      for (const secret of [pem, `${pem}\n`, JSON.stringify(key.publicJwk)]) {
        const [head, body] = encode({ alg, kid: key.kid, typ: 'JWT' }, claims());
        const mac = createHmac(`sha${alg.slice(2)}`, secret)
          .update(`${head}.${body}`)
          .digest('base64url');
        expect(await nameOf(`${head}.${body}.${mac}`)).toBeUndefined();
      }
    }
    expect(new Set(refusals)).toEqual(new Set(['"alg" (Algorithm) Header Parameter value not allowed']));
  });

  it('is signed by an algorithm that is not allowed here', async () => {
    const strict = make({ algorithms: ['RS256'] });
    expect((await strict(withToken(await sign(rsa, claims()))))?.name).toBe('ada');
    expect(await strict(withToken(await sign(ec, claims())))).toBeNull();
  });

  it('brings its own key', async () => {
    const own = await makeKey('own', 'ES256');
    for (const kid of ['own', 'ec', undefined]) {
      const header = { jwk: own.publicJwk, jku: `${issuer.url}/mine`, x5u: `${issuer.url}/mine`, kid };
      expect(await nameOf(await sign(own, claims(), header))).toBeUndefined();
    }
    expect(issuer.asked).not.toContain('/mine');
    expect(refusals).toHaveLength(3);
  });

  it('is changed in any place', async () => {
    const token = await sign(ec, claims());
    await fc.assert(
      fc.asyncProperty(
        // The last character holds bits that mean nothing.
        fc.nat(token.length - 2),
        fc.constantFrom('A', 'B', 'c', '0', '9', '-', '_', '.'),
        async (index, character) => {
          const changed = token.slice(0, index) + character + token.slice(index + 1);
          expect(await nameOf(changed)).toBe(changed === token ? 'ada' : undefined);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('has any header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('alg', 'kid', 'typ', 'crit', 'b64', 'enc', 'zip'), fc.jsonValue()),
        fc.string({ unit: fc.constantFrom('A', 'B', 'c', '0', '9', '-', '_'), maxLength: 90 }),
        async (header, signature) => {
          const [head, body] = encode(header, claims());
          expect(await nameOf(`${head}.${body}.${signature}`)).toBeUndefined();
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('credentials are left to others', () => {
  it.each<[string, () => Promise<string>]>([
    ['a password', () => Promise.resolve('correct horse battery staple')],
    ['nothing', () => Promise.resolve('')],
    ['two dots', () => Promise.resolve('..')],
    ['dots and garbage', () => Promise.resolve('a.b.c')],
    ['a token of another issuer', () => sign(ec, claims({ iss: `${issuer.url}/` }))],
    ['a token without an issuer', () => sign(ec, claims({ iss: undefined }))],
    ['a token with a list of issuers', () => sign(ec, claims({ iss: [issuer.url] }))],
    ['a token with a line feed behind', async () => `${await sign(ec, claims())}\n`],
    ['a token that is huge', () => sign(ec, claims({ more: 'x'.repeat(16_384) }))],
  ])('when they are %s', async (_what, tokenOf) => {
    const before = issuer.asked.length;
    const token = await tokenOf();
    expect(await authenticate(withToken(token))).toBeUndefined();
    expect(
      await authenticate(contextOf({ scheme: 'basic', username: 'ada', password: token })),
    ).toBeUndefined();
    expect(refusals).toEqual([]);
    expect(issuer.asked).toHaveLength(before);
  });

  it('when there are none, or of another scheme', async () => {
    expect(await authenticate(contextOf(undefined))).toBeUndefined();
    expect(await authenticate(contextOf({ scheme: 'other', header: 'Digest x' }))).toBeUndefined();
    // The token as the user's name proves nothing either.
    const username = await sign(ec, claims());
    expect(await authenticate(contextOf({ scheme: 'basic', username, password: '' }))).toBeUndefined();
  });
});

describe('several tables of options', () => {
  it("for one issuer: the first that accepts a token decides, and one that none accepts is nobody's", async () => {
    const other = await startIssuer([twin]);
    const options = { issuer: issuer.url, userPrefix: 'a:', audience: 'a' };
    const several = oidcAuthenticator([
      options,
      { ...options, userPrefix: 'b:', audience: ['a', 'b'] },
      { ...options, issuer: other.url, userPrefix: 'c:' },
    ]);
    const ask = async (changes: Claims): Promise<unknown> => {
      const user = await several(withToken(await sign(twin, claims(changes))));
      return user ? user.name : user;
    };
    try {
      expect(await ask({ aud: 'a' })).toBe('a:ada');
      expect(await ask({ aud: 'b' })).toBe('b:ada');
      expect(await ask({ aud: 'a', iss: other.url })).toBe('c:ada');
      expect(await ask({ aud: 'x' })).toBeNull();
      expect(await ask({ aud: 'b', iss: other.url })).toBeNull();
      expect(await ask({ aud: 'a', iss: 'https://issuer.example.org' })).toBeUndefined();
      expect(await several(withToken('a password'))).toBeUndefined();
    } finally {
      await other.close();
    }
  });
});

it("a token of the issuer that is not good is nobody else's password", async () => {
  const seen: unknown[] = [];
  const combined = combineAuthenticators(authenticate, ({ credentials }) => {
    seen.push(credentials);
    return { name: 'root' };
  });
  const expired = await sign(ec, claims({ exp: inSeconds(-90) }));
  const forged = await sign(await makeKey('ec', 'ES256'), claims());
  for (const token of [expired, forged]) {
    expect(await combined(contextOf({ scheme: 'basic', username: 'root', password: token }))).toBeNull();
  }
  expect(seen).toEqual([]);
  expect((await combined(contextOf({ scheme: 'basic', username: 'root', password: 'x' })))?.name).toBe(
    'root',
  );
});

it('what an embedder throws is no refusal', async () => {
  const failing = make({
    user: () => {
      throw new Error('mine');
    },
  });
  await expect(failing(withToken(await sign(ec, claims())))).rejects.toThrow('mine');
});

function encode(...parts: readonly object[]): string[] {
  return parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
}

/** A token without its signature, under the header of one that had a good one. */
async function stripped(): Promise<string> {
  return (await sign(ec, claims())).replace(/[^.]*$/, '');
}

/** Signs what jose would not. */
async function signRaw(header: object, body: Claims): Promise<string> {
  const parts = encode({ alg: 'ES256', kid: 'ec', typ: 'JWT', ...header }, body);
  const { subtle } = globalThis.crypto;
  const data = new TextEncoder().encode(parts.join('.'));
  const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, ec.privateKey, data);
  return [...parts, Buffer.from(signature).toString('base64url')].join('.');
}
