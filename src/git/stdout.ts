/** git's standard output: an ordinary pipe, or, for large transfers, a socket that is read into reused buffers. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type IpcSocketConnectOpts, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BlockPool } from './block-pool.js';

export interface GitStdout {
  /** Gives every chunk to `listener`; to be called once. */
  listen(listener: (chunk: Buffer) => void): void;
  pause(): void;
  resume(): void;
  /** A chunk's bytes are on their way and nobody reads it any more. Not saying so costs memory, no more. */
  recycle(chunk: Buffer): void;
  /** Resolves at the end, when all has been read. */
  readonly closed: Promise<void>;
}

/** Node's own pipe to a child. */
export class PipedStdout implements GitStdout {
  readonly closed: Promise<void>;
  readonly #stream: Readable;

  constructor(stream: Readable) {
    this.#stream = stream;
    this.closed = new Promise((resolve) => stream.once('close', resolve));
    stream.on('error', () => {});
  }

  listen(listener: (chunk: Buffer) => void): void {
    this.#stream.on('data', listener);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  recycle(): void {
    // Its chunks are new buffers, which the garbage collector frees.
  }
}

/**
 * Two connected sockets, one for git and one for us. Node.js reads its own pipes into a new 64 KiB buffer each
 * time, and what waits for a slow client outlives several passes of the garbage collector: a few slow clients
 * hold tens of megabytes of dead buffers. A socket of ours can be read into buffers that are used again (the
 * `onread` option of `net.connect`). `bench/memory.mjs` measures it.
 */
export class SocketStdout implements GitStdout {
  readonly closed: Promise<void>;
  /** git's end; ours to close once git has it. */
  readonly gitEnd: Socket;
  readonly #socket: Socket;
  readonly #pool: BlockPool;
  readonly #flow: Flow;

  private constructor(socket: Socket, gitEnd: Socket, pool: BlockPool, flow: Flow) {
    this.#socket = socket;
    this.gitEnd = gitEnd;
    this.#pool = pool;
    this.#flow = flow;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  /**
   * Opens a pair, by way of a folder below `temporaryDirectory`; undefined where the system has no room for one, and
   * a pipe must do.
   */
  static async open(temporaryDirectory: string): Promise<SocketStdout | undefined> {
    if (process.platform === 'win32') return undefined;
    const pool = new BlockPool();
    const flow: Flow = { listener: () => {} };
    const callback = (bytes: number, block: Uint8Array): boolean => {
      flow.listener(Buffer.from(block.buffer as ArrayBuffer, block.byteOffset, bytes));
      return true;
    };
    const pair = await openPair(temporaryDirectory, { buffer: () => pool.take(), callback }).catch(
      () => undefined,
    );
    return pair && new SocketStdout(pair.ours, pair.gitEnd, pool, flow);
  }

  listen(listener: (chunk: Buffer) => void): void {
    this.#flow.listener = listener;
    this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  recycle(chunk: Buffer): void {
    this.#pool.recycle(chunk);
  }

  /** Closes our end, where no git has come to be. */
  destroy(): void {
    this.#socket.destroy();
  }
}

interface Flow {
  listener: (chunk: Buffer) => void;
}

type OnRead = NonNullable<IpcSocketConnectOpts['onread']>;

/** Connects a socket to ourselves, in a directory that only we can enter: nobody else can come between. */
async function openPair(parent: string, onread: OnRead): Promise<{ ours: Socket; gitEnd: Socket }> {
  const directory = await mkdtemp(join(parent, 'gittyphoon-'));
  const listener = createServer({ pauseOnConnect: true });
  try {
    const path = join(directory, 'stdout');
    const accepted = new Promise<Socket>((resolve, reject) => {
      listener.once('connection', resolve).once('error', reject);
    });
    await Promise.race([accepted, once(listener.listen(path), 'listening')]);
    const ours = connect({ path, onread });
    ours.pause();
    const connected = once(ours, 'connect');
    ours.on('error', () => {});
    const [gitEnd] = await Promise.all([accepted, connected]);
    gitEnd.on('error', () => {});
    return { ours, gitEnd };
  } finally {
    listener.close();
    await rm(directory, { recursive: true, force: true });
  }
}
