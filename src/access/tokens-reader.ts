/** The tokens of a file as they are now: the file is looked at when it is asked for, and read when it has changed. */
import type { BigIntStats } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { GitUser } from '../context.js';
import type { GlobMatcher } from './glob.js';
import { asTokenFileError, isMissing, type TokenFileError } from './tokens-error.js';
import { parseTokenFile, type StoredToken } from './tokens-parser.js';
import { compilePatterns } from './tokens-patterns.js';

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

/** Clocks of file systems are coarse: a file that changed this recently may change again unseen. */
const settleMs = 2_000;

/** A state of the file, as far as can be seen without reading it; undefined while it may still be in flux. */
function fingerprint(found: BigIntStats): string | undefined {
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = found;
  const changedMs = Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs);
  if (Date.now() - changedMs < settleMs) return undefined;
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
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
  readonly #events: TokenReaderEvents;
  #tokens: ReadonlyMap<string, ReadyToken> = new Map();
  #content: Buffer | undefined;
  #fingerprint: string | undefined;
  #lastProblem: string | undefined;
  #lastLook: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | undefined;

  constructor(file: string, events: TokenReaderEvents) {
    this.#file = file;
    this.#events = events;
  }

  /** As of the last look. */
  get tokens(): ReadonlyMap<string, ReadyToken> {
    return this.#tokens;
  }

  /** Reads the file for the first time; rejects when it cannot be used, or when not even its folder is there. */
  async load(): Promise<void> {
    try {
      await access(dirname(this.#file));
      await this.#read();
    } catch (error) {
      throw asTokenFileError(this.#file, 'read', error);
    }
  }

  /**
   * The tokens by id. One look after the other, so that nothing earlier replaces something newer; whoever comes while
   * a look is under way shares the next one: the present one may have begun before the change that matters.
   */
  async current(): Promise<ReadonlyMap<string, ReadyToken>> {
    this.#nextLook ??= this.#lastLook.then(() => {
      this.#nextLook = undefined;
      return this.#reload();
    });
    this.#lastLook = this.#nextLook;
    await this.#lastLook;
    return this.#tokens;
  }

  async #reload(): Promise<void> {
    try {
      if (await this.#read()) this.#events.onReload(this.#tokens.size);
    } catch (error) {
      const problem = asTokenFileError(this.#file, 'read', error);
      // Said once, not with every request.
      if (problem.message === this.#lastProblem) return;
      this.#lastProblem = problem.message;
      this.#events.onProblem(problem);
    }
  }

  /** Whether there was something new. */
  async #read(): Promise<boolean> {
    let content: Buffer | undefined;
    let seen: string | undefined;
    try {
      // What is seen before the reading: a change in between is then noticed the next time.
      seen = fingerprint(await stat(this.#file, { bigint: true }));
      if (seen !== undefined && seen === this.#fingerprint) return false;
      content = await readFile(this.#file);
    } catch (error) {
      this.#fingerprint = undefined;
      if (!isMissing(error)) {
        this.#content = undefined;
        throw error;
      }
    }
    this.#fingerprint = seen;
    if (this.#content && content && this.#content.equals(content)) return false;
    // Without a file there are no tokens. Whoever removes it means that; writers replace it in one step.
    if (!content && !this.#content && this.#tokens.size === 0) return false;
    this.#content = content;
    this.#tokens = makeReady(content ? parseTokenFile(content, this.#file) : []);
    this.#lastProblem = undefined;
    return true;
  }
}
