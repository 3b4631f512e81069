import { finished } from 'node:stream';
import { GitTyphoonError } from '../errors.js';
import type { GitResponse } from './exchange.js';

/** When a request must be over, whatever it is doing then. */
export class Deadline {
  readonly #at: number;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.#at = performance.now() + ms;
  }

  get hasPassed(): boolean {
    return performance.now() >= this.#at;
  }

  /** What is said of a request that has not been in time. */
  failure(): GitTyphoonError {
    return new GitTyphoonError('ERR_REQUEST_TIMEOUT');
  }

  /** Calls `listener` once it has passed; call what is returned when that is of no interest any more. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setTimeout(() => this.#pass(), Math.max(0, this.#at - performance.now()));
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #pass(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    this.#timer = undefined;
    for (const listener of listeners) listener();
  }
}

/** What git says last, when it is ended in the middle of its answer, may still reach a client that reads. */
const lastWordsMs = 5_000;

/** A stream is broken off when it is not over by then. */
function endStreamBy(deadline: Deadline, { body }: GitResponse): void {
  if (body.kind !== 'stream') return;
  const { stream } = body;
  let timer: NodeJS.Timeout | undefined;
  const forget = deadline.watch(() => {
    timer = setTimeout(() => stream.destroy(deadline.failure()), lastWordsMs);
  });
  finished(stream, { writable: false }, () => {
    forget();
    clearTimeout(timer);
  });
}

/** The answer that `work` comes to, begun and ended in time; throws when it has not begun by then. */
export function answerBy(deadline: Deadline, work: Promise<GitResponse>): Promise<GitResponse> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const forget = deadline.watch(() => {
      isLate = true;
      reject(deadline.failure());
    });
    work.then(
      (response) => {
        forget();
        if (!isLate) endStreamBy(deadline, response);
        else if (response.body.kind === 'stream') response.body.stream.destroy();
        resolve(response);
      },
      (error: Error) => {
        forget();
        reject(error);
      },
    );
  });
}
