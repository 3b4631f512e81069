/** Access tokens: secrets of a limited use for a user, kept as hashes in a file. */
import { timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Credentials } from '../context.js';
import { OptionError } from '../errors.js';
import { maxTimerMs, wholeNumber } from '../option-checks.js';
import { isMissing } from './file-problem.js';
import type { Authenticate } from './policy.js';
import { asTokenFileError, type TokenFileError } from './tokens-error.js';
import { withLock } from './tokens-lock.js';
import { checkNewToken, type NewToken } from './tokens-new.js';
import { formatTokenFile, parseTokenFile, type StoredToken, type TokenInfo } from './tokens-parser.js';
import { TokenReader } from './tokens-reader.js';
import { hashToken, makeToken, tokenId, tokenPrefix } from './tokens-text.js';
import { TokenUses } from './tokens-uses.js';
import { realFile, replaceFile } from './tokens-write.js';

export interface TokenFileOptions {
  /**
   * A changed file cannot be used, and what was read before stays in force; or the times of last use cannot be
   * written. Default: a warning of the process.
   */
  readonly onProblem?: ((problem: TokenFileError) => void) | undefined;
  /** A changed file is in force now. */
  readonly onReload?: ((summary: { readonly tokenCount: number }) => void) | undefined;
  /** The times of last use are written at most once in so many milliseconds. Default 60000. */
  readonly lastUsedIntervalMs?: number | undefined;
}

/** A token in a list. */
export interface ListedToken extends TokenInfo {
  /** To about a minute; undefined when it was never used. */
  readonly lastUsed: Date | undefined;
}

/** A token that was just made. */
export interface CreatedToken extends TokenInfo {
  /** The token itself. Show it now: it is stored nowhere. */
  readonly token: string;
}

/** The tokens of a file. */
export interface TokenFile {
  /**
   * Recognises a token as a Basic password, with any user name, and as a Bearer token; the user has the token's scope,
   * and `details` of `{ tokenId }`. Undefined for what does not begin like a token, which is left to others; null for
   * a token that is damaged, unknown, revoked or expired.
   */
  readonly authenticate: Authenticate;
  /** How many tokens the file had when it was last looked at, expired ones included. */
  readonly tokenCount: number;
  /** Makes a token; rejects with an `OptionError` or a `TokenFileError`. */
  create(wanted: NewToken): Promise<CreatedToken>;
  /** All tokens, or those of one user, the oldest first. Rejects when a file cannot be read. */
  list(filter?: { readonly user?: string | undefined }): Promise<readonly ListedToken[]>;
  /** Ends tokens, from the next request on; resolves with those that were there. */
  revoke(ids: readonly string[]): Promise<readonly TokenInfo[]>;
  /** Writes the last times of use. The object may be used after that all the same. */
  close(): Promise<void>;
}

/** Compared with when there is no such token, so that this takes the same time. No token has this hash. */
const nobodysHash = Buffer.alloc(32);

/** The text that may be a token: they count the same whichever way they come. */
function presented(credentials: Credentials | undefined): string | undefined {
  if (credentials?.scheme === 'basic') return credentials.password;
  return credentials?.scheme === 'bearer' ? credentials.token : undefined;
}

function withoutHash({ hash: _hash, ...info }: StoredToken): TokenInfo {
  return info;
}

class OpenTokenFile implements TokenFile {
  readonly #file: string;
  readonly #reader: TokenReader;
  readonly #uses: TokenUses;

  constructor(file: string, { onProblem, onReload, lastUsedIntervalMs = 60_000 }: TokenFileOptions) {
    const report = onProblem ?? (({ message }) => process.emitWarning(message));
    this.#file = file;
    this.#reader = new TokenReader(file, {
      onProblem: report,
      onReload: (tokenCount) => onReload?.({ tokenCount }),
    });
    this.#uses = new TokenUses(file, {
      intervalMs: lastUsedIntervalMs,
      current: () => this.#reader.current(),
      onProblem: report,
    });
  }

  get tokenCount(): number {
    return this.#reader.tokens.size;
  }

  readonly authenticate: Authenticate = async ({ credentials }) => {
    const text = presented(credentials);
    if (!text?.startsWith(tokenPrefix)) return undefined;
    const id = tokenId(text);
    if (id === undefined) return null;
    const found = (await this.#reader.current()).get(id);
    const isRight = timingSafeEqual(hashToken(text), found?.hash ?? nobodysHash);
    if (!found || !isRight || Date.now() >= found.expiresMs) return null;
    this.#uses.note(id);
    return found.user;
  };

  /** Reads the file for the first time; rejects when it cannot be used. */
  load(): Promise<void> {
    return this.#reader.load();
  }

  async create(wanted: NewToken): Promise<CreatedToken> {
    const info = checkNewToken(wanted);
    return this.#change((tokens) => {
      let made = makeToken();
      while (tokens.some(({ id }) => id === made.id)) made = makeToken();
      const { id, token } = made;
      return {
        tokens: [...tokens, { id, ...info, hash: hashToken(token) }],
        result: { id, ...info, token },
      };
    });
  }

  async list(filter: { readonly user?: string | undefined } = {}): Promise<readonly ListedToken[]> {
    const [tokens, uses] = await Promise.all([this.#readAll(this.#file), this.#uses.read()]);
    return tokens
      .filter(({ user }) => filter.user === undefined || user === filter.user)
      .map((token) => {
        const used = uses.get(token.id);
        const lastUsed = used === undefined ? undefined : new Date(used);
        return Object.assign(withoutHash(token), { lastUsed });
      });
  }

  async revoke(ids: readonly string[]): Promise<readonly TokenInfo[]> {
    const wanted = new Set(ids);
    return this.#change((tokens) => ({
      tokens: tokens.filter(({ id }) => !wanted.has(id)),
      result: tokens.filter(({ id }) => wanted.has(id)).map(withoutHash),
    }));
  }

  async close(): Promise<void> {
    await this.#uses.flush();
  }

  async #readAll(file: string): Promise<readonly StoredToken[]> {
    try {
      return parseTokenFile(await readFile(file), this.#file);
    } catch (error) {
      if (isMissing(error)) return [];
      throw asTokenFileError(this.#file, 'read', error);
    }
  }

  /** Changes the file as it is at this moment: others, in this process and in others, change it too. */
  async #change<T>(
    change: (tokens: readonly StoredToken[]) => { tokens: readonly StoredToken[]; result: T },
  ): Promise<T> {
    try {
      const file = await realFile(this.#file);
      return await withLock(file, async (checkHeld) => {
        const before = await this.#readAll(file);
        const { tokens, result } = change(before);
        if (tokens.length !== before.length) await replaceFile(file, formatTokenFile(tokens), checkHeld);
        return result;
      });
    } catch (error) {
      throw asTokenFileError(this.#file, 'written', error);
    }
  }
}

/**
 * Opens a file of tokens; rejects with a `TokenFileError` when it cannot be used. A file that is not there yet holds no
 * tokens; the first one makes it. Changes are noticed with the next request that brings a token; a file that is broken
 * then leaves what was read before in force, and a file that is removed ends all its tokens.
 *
 * @example
 * const tokens = await openTokenFile('/etc/gittyphoon/tokens.json');
 * const authenticate = async (context) => {
 *   const user = await tokens.authenticate(context);
 *   return user === undefined ? passwords.authenticate(context) : user;
 * };
 */
export async function openTokenFile(file: string, options: TokenFileOptions = {}): Promise<TokenFile> {
  if (typeof file !== 'string' || file === '') throw new OptionError('tokens', 'must name a file');
  const { lastUsedIntervalMs: interval } = options;
  if (interval !== undefined) wholeNumber(interval, 'lastUsedIntervalMs', { highest: maxTimerMs });
  const opened = new OpenTokenFile(file, options);
  await opened.load();
  return opened;
}
