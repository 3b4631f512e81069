import { open, unlink, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { SpoolBudget } from './spool-budget.js';

/**
 * A body kept whole: in memory up to a threshold, beyond it in a file that has no name any more, so that
 * nothing is left behind however the process ends.
 */
export class Spool {
  readonly #threshold: number;
  readonly #directory: string;
  readonly #budget: SpoolBudget | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #file: FileHandle | undefined;
  #isDisposed = false;

  constructor(options: {
    readonly thresholdBytes: number;
    readonly directory: string;
    /** Shared with others; throws when there is no room. */
    readonly budget?: SpoolBudget | undefined;
  }) {
    this.#threshold = options.thresholdBytes;
    this.#directory = options.directory;
    this.#budget = options.budget;
  }

  /** Bytes held. */
  get size(): number {
    return this.#bytes;
  }

  /** Takes a chunk; a promise means: wait, it goes to the disk. */
  add(chunk: Buffer): Promise<void> | undefined {
    this.#budget?.take(chunk.length);
    this.#bytes += chunk.length;
    if (!this.#file) {
      this.#chunks.push(chunk);
      return this.#bytes > this.#threshold ? this.#spill() : undefined;
    }
    return this.#write(chunk);
  }

  /** What git gets as standard input: the bytes themselves, or a descriptor that stands at the beginning. */
  source(): { readonly bytes: Buffer } | { readonly fd: number } {
    return this.#file ? { fd: this.#file.fd } : { bytes: Buffer.concat(this.#chunks) };
  }

  /** All that was added, in order. Reads at explicit positions: a descriptor given to git keeps its place. */
  async *read(): AsyncGenerator<Buffer> {
    if (!this.#file) {
      yield* this.#chunks;
      return;
    }
    for (let position = 0; position < this.#bytes;) {
      const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#budget?.give(this.#bytes);
    this.#chunks = [];
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #spill(): Promise<void> {
    const path = join(this.#directory, `gittyphoon-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    // The body may have failed meanwhile.
    if (this.#isDisposed) {
      await file.close();
      return;
    }
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#file = file;
    let position = 0;
    for (const chunk of chunks) {
      await writeAll(file, chunk, position);
      position += chunk.length;
    }
  }

  async #write(chunk: Buffer): Promise<void> {
    if (this.#file) await writeAll(this.#file, chunk, this.#bytes - chunk.length);
  }
}

/** Writes at an explicit position, so that the descriptor itself stays at the beginning for git. */
async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < chunk.length) {
    const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}
