/** Speaking to a server in pieces, and hearing all of what it says. */
import { openRaw, type RawConnection } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { readAnswers, type Conversation } from './http-answers.js';

export interface TalkOptions {
  /** How many answers there will be; then the client has heard enough. Otherwise it waits for silence. */
  readonly answers?: number;
  readonly isHead?: (index: number) => boolean;
}

/** Fails with what did not come, well before the test's own time is over. */
async function within(happening: Promise<void>, what: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`did not come in time: ${what()}`)), 20_000);
  });
  await Promise.race([happening, late]).finally(() => clearTimeout(timer));
}

/** How long nothing has to come before a client believes that nothing will. */
const silenceMs = 150;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Resolves when the connection has ended, or has been silent for a while. */
async function silence(connection: RawConnection): Promise<void> {
  for (let heard = -1; heard !== connection.receivedBytes && !connection.isClosed;) {
    heard = connection.receivedBytes;
    await Promise.race([connection.closed, new Promise((resolve) => setTimeout(resolve, silenceMs))]);
  }
}

/**
 * Sends the pieces, each as a write of its own, and gives what came back. Throws when that is not HTTP, when an
 * answer ends short although the client has waited for it, and when the connection does not end after the client's
 * own end.
 */
export async function talk(
  port: number,
  pieces: readonly Buffer[],
  options: TalkOptions = {},
): Promise<Conversation> {
  const connection = await openRaw(port);
  try {
    for (const [index, piece] of pieces.entries()) {
      // The server sits in the same process: it gets its turn, and reads this piece before the next is sent.
      if (index > 0) await turn();
      if (connection.isClosed) break;
      await Promise.race([connection.write(piece), connection.closed]);
    }
    const heard = (ended: boolean): Conversation =>
      readAnswers(connection.received, { ended, ...(options.isHead && { isHead: options.isHead }) });
    const { answers } = options;
    if (answers === undefined) await silence(connection);
    else {
      const hasAll = (received: Buffer): boolean =>
        received.length > 0 && heard(false).answers.length >= answers;
      await within(connection.until(hasAll), () => `${answers} answers`);
    }
    connection.socket.end();
    await eventually('the connection ends', () => connection.isClosed);
    return heard(true);
  } finally {
    connection.destroy();
  }
}

/** Sends the bytes and leaves, politely or not. Gives what had come by then, or came in answer to a FIN. */
export async function leave(port: number, bytes: Buffer, end: 'FIN' | 'RST'): Promise<Conversation> {
  const connection = await openRaw(port);
  try {
    if (bytes.length > 0) await connection.write(bytes);
    await turn();
    if (end === 'RST') connection.socket.resetAndDestroy();
    else connection.socket.end();
    await eventually('the connection ends', () => connection.isClosed);
    return readAnswers(connection.received, { ended: true });
  } finally {
    connection.destroy();
  }
}

/** Does something for every item, a few at a time. */
export async function forAll<T>(
  items: readonly T[],
  act: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) await act(item, index);
  };
  await Promise.all(Array.from({ length: 8 }, work));
}
