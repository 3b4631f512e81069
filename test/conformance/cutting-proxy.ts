/** A TCP proxy that breaks everything off when a certain number of bytes has passed in one direction. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface CutPoint {
  readonly direction: 'up' | 'down';
  readonly bytes: number;
  /** `fin` closes as a process does that ends; `rst` resets, as a machine does that has gone. */
  readonly how: 'fin' | 'rst';
}

export interface CuttingProxy {
  readonly port: number;
  /** Bytes that have passed. */
  readonly passed: { up: number; down: number };
  /** Resolves when the cut has been made. */
  readonly cut: Promise<void>;
  close(): Promise<void>;
}

/** Without a point it only counts. */
export async function openCuttingProxy(target: number, point?: CutPoint): Promise<CuttingProxy> {
  const passed = { up: 0, down: 0 };
  const sockets = new Set<Socket>();
  let onCut = (): void => {};
  const cut = new Promise<void>((resolve) => (onCut = resolve));
  let isCut = false;

  const cutAll = (): void => {
    isCut = true;
    for (const socket of sockets) {
      if (point?.how === 'rst') socket.resetAndDestroy();
      else socket.destroy();
    }
    onCut();
  };
  const forward = (direction: 'up' | 'down', from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => {
      if (isCut) return;
      const room = point?.direction === direction ? point.bytes - passed[direction] : Infinity;
      const piece = chunk.subarray(0, Math.min(room, chunk.length));
      passed[direction] += piece.length;
      if (piece.length === room) {
        // The last bytes must have left before the connection ends.
        to.write(piece, cutAll);
        from.pause();
        return;
      }
      if (to.write(piece)) return;
      from.pause();
      to.once('drain', () => from.resume());
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((client) => {
    if (isCut) {
      client.destroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) sockets.add(socket.setNoDelay(true));
    forward('up', client, upstream);
    forward('down', upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    passed,
    cut,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
