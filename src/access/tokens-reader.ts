/** The tokens of a file as they are now: the file is looked at when it is asked for, and read when it has changed. */
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { GitUser } from '../context.js';
import type { GlobMatcher } from './glob.js';
import { asTokenFileError, type TokenFileError } from './tokens-error.js';
import { parseTokenFile, type StoredToken } from './tokens-parser.js';
import { compilePatterns } from './tokens-patterns.js';
import { WatchedFile } from './watched-file.js';

/** A token that can be used. */
export interface ReadyToken {
  readonly hash: Buffer;
  /** In milliseconds since 1970; Infinity for ever. */
  readonly expiresMs: number;
  /** Who comes with it, and what for at the most. */
  readonly user: GitUser;
}

export interface TokenReaderEvents {
  readonly onProblem: (problem: TokenFileError) => void;
  readonly onReload: (tokenCount: number) => void;
}

function makeReady(tokens: readonly StoredToken[]): ReadonlyMap<string, ReadyToken> {
  // Most tokens share their patterns with others.
  const cache = new Map<string, GlobMatcher>();
  return new Map(
    tokens.map(({ id, user, scope, repositories, expires, hash }) => [
      id,
      {
        hash,
        expiresMs: expires?.getTime() ?? Number.POSITIVE_INFINITY,
        user: {
          name: user,
          scope: {
            operations: scope === 'write' ? ['read', 'write'] : ['read'],
            includes: compilePatterns(repositories, cache),
          },
          details: { tokenId: id },
        },
      },
    ]),
  );
}

export class TokenReader {
  readonly #file: string;
  readonly #watched: WatchedFile<readonly StoredToken[], TokenFileError>;
  #tokens: ReadonlyMap<string, ReadyToken> = new Map();

  constructor(file: string, events: TokenReaderEvents) {
    this.#file = file;
    this.#watched = new WatchedFile(file, {
      parse: (content) => parseTokenFile(content, file),
      take: (tokens) => {
        this.#tokens = makeReady(tokens);
      },
      // Whoever removes it means that; writers replace it in one step.
      takeMissing: () => {
        this.#tokens = new Map();
      },
      problemOf: (error) => asTokenFileError(file, 'read', error),
      onReload: () => events.onReload(this.#tokens.size),
      onProblem: events.onProblem,
    });
  }

  /** As of the last look. */
  get tokens(): ReadonlyMap<string, ReadyToken> {
    return this.#tokens;
  }

  /** Reads the file for the first time; rejects when it cannot be used, or when not even its folder is there. */
  async load(): Promise<void> {
    try {
      await access(dirname(this.#file));
    } catch (error) {
      throw asTokenFileError(this.#file, 'read', error);
    }
    await this.#watched.load();
  }

  /** The tokens by id, as the file has them now. */
  async current(): Promise<ReadonlyMap<string, ReadyToken>> {
    await this.#watched.refresh();
    return this.#tokens;
  }
}
