/**
 * The answer of receive-pack in two parts: progress, which may reach the user at once, and the report with all that
 * follows, which is only true once the server has done its own share.
 */
import { encodePktLine, flushPkt, PktLineDecoder, type PktLine } from './pkt-line.js';

const specials = {
  flush: flushPkt,
  delim: Buffer.from('0001'),
  'response-end': Buffer.from('0002'),
} as const;

function encodeLine(line: PktLine): Buffer {
  return line.type === 'data' ? encodePktLine(line.payload) : specials[line.type];
}

/** A line on band 2 is for the user's terminal; an empty one on band 1 keeps the connection alive (receive-pack.c). */
function isProgress(line: PktLine): boolean {
  if (line.type !== 'data') return false;
  const [band] = line.payload;
  return band === 2 || (band === 1 && line.payload.length === 1);
}

/**
 * Splits the answer. Works without a sideband as well, since a report then begins with a letter. Throws a
 * `PktLineError` for bytes that are no pkt-lines.
 */
export class ReportGate {
  readonly #decoder = new PktLineDecoder();
  #hasBegun = false;

  /** What of the answer may pass now, and what belongs to the report and behind it. */
  split(chunk: Buffer): { readonly progress: Buffer; readonly report: Buffer } {
    const progress: Buffer[] = [];
    const report: Buffer[] = [];
    for (const line of this.#decoder.decode(chunk)) {
      this.#hasBegun ||= !isProgress(line);
      (this.#hasBegun ? report : progress).push(encodeLine(line));
    }
    return { progress: Buffer.concat(progress), report: Buffer.concat(report) };
  }
}
