/**
 * Text that git separates by NUL (`-z`), which may be larger than what anybody wants to hold. Of each field only the
 * beginning is kept; bytes that are not UTF-8 become U+FFFD.
 */
export class NulFields {
  readonly #maxBytes: number;
  readonly #onField: (text: string, isCut: boolean) => void;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isCut = false;

  constructor(maxBytes: number, onField: (text: string, isCut: boolean) => void) {
    this.#maxBytes = maxBytes;
    this.#onField = onField;
  }

  feed(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#end();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  #keep(bytes: Buffer): void {
    const room = this.#maxBytes - this.#keptBytes;
    if (bytes.length > room) this.#isCut = true;
    const part = bytes.subarray(0, room);
    if (part.length === 0) return;
    this.#kept.push(part);
    this.#keptBytes += part.length;
  }

  #end(): void {
    const bytes = this.#kept.length === 1 ? this.#kept[0] : Buffer.concat(this.#kept);
    // A stream that goes on leaves out a character which the cut has halved.
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: this.#isCut });
    this.#onField(text, this.#isCut);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#isCut = false;
  }
}
