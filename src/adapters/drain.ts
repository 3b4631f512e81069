import type { Readable } from 'node:stream';

/** How much of a refused body is read, so that the refusal is not lost in a connection reset. */
const maxDrainedBytes = 64 * 1024 * 1024;
const maxDrainMs = 30_000;
/** Whoever sends nothing for so long has read its answer, or has stalled. */
const maxIdleMs = 5_000;

/** Reads on, within bounds, what a client still sends after its answer; `stop` is called when that is too much. */
export function drain(body: Readable, stop: () => void): void {
  let bytes = 0;
  const timers = [setTimeout(stop, maxDrainMs), setTimeout(stop, maxIdleMs)];
  const clear = (): void => timers.forEach((timer) => clearTimeout(timer));
  body.once('close', clear);
  body.once('end', clear);
  body.on('error', () => {});
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    timers[1]?.refresh();
    if (bytes > maxDrainedBytes) stop();
  });
  body.resume();
}
