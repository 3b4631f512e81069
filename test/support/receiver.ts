/** A receiver of webhooks on 127.0.0.1 that answers as it is told. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { eventually } from './server.js';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** The body as JSON. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Answers a request whose body has been read; may leave it unanswered. */
export type Answer = (response: ServerResponse, received: Received) => void;

export interface Receiver {
  readonly port: number;
  /** Of a path on it. */
  readonly url: string;
  /** All that has come, in order. */
  readonly received: readonly Received[];
  /** How the next requests are answered. Default: 204. */
  answer: Answer;
  /** Waits until so many requests have come. */
  waitFor(count: number): Promise<void>;
  close(): Promise<void>;
}

export const withStatus =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end();

export async function startReceiver(answer: Answer = withStatus(204), port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const payload = JSON.parse(body.toString()) as Received['payload'];
      const { method = '', url: path = '', headers } = request;
      const one = { method, path, headers, body, payload };
      received.push(one);
      receiver.answer(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  const receiver: Receiver = {
    port: address.port,
    url: `http://127.0.0.1:${address.port}/hook`,
    received,
    answer,
    waitFor: (count) => eventually(`${count} deliveries arrive`, () => received.length >= count),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return receiver;
}
