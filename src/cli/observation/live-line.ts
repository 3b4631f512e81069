/** The last line of a terminal, that changes while others scroll past above it. */
import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { printable } from '../printable.js';

/** Back to the start of the line, and everything in it away (ECMA-48: EL). */
const clear = '\r\u001B[2K';

/** How many columns a character may take; in doubt two. */
function widthOf(character: string): number {
  return character < '\u007F' || character === '…' ? 1 : 2;
}

/** As much as the terminal has room for: a line that wraps could not be taken back. */
function fitted(text: string, columns: number): string {
  let room = columns - 2;
  let shown = '';
  for (const character of text) {
    room -= widthOf(character);
    if (room < 0) return `${shown}…`;
    shown += character;
  }
  return shown;
}

export class LiveLine {
  readonly #terminal: Pick<WriteStream, 'write' | 'columns'>;
  #text = '';

  constructor(terminal: Pick<WriteStream, 'write' | 'columns'>) {
    this.#terminal = terminal;
  }

  /** Shows another text, or none. */
  show(text: string): void {
    const shown = fitted(printable(text, 1_000), this.#terminal.columns || 80);
    if (shown === this.#text) return;
    this.#text = shown;
    this.#terminal.write(clear + shown);
  }

  /** What is written to this stream stands above the line, which goes away for that and comes back. */
  above(terminal: Pick<WriteStream, 'write'>): Writable {
    return new Writable({
      decodeStrings: false,
      // In one write, so that nothing comes in between.
      write: (lines: string | Buffer, _encoding, done) => {
        const isShown = this.#text !== '';
        terminal.write(isShown ? `${clear}${String(lines)}${this.#text}` : lines);
        done();
      },
    });
  }
}

/** Whether there is somebody to look at it: standard output and standard error are both a terminal, and one that obeys. */
export function isWatched(): boolean {
  return process.stdout.isTTY && process.stderr.isTTY && process.env['TERM'] !== 'dumb';
}
