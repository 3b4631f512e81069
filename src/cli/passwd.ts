/** `gittyphoon passwd`: turns a password into a line of an access file. */
import { createInterface } from 'node:readline';
import { text as readText } from 'node:stream/consumers';
import { Writable } from 'node:stream';
import { hashPassword } from '../access/index.js';
import { CommandError } from './command-error.js';

/** The same as a name in an access file may be, without what Basic authentication cannot carry. */
function checkName(name: string): void {
  if (name !== name.trim() || name === '' || /[=:\p{Cc}]/u.test(name) || /^[#;[]/.test(name)) {
    throw new CommandError(
      2,
      'this cannot be a name in an access file; it may hold no "=", ":" or control character, and not begin with "#", ";", "[" or a space',
    );
  }
}

/** Asks at the terminal; what is typed is not shown. */
function ask(prompt: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 });
  process.stderr.write(prompt);
  return new Promise<string>((resolve, reject) => {
    const stop = (): void => reject(new CommandError(1, 'no password was given'));
    lines.once('line', resolve);
    lines.once('SIGINT', stop);
    // End of input; after a line it is too late to matter.
    lines.once('close', stop);
  }).finally(() => {
    lines.close();
    process.stderr.write('\n');
  });
}

async function askTwice(): Promise<string> {
  const password = await ask('Password: ');
  if (password !== '' && (await ask('Once more: ')) !== password) {
    throw new CommandError(1, 'the two passwords differ; try again');
  }
  return password;
}

/** All of standard input, but for the end of its one line. */
async function readPiped(): Promise<string> {
  const password = (await readText(process.stdin)).replace(/\r?\n$/, '');
  if (/[\r\n]/.test(password))
    throw new CommandError(1, 'there is more than one line; give the password alone');
  return password;
}

/** Reads a password and prints `name = hash`, or the hash alone. */
export async function passwd(name: string | undefined): Promise<void> {
  if (name !== undefined) checkName(name);
  const password = process.stdin.isTTY ? await askTwice() : await readPiped();
  if (password === '') throw new CommandError(1, 'the password is empty');
  const hash = await hashPassword(password);
  process.stdout.write(name === undefined ? `${hash}\n` : `${name} = ${hash}\n`);
}
