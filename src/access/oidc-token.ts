/** Tokens as they come: what is one, whose it is, and whether it is good. */
import { decodeJwt, errors, jwtVerify, type JWTVerifyOptions, type JWTVerifyResult } from 'jose';
import { TokenRefusal } from './oidc-claims.js';
import { IssuerUnavailableError, type IssuerKeys } from './oidc-keys.js';
import type { Claims } from './oidc-options.js';
import type { ResolvedOidcOptions } from './oidc-resolve-options.js';

/** Node.js accepts 16 KiB of headers; a host that accepts more must not make larger tokens worth trying. */
const maxTokenCharacters = 16_384;

/** Three parts (RFC 7515, section 7.1); the last may be empty, for then it is a token, and a bad one. */
const tokenPattern = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** The issuer that a token names, before anything is verified; undefined for what is no token. */
export function issuerOf(text: string): string | undefined {
  if (text.length > maxTokenCharacters || !tokenPattern.test(text)) return undefined;
  try {
    return decodeJwt(text).iss;
  } catch {
    return undefined;
  }
}

/** `application/` may be left out, and case does not count (RFC 7515, section 4.1.9). */
function typeName(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}

/** What jose does not look at. */
function checkRest({ protectedHeader, payload }: JWTVerifyResult, options: ResolvedOidcOptions): void {
  const { typ } = protectedHeader;
  const types = options.tokenTypes.map(typeName);
  // A token of another kind from the same issuer, with the same keys (RFC 8725, section 3.11).
  if (typ !== undefined && (typeof typ !== 'string' || !types.includes(typeName(typ)))) {
    throw new TokenRefusal('it is of another type');
  }
  const now = Date.now() / 1000;
  if ((payload.iat ?? 0) > now + options.clockToleranceSeconds) {
    throw new TokenRefusal('it was issued in the future');
  }
  // Bound to a key of its holder (RFC 7800): shown by itself it proves nothing.
  if (payload['cnf'] !== undefined) throw new TokenRefusal('it is bound to a key, and no bearer token');
}

/** A token without `kid` is tried with each of the keys that fit it. */
async function verifySignature(
  token: string,
  keys: IssuerKeys,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, keys.find, options);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options);
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new TokenRefusal('none of the keys fits its signature');
  }
}

/**
 * The claims of a good token. Rejects with a {@link TokenRefusal} for one that is not, and with an
 * `IssuerUnavailableError` when that cannot be known.
 */
export async function verifyToken(
  token: string,
  keys: IssuerKeys,
  options: ResolvedOidcOptions,
): Promise<Claims> {
  try {
    const result = await verifySignature(token, keys, {
      issuer: options.issuer,
      audience: [...options.audience],
      algorithms: [...options.algorithms],
      clockTolerance: options.clockToleranceSeconds,
      requiredClaims: ['exp', 'iat'],
    });
    checkRest(result, options);
    return result.payload;
  } catch (error) {
    if (error instanceof TokenRefusal || error instanceof IssuerUnavailableError) throw error;
    // Whatever else a token can bring about is its own fault.
    throw new TokenRefusal((error as Error).message, { cause: error });
  }
}
