import type { Readable } from 'node:stream';

/** How much of a refused body is read, so that the refusal is not lost in a connection reset. */
const maxDrainedBytes = 64 * 1024 * 1024;
const maxDrainMs = 30_000;

/** Reads on, within bounds, what a client still sends after its answer; `stop` is called when that is too much. */
export function drain(body: Readable, stop: () => void): void {
  let bytes = 0;
  const timer = setTimeout(stop, maxDrainMs);
  body.once('close', () => clearTimeout(timer));
  body.once('end', () => clearTimeout(timer));
  body.on('error', () => {});
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxDrainedBytes) stop();
  });
  body.resume();
}
