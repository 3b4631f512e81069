/**
 * The token file: JSON, written by us alone. Nothing is guessed: what is not understood refuses the file, and a
 * refused file is never overwritten.
 */
import { TokenFileError } from './tokens-error.js';
import { patternProblem } from './tokens-patterns.js';
import { isTokenId } from './tokens-text.js';

/** What a token may be used for: `write` includes `read`. */
export type TokenScope = 'read' | 'write';

/** A token as it may be shown: everything but the secret. */
export interface TokenInfo {
  readonly id: string;
  /** Who comes with this token. */
  readonly user: string;
  readonly scope: TokenScope;
  /** Patterns of the names of the repositories that it opens. */
  readonly repositories: readonly string[];
  readonly created: Date;
  /** Undefined for a token that is valid until it is revoked. */
  readonly expires: Date | undefined;
  readonly description: string | undefined;
}

/** A token as it is stored. */
export interface StoredToken extends TokenInfo {
  /** SHA-256 of the whole token. */
  readonly hash: Buffer;
}

const formatVersion = 1;

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function readDate(value: unknown): Date | undefined {
  const date = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Only null is for ever: a date that was lost must not make a token valid. */
function readExpires(value: unknown): Date | undefined | 'damaged' {
  return value === null ? undefined : (readDate(value) ?? 'damaged');
}

function arePatterns(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((pattern: unknown) => isText(pattern) && patternProblem(pattern) === undefined)
  );
}

/** A token, or what is wrong with it. */
function readToken(fields: Fields): StoredToken | string {
  const { id, user, scope, repositories, description, hash } = fields;
  if (!isText(id) || !isTokenId(id)) return 'its "id" is damaged';
  if (!isText(user)) return 'its "user" is missing';
  if (scope !== 'read' && scope !== 'write') return 'its "scope" is neither "read" nor "write"';
  if (!arePatterns(repositories)) return 'its "repositories" are no list of patterns';
  const created = readDate(fields['created']);
  if (!created) return 'its "created" is no date';
  const expires = readExpires(fields['expires']);
  if (expires === 'damaged') return 'its "expires" is neither a date nor null';
  if (description !== undefined && typeof description !== 'string') return 'its "description" is no text';
  if (!isText(hash) || !/^[0-9a-f]{64}$/.test(hash)) return 'its "hash" is damaged';
  return { id, user, scope, repositories, created, expires, description, hash: Buffer.from(hash, 'hex') };
}

/** JSON of an object, or undefined. The parser's own message shows a piece of the text, so it is not used. */
function readJson(content: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the content of a token file; throws {@link TokenFileError} when anything in it cannot be used. */
export function parseTokenFile(content: Uint8Array, file: string): readonly StoredToken[] {
  const json = readJson(content);
  if (!json) throw new TokenFileError(file, 'this is no token file: it is not a JSON object');
  if (json['version'] !== formatVersion) {
    throw new TokenFileError(
      file,
      `its "version" is not ${formatVersion}; another GitTyphoon has written it`,
    );
  }
  const list: unknown = json['tokens'];
  if (!Array.isArray(list)) throw new TokenFileError(file, 'its "tokens" are missing');
  const ids = new Set<string>();
  return list.map((item: unknown, index) => {
    const token = isFields(item) ? readToken(item) : 'it is no JSON object';
    if (typeof token === 'string') throw new TokenFileError(file, `token number ${index + 1}: ${token}`);
    if (ids.has(token.id)) throw new TokenFileError(file, `the token ${token.id} is there twice`);
    ids.add(token.id);
    return token;
  });
}

/** The content of a token file. */
export function formatTokenFile(tokens: readonly StoredToken[]): string {
  const plain = tokens.map(({ expires, hash, ...rest }) => ({
    ...rest,
    expires: expires ?? null,
    hash: hash.toString('hex'),
  }));
  return `${JSON.stringify({ version: formatVersion, tokens: plain }, undefined, 2)}\n`;
}
