/**
 * Pkt-lines (gitprotocol-common):
 *
 *   pkt-line  = data-pkt / flush-pkt / delim-pkt / response-end-pkt
 *   data-pkt  = pkt-len pkt-payload      pkt-len = 4*4(HEXDIG), counts itself, 0004 to fff0
 *   flush-pkt = "0000"   delim-pkt = "0001"   response-end-pkt = "0002"
 */

/** The most bytes a pkt-line may have, its four length digits included (pkt-line.h: LARGE_PACKET_MAX). */
export const maxPktLineBytes = 65520;

/** The most payload bytes a pkt-line may carry. */
export const maxPktPayloadBytes = maxPktLineBytes - 4;

export type PktLine =
  | { readonly type: 'data'; readonly payload: Buffer }
  | { readonly type: 'flush' }
  | { readonly type: 'delim' }
  | { readonly type: 'response-end' };

/** The bytes are no pkt-line. */
export class PktLineError extends Error {
  override readonly name = 'PktLineError';
}

export const flushPkt: Buffer = Buffer.from('0000');

/** One data packet. A text gets no newline of its own; an empty payload is legal and gives `0004`. */
export function encodePktLine(payload: string | Buffer): Buffer {
  const data = typeof payload === 'string' ? Buffer.from(payload) : payload;
  if (data.length > maxPktPayloadBytes) {
    throw new PktLineError(`a pkt-line holds at most ${maxPktPayloadBytes} bytes, not ${data.length}`);
  }
  return Buffer.concat([Buffer.from((data.length + 4).toString(16).padStart(4, '0')), data]);
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The length field at `offset`: 0 to 2 and 4 to {@link maxPktLineBytes}; everything else throws. */
function lengthAt(bytes: Buffer, offset: number): number {
  let length = 0;
  for (let i = offset; i < offset + 4; i++) {
    const digit = hexDigit(bytes[i] ?? 0);
    if (digit < 0) throw new PktLineError('bad line length character in a pkt-line');
    length = length * 16 + digit;
  }
  if (length === 3 || length > maxPktLineBytes) {
    throw new PktLineError(`bad line length ${length} in a pkt-line`);
  }
  return length;
}

/** A frame and how many bytes it took. */
export interface Frame {
  readonly line: PktLine;
  readonly bytes: number;
}

/**
 * The frame that begins at `offset`, or undefined while the bytes do not yet hold all of it.
 * The payload is a view of `bytes`, not a copy.
 */
export function readPktLine(bytes: Buffer, offset = 0): Frame | undefined {
  if (bytes.length - offset < 4) return undefined;
  const length = lengthAt(bytes, offset);
  if (length === 0) return { line: { type: 'flush' }, bytes: 4 };
  if (length === 1) return { line: { type: 'delim' }, bytes: 4 };
  if (length === 2) return { line: { type: 'response-end' }, bytes: 4 };
  if (bytes.length - offset < length) return undefined;
  return { line: { type: 'data', payload: bytes.subarray(offset + 4, offset + length) }, bytes: length };
}

/**
 * Pkt-lines out of chunks that are cut anywhere. Holds back at most one unfinished line,
 * so that its cost is linear in the bytes however small the chunks are. After an error there is no telling
 * where the next line begins, so that every further call fails as well.
 */
export class PktLineDecoder {
  #partial: Buffer[] = [];
  #partialBytes = 0;
  #needed = 4;
  #failure: unknown;

  /** How many bytes of an unfinished line are held back. */
  get pendingBytes(): number {
    return this.#partialBytes;
  }

  /** The lines that `chunk` completes, and how many of its bytes they ended at. */
  *decode(chunk: Buffer): Generator<PktLine & { readonly end: number }> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      let offset = 0;
      while (this.#partialBytes > 0 && offset < chunk.length) {
        const taken = chunk.subarray(offset, offset + this.#needed - this.#partialBytes);
        this.#partial.push(taken);
        this.#partialBytes += taken.length;
        offset += taken.length;
        const frame = this.#completePartial();
        if (frame) yield { ...frame, end: offset };
      }
      while (offset < chunk.length) {
        const frame = readPktLine(chunk, offset);
        if (!frame) {
          this.#hold(chunk.subarray(offset));
          return;
        }
        offset += frame.bytes;
        yield { ...frame.line, end: offset };
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #hold(rest: Buffer): void {
    this.#partial = [rest];
    this.#partialBytes = rest.length;
    this.#needed = rest.length < 4 ? 4 : lengthAt(rest, 0);
  }

  #completePartial(): PktLine | undefined {
    if (this.#partialBytes < this.#needed) return undefined;
    const bytes = this.#partial.length === 1 ? (this.#partial[0] as Buffer) : Buffer.concat(this.#partial);
    const frame = readPktLine(bytes);
    if (!frame) {
      this.#partial = [bytes];
      this.#needed = lengthAt(bytes, 0);
      return undefined;
    }
    this.#partial = [];
    this.#partialBytes = 0;
    return frame.line;
  }
}

/** The text of a payload without the newline that most senders put at its end. */
export function pktText(payload: Buffer): string {
  const end =
    payload.length > 0 && payload[payload.length - 1] === 0x0a ? payload.length - 1 : payload.length;
  return payload.toString('utf8', 0, end);
}
