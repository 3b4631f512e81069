import type { GitProcess } from './process.js';

/** A `git cat-file --batch-check`, asked many times whether objects are there. */
export class ObjectCheck {
  readonly #process: GitProcess;
  #text = '';
  #answers: boolean[] = [];
  #proceed: () => void = () => {};
  #hasEnded = false;

  /** The arguments with which git is to be started, its standard input a pipe. */
  static readonly args = ['cat-file', '--batch-check=%(objecttype)'] as const;

  constructor(process: GitProcess) {
    this.#process = process;
    process.stdout.listen((chunk) => this.#take(chunk.toString('latin1')));
    void process.finished.then(() => {
      this.#hasEnded = true;
      this.#proceed();
    });
  }

  /** Whether each of the objects is there; one call after the other. Rejects when git has failed. */
  async exist(oids: readonly string[]): Promise<readonly boolean[]> {
    this.#process.stdin?.write(oids.map((oid) => `${oid}\n`).join(''));
    while (this.#answers.length < oids.length) {
      if (this.#hasEnded) throw new Error('git cat-file has ended before it had answered');
      await new Promise<void>((resolve) => {
        this.#proceed = resolve;
      });
    }
    return this.#answers.splice(0);
  }

  /** There are no more questions: git ends by itself. */
  close(): void {
    this.#process.stdin?.end();
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) this.#answers.push(!line.endsWith(' missing'));
    this.#proceed();
  }
}
