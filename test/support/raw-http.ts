import { connect, type Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without chunk framing. */
  readonly body: Buffer;
  readonly raw: Buffer;
  /** False when the connection ended before the answer did. */
  readonly complete: boolean;
}

export interface RawRequest {
  readonly port: number;
  readonly method?: string;
  readonly path: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer | string;
  /** Sends the body in chunks of at most so many bytes instead of with Content-Length. */
  readonly chunkBytes?: number;
  readonly httpVersion?: '1.0' | '1.1';
}

/** The value of a header of an answer, by any case. */
export function headerOf(response: RawResponse, name: string): string | undefined {
  return response.headers.find(([found]) => found.toLowerCase() === name.toLowerCase())?.[1];
}

function dechunk(data: Buffer): { body: Buffer; complete: boolean } {
  const parts: Buffer[] = [];
  for (let offset = 0; ;) {
    const lineEnd = data.indexOf('\r\n', offset);
    if (lineEnd < 0) return { body: Buffer.concat(parts), complete: false };
    const size = Number.parseInt(data.toString('latin1', offset, lineEnd), 16);
    if (size === 0) return { body: Buffer.concat(parts), complete: data.length >= lineEnd + 4 };
    const start = lineEnd + 2;
    parts.push(data.subarray(start, start + size));
    if (data.length < start + size + 2) return { body: Buffer.concat(parts), complete: false };
    offset = start + size + 2;
  }
}

/** Reads an answer out of all that a connection has brought. Interim answers (100) are passed over. */
export function parseResponse(raw: Buffer, options: { method?: string; ended?: boolean } = {}): RawResponse {
  const headEnd = raw.indexOf('\r\n\r\n');
  const head = headEnd < 0 ? '' : raw.toString('latin1', 0, headEnd);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(statusLine);
  if (!match) return { status: 0, statusText: '', headers: [], body: Buffer.alloc(0), raw, complete: false };
  const status = Number(match[1]);
  if (status === 100) return parseResponse(raw.subarray(headEnd + 4), options);
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const rest = raw.subarray(headEnd + 4);
  const base = { status, statusText: match[2] ?? '', headers, raw };
  const valueOf = (name: string): string | undefined =>
    headers.find(([found]) => found.toLowerCase() === name)?.[1];
  if (options.method === 'HEAD' || status === 204 || status === 304) {
    return { ...base, body: Buffer.alloc(0), complete: true };
  }
  if (valueOf('transfer-encoding')?.toLowerCase() === 'chunked') return { ...base, ...dechunk(rest) };
  const length = valueOf('content-length');
  if (length === undefined) return { ...base, body: rest, complete: options.ended === true };
  return { ...base, body: rest.subarray(0, Number(length)), complete: rest.length >= Number(length) };
}

/** A bare connection to a server. */
export class RawConnection {
  readonly socket: Socket;
  #received: Buffer[] = [];
  #bytes = 0;
  /** Resolves when the connection is gone, however that came. */
  readonly closed: Promise<void>;
  #isClosed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#bytes += chunk.length;
    });
    this.closed = new Promise((resolve) => {
      const settle = (): void => {
        this.#isClosed = true;
        resolve();
      };
      this.socket.once('end', settle).once('close', settle);
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  get receivedBytes(): number {
    return this.#bytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the bytes are handed over. */
  write(data: Buffer | string): Promise<void> {
    return new Promise((resolve) => this.socket.write(data, () => resolve()));
  }

  /** Resolves as soon as what has come satisfies `condition`, or the connection has ended. */
  until(condition: (received: Buffer) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!this.#isClosed && !condition(this.received)) return;
        this.socket.off('data', check);
        resolve();
      };
      this.socket.on('data', check);
      void this.closed.then(check);
      check();
    });
  }

  /** The answer, once it is complete or the connection has ended. */
  async response(method = 'GET'): Promise<RawResponse> {
    await this.until((received) => parseResponse(received, { method }).complete);
    return parseResponse(this.received, { method, ended: this.#isClosed });
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** Resolves with a connection that stands. */
export async function openRaw(port: number): Promise<RawConnection> {
  const connection = new RawConnection(port);
  await new Promise<void>((resolve, reject) => {
    connection.socket.once('connect', resolve).once('error', reject);
  });
  return connection;
}

/** The bytes of a request's head. `Host` is added; so is the length of a body that is not chunked. */
export function requestHead(request: Omit<RawRequest, 'port'>): string {
  const { method = 'GET', path, headers = [], body, httpVersion = '1.1', chunkBytes } = request;
  const all: (readonly [string, string])[] = [['Host', 'localhost'], ...headers];
  const hasLength = headers.some(([name]) => name.toLowerCase() === 'content-length');
  if (body !== undefined && chunkBytes !== undefined) all.push(['Transfer-Encoding', 'chunked']);
  else if (body !== undefined && !hasLength) all.push(['Content-Length', String(Buffer.byteLength(body))]);
  return `${method} ${path} HTTP/${httpVersion}\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** A body in chunked framing. */
export function chunked(body: Buffer, chunkBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let offset = 0; offset < body.length; offset += chunkBytes) {
    const piece = body.subarray(offset, offset + chunkBytes);
    parts.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

/** Sends one request on a connection of its own and waits for the answer. */
export async function rawRequest(request: RawRequest): Promise<RawResponse> {
  const connection = await openRaw(request.port);
  const body = request.body === undefined ? Buffer.alloc(0) : Buffer.from(request.body);
  const payload = request.chunkBytes === undefined ? body : chunked(body, request.chunkBytes);
  // The answer may come, and the connection end, before all has been written.
  void connection.write(Buffer.concat([Buffer.from(requestHead(request)), payload]));
  const response = await connection.response(request.method);
  connection.destroy();
  return response;
}
