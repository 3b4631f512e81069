/**
 * Changes the reasons in the answer of receive-pack on its way. git tells its client `hook declined` when we have refused
 * a ref; the client's user shall read why (gitprotocol-pack, "Report Status").
 */
import type { Capabilities } from './capabilities.js';
import { encodeReport, sidebandOf } from './push-report.js';
import { encodePktLine, flushPkt, PktLineDecoder, pktText, type PktLine } from './pkt-line.js';
import { encodeSideband, parseSideband } from './sideband.js';

/** Our reason for a ref that is not updated; undefined for one that we have not refused. */
export type ReasonOf = (refName: string) => string | undefined;

export class PushReportRewriter {
  readonly #decoder = new PktLineDecoder();
  readonly #sideband: boolean;
  readonly #reasonOf: ReasonOf;
  /** The report so far; it is small, and comes at the end. */
  #held: Buffer[] = [];

  constructor(capabilities: Capabilities, reasonOf: ReasonOf) {
    this.#sideband = sidebandOf(capabilities) !== undefined;
    this.#reasonOf = reasonOf;
  }

  /** What of the answer can go on its way; progress is never held back. Throws `PktLineError` for bytes that are none. */
  feed(chunk: Buffer): Buffer {
    const ready: Buffer[] = [];
    for (const line of this.#decoder.decode(chunk))
      ready.push(this.#sideband ? this.#inBands(line) : this.#plain(line));
    return Buffer.concat(ready);
  }

  #inBands(line: PktLine): Buffer {
    if (line.type === 'flush') {
      const report = this.#takeReport();
      return Buffer.concat([...(report.length > 0 ? [encodeSideband('data', report)] : []), flushPkt]);
    }
    const frame = parseSideband(line);
    // A sign of life is an empty packet of the same band.
    if (frame?.band !== 'data' || frame.payload.length === 0) return encoded(line);
    this.#held.push(Buffer.from(frame.payload));
    return Buffer.alloc(0);
  }

  #plain(line: PktLine): Buffer {
    this.#held.push(encoded(line));
    return line.type === 'flush' ? this.#takeReport() : Buffer.alloc(0);
  }

  #takeReport(): Buffer {
    const lines: string[] = [];
    let isComplete = false;
    for (const line of new PktLineDecoder().decode(Buffer.concat(this.#held))) {
      if (line.type === 'data') lines.push(this.#rewritten(pktText(line.payload)));
      else isComplete = true;
    }
    this.#held = [];
    return lines.length === 0 && !isComplete ? Buffer.alloc(0) : encodeReport(lines);
  }

  #rewritten(text: string): string {
    const match = /^ng (\S+)/.exec(text);
    const reason = match?.[1] === undefined ? undefined : this.#reasonOf(match[1]);
    return reason === undefined ? text : `ng ${match?.[1]} ${reason}`;
  }
}

function encoded(line: PktLine): Buffer {
  return line.type === 'data' ? encodePktLine(line.payload) : flushPkt;
}
