import { PktLineDecoder, PktLineError, pktText, type PktLine } from './pkt-line.js';

function isPackFrame(line: PktLine): boolean {
  if (line.type !== 'data') return false;
  if (pktText(line.payload) === 'packfile') return true;
  // v2 announces the pack as a section, which may itself come in band 1 (sideband-all); v0 and v1 begin with the pack.
  const content = line.payload[0] === 1 ? line.payload.subarray(1) : Buffer.alloc(0);
  const start = content.toString('latin1', 0, 4);
  return (start !== '' && 'PACK'.startsWith(start)) || pktText(content) === 'packfile';
}

/** Looks at the head of an upload-pack answer: does it hold a pack, or was it only a round of negotiation? */
export class PackDetector {
  readonly #decoder = new PktLineDecoder();
  #found = false;
  #isInBands = false;
  #hasError = false;

  /**
   * Whether an `ERR` packet may follow what there is so far: between two packets, before any pack, where packets are in
   * no band, and there is no such packet yet.
   */
  get takesError(): boolean {
    return !this.#found && !this.#isInBands && !this.#hasError && this.#decoder.pendingBytes === 0;
  }

  get found(): boolean {
    return this.#found;
  }

  feed(chunk: Buffer): void {
    if (this.#found) return;
    try {
      // A copy: the decoder may keep a piece of it, and the chunk's buffer is used again.
      for (const line of this.#decoder.decode(Buffer.from(chunk))) {
        this.#look(line);
        if (this.#found) return;
      }
    } catch (error) {
      // Without a sideband the pack itself follows, and `PACK` is no length.
      if (!(error instanceof PktLineError)) throw error;
      this.#found = true;
    }
  }

  #look(line: PktLine): void {
    if (line.type !== 'data') return;
    if (isPackFrame(line)) this.#found = true;
    if ((line.payload[0] ?? 4) <= 3) this.#isInBands = true;
    if (line.payload.toString('latin1', 0, 4) === 'ERR ') this.#hasError = true;
  }
}
