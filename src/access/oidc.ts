/**
 * JSON Web Tokens of an OpenID Connect issuer, such as those that CI systems give to their jobs. Published as
 * `gittyphoon/access/oidc`; needs the package `jose` beside this one.
 */
import type { Credentials, GitUser } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import { TokenRefusal, userOf } from './oidc-claims.js';
import { IssuerKeys, IssuerUnavailableError } from './oidc-keys.js';
import type { OidcOptions } from './oidc-options.js';
import { resolveOidcOptions } from './oidc-resolve-options.js';
import { askEach } from './oidc-several.js';
import { issuerOf, verifyToken } from './oidc-token.js';
import type { Authenticate } from './policy.js';
import { VerifiedTokens } from './verified-tokens.js';

export { literalGlob } from './oidc-claims.js';
export type { Claims, ClaimRules, ClaimValue, OidcOptions, OidcRefusal } from './oidc-options.js';

/** With Basic the user's name may be any; git insists on one. */
function tokenOf(credentials: Credentials | undefined): string | undefined {
  if (credentials?.scheme === 'bearer') return credentials.token;
  return credentials?.scheme === 'basic' ? credentials.password : undefined;
}

/**
 * Recognises users by tokens of one issuer, as Bearer or as a Basic password. Gives undefined for what is no token and for
 * one of another issuer, and null for one of this issuer that is not good, so that nobody else is asked about it. Where
 * one issuer has several tables of options, such as for two audiences with different rights, give them all at once, as a
 * list: the first that accepts a token decides. Rejects with `ERR_AUTHENTICATION_UNAVAILABLE` (503) when the issuer's keys
 * cannot be had. `details` of the user holds `issuer` and `claims`. Throws an `OptionError` for options that cannot be
 * used; nothing is asked of the issuer before the first token comes.
 *
 * @example
 * const authenticate = oidcAuthenticator({
 *   issuer: 'https://token.actions.githubusercontent.com',
 *   audience: 'https://git.example.org',
 *   requiredClaims: { repository_owner_id: '1234567' },
 *   user: '<repository>',
 *   userPrefix: 'ci:',
 *   repositories: ['<repository>', '<repository>.git'],
 *   operations: { read: true, write: { ref: 'refs/heads/main' } },
 * });
 */
export function oidcAuthenticator(options: OidcOptions | readonly OidcOptions[]): Authenticate {
  return Array.isArray(options)
    ? askEach((options as readonly OidcOptions[]).map((each) => authenticatorOf(each)))
    : authenticatorOf(options as OidcOptions);
}

function authenticatorOf(options: OidcOptions): Authenticate {
  const resolved = resolveOidcOptions(options);
  const { issuer, onRefused } = resolved;
  const onProblem = resolved.onProblem ?? ((problem) => process.emitWarning(problem.message));
  const keys = new IssuerKeys(resolved);
  const verified = new VerifiedTokens();
  let lastProblem: string | undefined;

  async function recognise(token: string): Promise<GitUser> {
    const known = verified.find(token);
    if (known) return known;
    const claims = await verifyToken(token, keys, resolved);
    lastProblem = undefined;
    const user = userOf(claims, resolved);
    verified.add(token, user, claims['exp'] as number);
    return user;
  }

  return async (context) => {
    const token = tokenOf(context.credentials);
    if (token === undefined || issuerOf(token) !== issuer) return undefined;
    try {
      return await recognise(token);
    } catch (error) {
      if (error instanceof TokenRefusal) {
        onRefused?.({ reason: error.message, context });
        return null;
      }
      if (!(error instanceof IssuerUnavailableError)) throw error;
      if (error.message !== lastProblem) {
        lastProblem = error.message;
        onProblem(error);
      }
      // A 401 would make git forget a credential that is good.
      throw new GitTyphoonError('ERR_AUTHENTICATION_UNAVAILABLE', {
        message: 'the issuer of your token cannot be asked for its keys; try again shortly',
        cause: error,
        headers: [['Retry-After', '5']],
      });
    }
  };
}
