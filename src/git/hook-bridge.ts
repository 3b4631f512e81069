/**
 * The conversation with our pre-receive hook, a few lines of shell (`push-hooks.ts`) that has git's file descriptor 3.
 *
 *   hook:    quarantine-path LF
 *   server:  *("say " text LF) ( "yes" / "no" ) LF
 *
 * The path is empty where a push brings no objects. Starting Node.js for a hook would take 60 milliseconds; a shell takes
 * one.
 */
import type { Duplex } from 'node:stream';

const maxPathBytes = 64 * 1024;

export class HookBridge {
  /** Resolves with the quarantine's path when the hook asks; never when it does not come to that. */
  readonly asked: Promise<string>;
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
    // The hook may be gone, which git notices by itself.
    socket.on('error', () => {});
    this.asked = new Promise((resolve) => {
      let said = Buffer.alloc(0);
      socket.on('data', (chunk: Buffer) => {
        said = Buffer.concat([said, chunk]);
        const end = said.indexOf(0x0a);
        if (end >= 0) resolve(said.toString('utf8', 0, end));
        // The hook then reads the end of our side, and refuses the push.
        else if (said.length > maxPathBytes) socket.destroy();
      });
    });
  }

  /** Shows lines to whoever pushes, as `remote: …`. */
  say(text: string): void {
    for (const line of text.split(/\r?\n|\r/)) this.#write(`say ${line.replaceAll('\0', '')}\n`);
  }

  /** Lets the push go on, or ends it. */
  answer(isAccepted: boolean): void {
    this.#write(isAccepted ? 'yes\n' : 'no\n');
  }

  /** To be called when git has ended: a daemon that a hook has left behind may hold the other end. */
  close(): void {
    this.#socket.destroy();
  }

  #write(text: string): void {
    if (this.#socket.writable) this.#socket.write(text);
  }
}
