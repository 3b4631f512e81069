/** The public keys of an issuer: found by its metadata (OpenID Connect Discovery 1.0), kept, and read again. */
import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey, type RemoteJWKSet } from 'jose';
import { isLoopback, type ResolvedOidcOptions } from './oidc-resolve-options.js';

/** The issuer does not give its keys. */
export class IssuerUnavailableError extends Error {
  override readonly name = 'IssuerUnavailableError';
}

const maxAnswerBytes = 1024 * 1024;

/** An issuer that fails is not asked again with every request that arrives. */
const failurePauseMs = 1_000;

/** Why a request failed; what fetch says is only that it did. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  if (!(cause instanceof Error)) return message;
  const { code = '' } = cause as NodeJS.ErrnoException;
  return `${message}: ${cause.message || code}`;
}

/** Reads the body of an answer, but no endless one. */
async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > maxAnswerBytes) throw new Error(`the answer is larger than ${maxAnswerBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export class IssuerKeys {
  readonly #options: ResolvedOidcOptions;
  #set: { readonly url: string; readonly keys: RemoteJWKSet } | undefined;
  #loading: Promise<RemoteJWKSet> | undefined;
  #failure: { readonly error: Error; readonly until: number } | undefined;

  constructor(options: ResolvedOidcOptions) {
    this.#options = options;
  }

  /**
   * The key of a token, by its header. Rejects with an {@link IssuerUnavailableError} when that cannot be known, and with
   * an error of jose when there is no such key, or none that can be told from the others.
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    try {
      const keys = this.#set?.keys.fresh ? this.#set.keys : await this.#load();
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) throw error;
      if (error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      throw new IssuerUnavailableError(
        `the keys of the issuer ${this.#options.issuer} cannot be had: ${reasonOf(error)}`,
        { cause: error },
      );
    }
  };

  /** Whoever comes while the keys are being read waits for the same reading. */
  #load(): Promise<RemoteJWKSet> {
    this.#loading ??= this.#discover().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #discover(): Promise<RemoteJWKSet> {
    const url = await this.#keysUrl();
    if (this.#set?.url !== url.href) {
      const keys = createRemoteJWKSet(url, {
        timeoutDuration: this.#options.timeoutMs,
        cooldownDuration: this.#options.jwksCooldownMs,
        cacheMaxAge: this.#options.jwksCacheMs,
        [customFetch]: (address, init) => this.#fetch(address, init),
      });
      this.#set = { url: url.href, keys };
    }
    const { keys } = this.#set;
    await keys.reload();
    return keys;
  }

  async #keysUrl(): Promise<URL> {
    const { issuer, timeoutMs } = this.#options;
    const response = await this.#fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const metadata = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown } | null;
    // Discovery 1.0, section 4.3: else one issuer could pass itself off as another.
    if (metadata?.issuer !== issuer) throw new Error('its metadata name another issuer');
    const address = metadata.jwks_uri;
    if (typeof address !== 'string' || !URL.canParse(address)) throw new Error('its metadata lack jwks_uri');
    const url = new URL(address);
    const isPlain = url.protocol === 'http:' && isLoopback(url) && issuer.startsWith('http:');
    if (url.protocol !== 'https:' && !isPlain) throw new Error('its jwks_uri does not begin with https://');
    return url;
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    if (this.#failure && performance.now() < this.#failure.until) throw this.#failure.error;
    try {
      const response = await fetch(url, init);
      const body = await readBody(response);
      if (response.status !== 200) throw new Error(`${url} is answered with status ${response.status}`);
      this.#failure = undefined;
      return new Response(body);
    } catch (error) {
      this.#failure = { error: error as Error, until: performance.now() + failurePauseMs };
      throw error;
    }
  }
}
