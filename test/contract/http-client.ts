/** Plain HTTP requests on real sockets, without anything that a git client would hide. */
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
}

/** One request; the target is sent as it is written. */
export function ask(port: number, question: Question): Promise<Answer> {
  const { method = 'GET', path, headers = {}, body, agent = new Agent({ maxSockets: 1 }) } = question;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      incoming.once('error', reject);
      incoming.once('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text }),
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** A connection on which bytes go out as they are given. */
export class RawConnection {
  readonly #socket: Socket;
  #received = '';
  #failure: Error | undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setEncoding('latin1').on('data', (text: string) => (this.#received += text));
    this.#socket.on('error', (error) => (this.#failure = error));
  }

  /** What has come so far. */
  get received(): string {
    return this.#received;
  }

  /** Why the connection broke, if it did. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when the system has taken the bytes, or when the connection is gone. */
  write(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.write(bytes, () => resolve());
    });
  }

  /** Lets what the server sends pile up in the system, as a client does that is busy writing. */
  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The head of a chunked push to `path`. */
export function pushHead(path: string, headers: readonly string[] = []): string {
  return [
    `POST ${path}/git-receive-pack HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/x-git-receive-pack-request',
    'Transfer-Encoding: chunked',
    ...headers,
    '',
    '',
  ].join('\r\n');
}

export function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

export const lastChunk = '0\r\n\r\n';
