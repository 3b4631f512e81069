/** A file that is noticed to have changed when it is needed, without a watcher of the system. */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { isMissing } from './file-problem.js';

export interface WatchedFileOptions<Parsed, Problem extends Error> {
  /** Understands a content; throws for one that cannot be used, and what was read before stays in force. */
  readonly parse: (content: Buffer) => Parsed;
  /** Puts a new content in force. */
  readonly take: (parsed: Parsed) => void;
  /** There is no such file, or no longer. Default: that is a problem as others are, and what was read before stays. */
  readonly takeMissing?: (() => void) | undefined;
  /** A problem of this kind of file, from what `parse` or the file system has thrown. */
  readonly problemOf: (error: unknown) => Problem;
  /**
   * The paths of other files that a content names, such as those of secrets. A change of one of them counts as a change of
   * the file itself: `parse`, which reads them, is called again. Must not throw. Default none.
   */
  readonly companions?: ((content: Buffer) => readonly string[]) | undefined;
  /** A changed file is in force now. */
  readonly onReload?: (() => void) | undefined;
  /** A changed file cannot be used; told once for each problem. Default: a warning of the process. */
  readonly onProblem?: ((problem: Problem) => void) | undefined;
}

/**
 * Clocks of file systems are coarse: a file that changed this recently may change again unseen. It is also how long a
 * program that writes in place may be about it.
 */
const settleMs = 2_000;

/** A state of the file, as far as can be seen without reading it; undefined while it may still be in flux. */
function fingerprint({ dev, ino, size, mtimeNs, ctimeNs, ctimeMs }: BigIntStats): string | undefined {
  if (Date.now() - Number(ctimeMs) < settleMs) return undefined;
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

/** How a file may be found. */
interface Found {
  readonly inode: string;
  /** It has not changed for a while. */
  readonly isSettled: boolean;
  readonly content: Buffer;
}

export class WatchedFile<Parsed, Problem extends Error> {
  readonly #file: string;
  readonly #options: WatchedFileOptions<Parsed, Problem>;
  /** As of the last look, whether or not it could be used; `missing` where there was none. */
  #digest: string | undefined;
  #companions: readonly string[] = [];
  #fingerprint: string | undefined;
  #inode: string | undefined;
  /** How long that is which is in force. */
  #bytes = 0;
  #lastProblem: string | undefined;
  #lastLook: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | undefined;

  constructor(file: string, options: WatchedFileOptions<Parsed, Problem>) {
    this.#file = file;
    this.#options = options;
  }

  /** Reads the file for the first time; rejects with a problem when it cannot be used. */
  async load(): Promise<void> {
    try {
      await this.#read();
    } catch (error) {
      throw this.#options.problemOf(error);
    }
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
      const problem = this.#options.problemOf(error);
      // Said once, not with every request.
      if (problem.message === this.#lastProblem) return;
      this.#lastProblem = problem.message;
      if (this.#options.onProblem) this.#options.onProblem(problem);
      else process.emitWarning(`${problem.message}; what was read before stays in force`);
    }
  }

  /** Whether there was something new. */
  async #read(): Promise<boolean> {
    const found = await this.#find();
    if (found === 'unchanged') return false;
    if (found === 'missing') return this.#takeMissing();
    const { content } = found;
    const companions = this.#options.companions?.(content) ?? [];
    // What cannot be used at all is told of at once, unless it is nothing.
    const isHalf = this.#mayBeHalf(found);
    this.#inode = found.inode;
    if (isHalf && content.length === 0) return false;
    // Those that are new were not looked at before.
    if (companions.join('\0') !== this.#companions.join('\0')) this.#fingerprint = undefined;
    this.#companions = companions;
    const earlier = this.#digest;
    this.#digest = await digest(content, companions);
    if (this.#digest === earlier) return false;
    const parsed = this.#options.parse(content);
    if (isHalf) {
      this.#digest = earlier;
      return false;
    }
    this.#options.take(parsed);
    this.#bytes = content.length;
    this.#lastProblem = undefined;
    return true;
  }

  /**
   * Whether this may be the beginning of a content that is still being written: programs that write in place truncate the
   * file first. A beginning of rules may open what the rest closes, and a beginning of users shuts out the others. A file
   * that was put in the place of another is complete, unless it is empty.
   */
  #mayBeHalf({ inode, isSettled, content }: Found): boolean {
    if (isSettled || content.length >= this.#bytes) return false;
    return content.length === 0 || inode === this.#inode;
  }

  async #find(): Promise<Found | 'unchanged' | 'missing'> {
    try {
      // What is seen before the reading: a change in between is then noticed the next time.
      const stats = await stat(this.#file, { bigint: true });
      const all = [fingerprint(stats), ...(await Promise.all(this.#companions.map(look)))];
      const seen = all.includes(undefined) ? undefined : all.join('\n');
      if (seen !== undefined && seen === this.#fingerprint) return 'unchanged';
      const content = await readFile(this.#file);
      this.#fingerprint = seen;
      return { inode: `${stats.dev} ${stats.ino}`, isSettled: all[0] !== undefined, content };
    } catch (error) {
      this.#fingerprint = undefined;
      // The next one is another file, whatever its number.
      this.#inode = undefined;
      if (this.#options.takeMissing && isMissing(error)) return 'missing';
      this.#digest = undefined;
      throw error;
    }
  }

  #takeMissing(): boolean {
    if (this.#digest === 'missing') return false;
    this.#digest = 'missing';
    this.#bytes = 0;
    this.#options.takeMissing?.();
    this.#lastProblem = undefined;
    return true;
  }
}
