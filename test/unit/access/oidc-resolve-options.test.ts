import { describe, expect, it } from 'vitest';
import { oidcAuthenticator, type OidcOptions } from '../../../src/access/oidc.js';
import { resolveOidcOptions } from '../../../src/access/oidc-resolve-options.js';
import { OptionError } from '../../../src/index.js';

const good: OidcOptions = { issuer: 'https://id.example.org/realm', audience: 'git' };

function optionOf(options: Record<string, unknown>): string {
  try {
    oidcAuthenticator({ ...good, ...options });
  } catch (error) {
    if (error instanceof OptionError) return error.option;
    throw error;
  }
  return 'none';
}

it('defaults are careful', () => {
  const { algorithms, ...rest } = resolveOidcOptions(good);
  expect(rest).toEqual({
    ...good,
    audience: ['git'],
    user: 'sub',
    tokenTypes: ['JWT', 'at+jwt'],
    clockToleranceSeconds: 60,
    jwksCacheMs: 600_000,
    jwksCooldownMs: 30_000,
    timeoutMs: 5_000,
  });
  expect(algorithms).toEqual(expect.arrayContaining(['RS256', 'ES256', 'EdDSA']));
  expect(algorithms.filter((name) => /^(?:none|HS)/i.test(name))).toEqual([]);
});

describe('options that are refused by name', () => {
  it.each<[option: string, value: unknown]>([
    ['issuer', undefined],
    ['issuer', 'id.example.org'],
    ['issuer', 'http://id.example.org'],
    ['issuer', 'http://127.0.0.1.example.org'],
    ['issuer', 'http://10.0.0.1'],
    ['issuer', 'ftp://127.0.0.1'],
    ['issuer', 'https://id.example.org?x'],
    ['issuer', 'https://id.example.org#x'],
    ['issuer', 'https://me:secret@id.example.org'],
    ['audience', undefined],
    ['audience', ''],
    ['audience', []],
    ['audience', ['git', 7]],
    ['algorithms', []],
    ['algorithms', ['none']],
    ['algorithms', ['RS256', 'HS256']],
    ['algorithms', ['toString']],
    ['tokenTypes', []],
    ['clockToleranceSeconds', -1],
    ['clockToleranceSeconds', 601],
    ['clockToleranceSeconds', Number.NaN],
    ['clockToleranceSeconds', '60'],
    ['jwksCacheMs', 0],
    ['jwksCooldownMs', -1],
    ['timeoutMs', Number.POSITIVE_INFINITY],
    ['user', ''],
    ['user', ['sub']],
    ['user', '<sub'],
    ['user', 'a>b'],
    ['user', 'x<>'],
    ['userPrefix', 7],
    ['groupPrefix', ''],
    ['groups', 7],
    ['groups', []],
    ['groups', ['<a><']],
    ['repositories', '<repository>'],
    ['repositories', []],
    ['repositories', ['team/[x']],
    ['requiredClaims', {}],
    ['requiredClaims', 'sub'],
    ['requiredClaims.sub', { sub: undefined }],
    ['requiredClaims.sub', { sub: [] }],
    ['requiredClaims.sub', { sub: /x/ }],
    ['operations', 'read'],
    ['operations.admin', { admin: true }],
    ['operations.write', { write: {} }],
    ['operations.write.ref', { write: { ref: null } }],
    ['onRefused', true],
    ['onProblem', 'log'],
    ['secret', 'x'],
  ])('%s: %j', (option, value) => {
    expect(optionOf({ [option.split('.')[0] ?? '']: value })).toBe(option);
  });
});

it.each(['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:1', 'https://10.0.0.1/a/'])(
  'an issuer may be %s',
  (issuer) => {
    expect(optionOf({ issuer })).toBe('none');
  },
);

it.each(['https://token.actions.githubusercontent.com', 'https://gitlab.com', 'https://gitlab.com/'])(
  'an issuer for everybody such as %s needs claims that tell us from others',
  (issuer) => {
    expect(optionOf({ issuer })).toBe('requiredClaims');
    expect(optionOf({ issuer, requiredClaims: { namespace_id: '7' } })).toBe('none');
    expect(optionOf({ issuer, requiredClaims: () => true })).toBe('none');
  },
);

it('no answer holds a secret of the options', () => {
  const attempt = (): unknown => oidcAuthenticator({ ...good, issuer: 'https://me:secret@id.example.org' });
  expect(attempt).toThrow(/^(?!.*secret)/);
});
