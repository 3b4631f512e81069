/**
 * Walks over the entries of a pack as it passes by (gitformat-pack), and tells how large each object will be:
 *
 *   pack  = "PACK" version entry-count *entry checksum              (version and count: 4 bytes each, highest first)
 *   entry = type-and-size [base] zlib-stream
 *   base  = offset of an earlier entry (ofs-delta) / object id (ref-delta)
 *
 * The contents of a delta begin with the sizes of its base and of its result (gitformat-pack, "Deltified representation").
 * Where the zlib stream of an entry ends can only be found by going through it.
 */
import { ZlibWalk } from './zlib-walk.js';

const headerBytes = 12;
const signature = 0x5041434b;
const ofsDelta = 6;
const refDelta = 7;

/** 7 bits each: more than that makes no number, and is written by no git. */
const maxVarintBytes = 10;

/** The bytes are no pack. */
export class PackError extends Error {
  override readonly name = 'PackError';
}

export interface PackEntriesOptions {
  /** How long an object id is: 20 bytes, or 32 with SHA-256. */
  readonly oidBytes: number;
  /** Told of the size of an object, or of the contents of a delta, as soon as it is known and before they come. */
  readonly onSize: (bytes: number) => void;
}

export class PackEntries {
  readonly #options: PackEntriesOptions;
  readonly #walk = new ZlibWalk();
  #state: 'header' | 'entry' | 'offset' | 'oid' | 'contents' | 'end' = 'header';
  readonly #header = Buffer.alloc(headerBytes);
  #entriesLeft = 0;
  #type = 0;
  #size = 0;
  /** Bytes of what is being read: of the header, a number, an object id. */
  #read = 0;
  #isResultKnown = true;

  constructor(options: PackEntriesOptions) {
    this.#options = options;
  }

  /**
   * Takes the next bytes. Throws {@link PackError} or `DeflateError` where they make no pack, and what `onSize` throws; it
   * must not be called again then. What follows the last entry is let go.
   */
  feed(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.#state !== 'end';) {
      if (this.#state === 'contents') at = this.#walkContents(chunk, at);
      else this.#takeByte(chunk[at++] as number);
    }
  }

  #takeByte(byte: number): void {
    switch (this.#state) {
      case 'header':
        this.#header[this.#read++] = byte;
        if (this.#read === headerBytes) this.#endHeader();
        return;
      case 'entry':
        this.#takeTypeAndSize(byte);
        return;
      case 'offset':
        if (byte < 0x80) this.#beginContents();
        return;
      case 'oid':
        this.#read += 1;
        if (this.#read === this.#options.oidBytes) this.#beginContents();
        return;
      case 'contents':
      case 'end':
    }
  }

  #endHeader(): void {
    const version = this.#header.readUInt32BE(4);
    if (this.#header.readUInt32BE(0) !== signature) throw new PackError('no signature');
    if (version !== 2 && version !== 3) throw new PackError(`version ${version}`);
    this.#entriesLeft = this.#header.readUInt32BE(8);
    this.#nextEntry();
  }

  #nextEntry(): void {
    this.#read = 0;
    this.#state = this.#entriesLeft === 0 ? 'end' : 'entry';
    this.#entriesLeft -= 1;
  }

  /** Three bits of type between the first four and the other bits of the size, the lowest first. */
  #takeTypeAndSize(byte: number): void {
    if (this.#read === 0) {
      this.#type = (byte >> 4) & 7;
      this.#size = byte & 15;
    } else this.#size += (byte & 0x7f) * 2 ** (7 * this.#read - 3);
    this.#read += 1;
    if (byte >= 0x80) {
      if (this.#read === maxVarintBytes) throw new PackError('a size without an end');
      return;
    }
    this.#options.onSize(this.#size);
    this.#read = 0;
    if (this.#type === ofsDelta) this.#state = 'offset';
    else if (this.#type === refDelta) this.#state = 'oid';
    else if (this.#type === 0 || this.#type === 5) throw new PackError(`an entry of type ${this.#type}`);
    else this.#beginContents();
  }

  #beginContents(): void {
    this.#isResultKnown = this.#type !== ofsDelta && this.#type !== refDelta;
    this.#walk.begin(this.#size);
    this.#state = 'contents';
  }

  #walkContents(chunk: Buffer, at: number): number {
    const end = this.#walk.feed(chunk, at);
    if (!this.#isResultKnown) this.#findResult();
    if (!this.#walk.isAtEnd) return end;
    if (!this.#isResultKnown) throw new PackError('a delta without sizes');
    this.#nextEntry();
    return end;
  }

  #findResult(): void {
    const { head, produced } = this.#walk;
    const known = head.subarray(0, produced);
    const baseEnd = varintEnd(known, 0);
    const end = baseEnd === undefined ? undefined : varintEnd(known, baseEnd);
    if (baseEnd === undefined || end === undefined) return;
    this.#isResultKnown = true;
    let size = 0;
    for (let i = baseEnd; i < end; i += 1) size += ((known[i] as number) & 0x7f) * 2 ** (7 * (i - baseEnd));
    this.#options.onSize(size);
  }
}

/** Where a number ends that has 7 bits in each byte and the eighth in all but the last; undefined when it has not all come. */
function varintEnd(bytes: Uint8Array, start: number): number | undefined {
  for (let at = start; at < bytes.length; at += 1) {
    if ((bytes[at] as number) < 0x80) return at + 1;
    if (at - start + 1 === maxVarintBytes) throw new PackError('a size without an end');
  }
  return undefined;
}
