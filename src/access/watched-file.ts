/** A file that is noticed to have changed when it is needed, without a watcher of the system. */
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { AccessFileError } from './access-file-error.js';
import { unreadableReason } from './file-problem.js';

export interface WatchedFileOptions {
  /**
   * Takes over a new content. It throws an `AccessFileError` for one that cannot be used, and then changes nothing, so
   * that what was read before stays in force.
   */
  readonly take: (content: Buffer) => void;
  /**
   * A file without any byte can be used too. It is taken over once it has been so for two seconds: programs that write
   * in place leave that for a moment. Default false.
   */
  readonly isEmptyUsable?: boolean | undefined;
  /** A changed file is in force now. */
  readonly onReload?: (() => void) | undefined;
  /** A changed file cannot be used; told once for each problem. Default: a warning of the process. */
  readonly onProblem?: ((problem: AccessFileError) => void) | undefined;
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

export class WatchedFile {
  readonly #file: string;
  readonly #options: WatchedFileOptions;
  #content: Buffer | undefined;
  #fingerprint: string | undefined;
  #lastProblem: string | undefined;
  #lastLook: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | undefined;

  constructor(file: string, options: WatchedFileOptions) {
    this.#file = file;
    this.#options = options;
  }

  /** Reads the file for the first time; rejects with an `AccessFileError` when it cannot be used. */
  async load(): Promise<void> {
    await this.#read();
  }

  /**
   * Has what the file holds now taken over; resolves when that is done, and never rejects. One look after the other, so
   * that nothing earlier replaces something newer. Whoever comes while a look is under way shares the next one: the
   * present one may have begun before the change that matters.
   */
  refresh(): Promise<void> {
    this.#nextLook ??= this.#lastLook.then(() => {
      this.#nextLook = undefined;
      return this.#reload();
    });
    this.#lastLook = this.#nextLook;
    return this.#lastLook;
  }

  async #reload(): Promise<void> {
    try {
      if (await this.#read()) this.#options.onReload?.();
    } catch (error) {
      const problem =
        error instanceof AccessFileError ? error : new AccessFileError(this.#file, undefined, String(error));
      // Said once, not with every request.
      if (problem.message === this.#lastProblem) return;
      this.#lastProblem = problem.message;
      if (this.#options.onProblem) this.#options.onProblem(problem);
      else process.emitWarning(`${problem.message}; what was read before stays in force`);
    }
  }

  /** Whether there was something new. */
  async #read(): Promise<boolean> {
    let content: Buffer;
    let seen: string | undefined;
    try {
      // What is seen before the reading: a change in between is then noticed the next time.
      seen = fingerprint(await stat(this.#file, { bigint: true }));
      if (seen !== undefined && seen === this.#fingerprint) return false;
      content = await readFile(this.#file);
    } catch (error) {
      this.#fingerprint = undefined;
      this.#content = undefined;
      throw new AccessFileError(this.#file, undefined, unreadableReason(error), error);
    }
    // Whoever writes in place truncates first; only time tells that from a file which is to be empty.
    const isInFlux = content.length === 0 && seen === undefined;
    if (isInFlux && this.#content && this.#options.isEmptyUsable) return false;
    this.#fingerprint = seen;
    if (this.#content?.equals(content)) return false;
    this.#content = content;
    this.#options.take(content);
    this.#lastProblem = undefined;
    return true;
  }
}
