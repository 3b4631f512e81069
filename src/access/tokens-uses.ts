/**
 * When tokens were last used: a file of its own, so that the file of the tokens changes only when tokens do. Uses are
 * collected and written together, at most once in an interval; no request waits for that.
 */
import { readFile } from 'node:fs/promises';
import { isMissing } from './file-problem.js';
import { asTokenFileError, TokenFileError } from './tokens-error.js';
import { withLock } from './tokens-lock.js';
import { realFile, replaceFile } from './tokens-write.js';

export interface TokenUsesOptions {
  readonly intervalMs: number;
  /** The tokens that there are now: what was revoked is forgotten. */
  readonly current: () => Promise<ReadonlyMap<string, unknown>>;
  readonly onProblem: (problem: TokenFileError) => void;
}

function parseUses(content: string): ReadonlyMap<string, number> | undefined {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const uses = Object.entries(value).map(([id, date]): [string, number] => [id, Date.parse(String(date))]);
    return uses.every(([, ms]) => !Number.isNaN(ms)) ? new Map(uses) : undefined;
  } catch {
    return undefined;
  }
}

export class TokenUses {
  readonly #file: string;
  readonly #options: TokenUsesOptions;
  /** What is not written yet, in milliseconds since 1970. */
  #unwritten = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #lastProblem: string | undefined;

  constructor(tokenFile: string, options: TokenUsesOptions) {
    this.#file = `${tokenFile}.used`;
    this.#options = options;
  }

  /** A token is being used. */
  note(id: string): void {
    this.#unwritten.set(id, Date.now());
    // A process that has nothing else to do need not wait for this.
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.intervalMs).unref();
  }

  /** Times of last use by id; rejects when the file is there and cannot be read. */
  async read(): Promise<ReadonlyMap<string, number>> {
    let content: string;
    try {
      content = await readFile(this.#file, 'utf8');
    } catch (error) {
      if (isMissing(error)) return new Map();
      throw asTokenFileError(this.#file, 'read', error);
    }
    const uses = parseUses(content);
    if (!uses) throw new TokenFileError(this.#file, 'this is no file of last uses; remove it');
    return uses;
  }

  /** Writes what is not written yet. A failure is told and costs nothing but these times. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const uses = this.#unwritten;
    if (uses.size === 0) return;
    this.#unwritten = new Map();
    try {
      const file = await realFile(this.#file);
      await withLock(file, async (checkHeld) => {
        // Other workers write here too.
        const all = new Map(await this.read());
        for (const [id, ms] of uses) all.set(id, Math.max(ms, all.get(id) ?? 0));
        const tokens = await this.#options.current();
        const kept = [...all].filter(([id]) => tokens.has(id));
        const dates = kept.map(([id, ms]) => [id, new Date(ms).toISOString()]);
        await replaceFile(file, `${JSON.stringify(Object.fromEntries(dates), undefined, 2)}\n`, checkHeld);
      });
      this.#lastProblem = undefined;
    } catch (error) {
      const problem = asTokenFileError(this.#file, 'written', error);
      if (problem.message === this.#lastProblem) return;
      this.#lastProblem = problem.message;
      this.#options.onProblem(problem);
    }
  }
}
