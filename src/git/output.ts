import { Readable } from 'node:stream';
import { GitTyphoonError } from '../errors.js';
import type { GitExit, GitProcess } from './process.js';
import { SilenceWatch, type Patience } from './silence.js';

export interface GitOutputOptions {
  /** Sent before git's own first byte. */
  readonly prefix?: Buffer | undefined;
  /** Changes the output on its way; what it returns may be shorter than what it is given, or empty. */
  readonly rewrite?: ((chunk: Buffer) => Buffer) | undefined;
  /** Sees every chunk, rewritten, also after the reader has gone. */
  readonly onData?: (chunk: Buffer) => void;
  /**
   * git has exited by itself after it had begun to answer: what is missing for the answer to be whole, if anything.
   * Throws when nothing can make it so.
   */
  readonly complete?: (exit: GitExit) => Buffer | undefined;
  /** How long git may say nothing; it is ended then. */
  readonly patience: Patience;
  /** git had begun to answer and was ended for this reason: what tells the client, where the protocol has words for it. */
  readonly lastWords?: ((reason: Error) => Buffer | undefined) | undefined;
  /** The reader has gone before the end: stop git, or let it finish. */
  readonly onAbandoned: () => void;
}

/** An exit by code is a complete answer: after an `ERR` packet, git exits with 128. Death by signal is none. */
function isCompleteAnswer(exit: GitExit): boolean {
  return exit.signal === null && exit.spawnError === undefined;
}

/**
 * git's standard output as a stream that ends only when git has exited as well, and that fails when git was
 * killed, so that a broken answer never looks like a whole one.
 */
export class GitOutput extends Readable {
  /** Resolves with the first byte of git's output (undefined), or with its exit if there is none. */
  readonly started: Promise<GitExit | undefined>;
  readonly #process: GitProcess;
  readonly #options: GitOutputOptions;
  readonly #silence: SilenceWatch;
  #prefix: Buffer | undefined;
  #bytes = 0;
  #pushedBytes = 0;
  #settled = false;
  #isConcluded = false;
  #resolveStarted: () => void = () => {};

  constructor(process: GitProcess, options: GitOutputOptions) {
    // One chunk ahead of the client is enough: git's pipe and the kernel's socket hold more.
    super({ highWaterMark: 1 });
    this.#process = process;
    this.#options = options;
    this.#prefix = options.prefix;
    this.#silence = new SilenceWatch(options.patience, () =>
      process.end(new GitTyphoonError('ERR_GIT_TIMEOUT')),
    );
    this.started = new Promise((resolve) => {
      this.#resolveStarted = () => resolve(undefined);
      void this.#whenEnded().then((exit) => resolve(this.#bytes > 0 ? undefined : exit));
    });
    process.stdout.listen((chunk) => this.#take(chunk));
    // It may fail before anybody reads it.
    this.on('error', () => {});
  }

  /** Bytes of git's own output so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether git was told to end. */
  get wasStopped(): boolean {
    return this.#process.wasStopped;
  }

  /** Why it was told so, if that is known. */
  get stopReason(): Error | undefined {
    return this.#process.stopReason;
  }

  /** Bytes of the whole answer that have been given to the reader. */
  get pushedBytes(): number {
    return this.#pushedBytes;
  }

  /** A reader is done with a chunk; one that does not say so costs memory, no more. */
  recycle(chunk: Buffer): void {
    this.#process.stdout.recycle(chunk);
  }

  /** Ends the answer with these bytes; what git still says goes nowhere. */
  conclude(bytes: Buffer): void {
    if (this.#settled || this.destroyed) return;
    this.#settled = true;
    this.#isConcluded = true;
    this.#options.onData?.(bytes);
    this.#give(bytes);
    this.push(null);
    this.#process.stdout.resume();
  }

  /** Adds words of ours to the answer; the caller knows that they fit where it stands. */
  say(words: Buffer): void {
    if (!this.#settled && !this.destroyed) this.#give(words);
  }

  override _read(): void {
    this.#silence.resume();
    this.#process.stdout.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#settled) {
      this.#settled = true;
      this.#options.onAbandoned();
      // Nobody else reads from now on.
      this._read();
    }
    callback(error);
  }

  #take(original: Buffer): void {
    if (this.#isConcluded) {
      this.recycle(original);
      return;
    }
    this.#bytes += original.length;
    this.#silence.heard();
    this.#resolveStarted();
    const chunk = this.#rewritten(original);
    if (!chunk) return;
    this.#options.onData?.(chunk);
    if (this.destroyed) {
      this.recycle(chunk);
      return;
    }
    if (this.#give(chunk)) return;
    this.#process.stdout.pause();
    this.#silence.hold();
  }

  #rewritten(chunk: Buffer): Buffer | undefined {
    if (!this.#options.rewrite) return chunk;
    try {
      const rewritten = this.#options.rewrite(chunk);
      return rewritten.length > 0 ? rewritten : undefined;
    } catch (error) {
      this.destroy(error as Error);
      return undefined;
    }
  }

  #give(chunk: Buffer): boolean {
    if (this.#prefix) {
      const prefix = this.#prefix;
      this.#prefix = undefined;
      this.#give(prefix);
    }
    this.#pushedBytes += chunk.length;
    return this.push(chunk);
  }

  async #whenEnded(): Promise<GitExit> {
    // A process that is gone is silent for good, even when a reader leaves its last words unread.
    void this.#process.exited.then(() => this.#silence.end());
    const exit = await this.#process.finished;
    if (this.#settled) return exit;
    this.#settled = true;
    const { stopReason } = this.#process;
    const words = stopReason && this.#bytes > 0 ? this.#options.lastWords?.(stopReason) : undefined;
    if (words) this.#end(() => words);
    else if (isCompleteAnswer(exit)) this.#end(() => this.#options.complete?.(exit));
    else this.destroy(stopReason ?? new Error(`git was ended by ${exit.signal ?? 'a failure'}`));
    return exit;
  }

  #end(complete: () => Buffer | undefined): void {
    try {
      const rest = this.#bytes > 0 ? complete() : undefined;
      if (rest) this.#give(rest);
      this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }
}
