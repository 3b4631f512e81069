import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A slow line to a server: it lets a little of each answer through and then waits until it is opened. */
export interface SlowLine {
  readonly port: number;
  /** Whether an answer is being held back. */
  isHolding(): boolean;
  /** Lets everything through. */
  open(): void;
  close(): Promise<void>;
}

const passedBytes = 256 * 1024;

export async function slowLineTo(port: number): Promise<SlowLine> {
  const held = new Set<Socket>();
  const sockets = new Set<Socket>();
  let isOpen = false;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let passed = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('close', () => upstream.destroy());
    // What is still on its way to the client arrives, unless the server broke off.
    upstream.on('end', () => client.end());
    upstream.on('close', () => {
      if (!upstream.readableEnded) client.destroy();
    });
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      client.write(chunk);
      if (isOpen || passed < passedBytes) return;
      upstream.pause();
      held.add(upstream);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    isHolding: () => held.size > 0,
    open() {
      isOpen = true;
      for (const socket of held) socket.resume();
      held.clear();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
