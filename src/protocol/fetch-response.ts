import { PktLineDecoder, PktLineError, pktText, type PktLine } from './pkt-line.js';

function isPackFrame(line: PktLine): boolean {
  if (line.type !== 'data') return false;
  const band = line.payload[0];
  // v2 announces the pack as a section; v0 and v1 go over to the sideband.
  return band === 1 || band === 2 || pktText(line.payload) === 'packfile';
}

/** Tells whether an upload-pack answer holds a pack, or was only a round of negotiation. Looks at its head alone. */
export class PackDetector {
  readonly #decoder = new PktLineDecoder();
  #found = false;

  get found(): boolean {
    return this.#found;
  }

  feed(chunk: Buffer): void {
    if (this.#found) return;
    try {
      // A copy: the decoder may keep a piece of it, and the chunk's buffer is used again.
      for (const line of this.#decoder.decode(Buffer.from(chunk))) {
        if (!isPackFrame(line)) continue;
        this.#found = true;
        return;
      }
    } catch (error) {
      // Without a sideband the pack itself follows, and `PACK` is no length.
      if (!(error instanceof PktLineError)) throw error;
      this.#found = true;
    }
  }
}
