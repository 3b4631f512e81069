/** A file that is noticed to have changed when it is needed, without a watcher of the system. */
import { createHash } from 'node:crypto';
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
   * The paths of other files that a content names, such as those of secrets. A change of one of them counts as a change of
   * the file itself: `take`, which reads them, is called again. Must not throw. Default none.
   */
  readonly companions?: ((content: Buffer) => readonly string[]) | undefined;
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

/** Undefined also where the file is missing. */
function look(file: string): Promise<string | undefined> {
  return stat(file, { bigint: true }).then(fingerprint, () => undefined);
}

/** Changes whenever one of the files does. */
async function digest(content: Buffer, companions: readonly string[]): Promise<string> {
  const all = createHash('sha256').update(`${content.length} `).update(content);
  for (const file of companions) {
    const found = await readFile(file).catch(() => undefined);
    all.update(`\0${file}\0${found?.length ?? 'none'} `).update(found ?? '');
  }
  return all.digest('base64');
}

export class WatchedFile {
  readonly #file: string;
  readonly #options: WatchedFileOptions;
  #companions: readonly string[] = [];
  /** Of what was read last, whether or not it could be used. */
  #digest: string | undefined;
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
    // What is seen before the reading: a change in between is then noticed the next time.
    const [own, ...others] = await Promise.all([this.#file, ...this.#companions].map(look));
    const seen = own === undefined || others.includes(undefined) ? undefined : [own, ...others].join('\n');
    try {
      if (seen !== undefined && seen === this.#fingerprint) return false;
      content = await readFile(this.#file);
    } catch (error) {
      this.#fingerprint = undefined;
      this.#digest = undefined;
      throw new AccessFileError(this.#file, undefined, unreadableReason(error), error);
    }
    // Whoever writes in place truncates first; only time tells that from a file which is to be empty.
    const isInFlux = content.length === 0 && own === undefined;
    if (isInFlux && this.#digest !== undefined && this.#options.isEmptyUsable) return false;
    this.#fingerprint = seen;
    const companions = this.#options.companions?.(content) ?? [];
    // Those that are new were not looked at above.
    if (companions.join('\0') !== this.#companions.join('\0')) this.#fingerprint = undefined;
    this.#companions = companions;
    const read = await digest(content, companions);
    if (read === this.#digest) return false;
    this.#digest = read;
    this.#options.take(content);
    this.#lastProblem = undefined;
    return true;
  }
}
