/**
 * What receive-pack answers (gitprotocol-pack, "Report Status"), by itself or in sideband 1:
 *
 *   report-status  = PKT-LINE("unpack" SP unpack-result) 1*command-status flush-pkt
 *   command-status = PKT-LINE("ok" SP refname) *option-line / PKT-LINE("ng" SP refname SP error-msg)
 *   option-line    = PKT-LINE("option" SP key [SP value])            (report-status-v2)
 */
import type { Capabilities } from './capabilities.js';
import {
  encodePktLine,
  flushPkt,
  maxPktPayloadBytes,
  PktLineDecoder,
  PktLineError,
  pktText,
  type PktLine,
} from './pkt-line.js';
import type { RefUpdate } from './push-request.js';
import { encodeSideband, parseSideband, type SidebandVariant } from './sideband.js';

export type RefUpdateStatus =
  { readonly status: 'ok' } | { readonly status: 'rejected'; readonly reason: string };

export interface PushReport {
  /** `ok`, or why the pack could not be stored. */
  readonly unpack: string;
  /** By the ref's name as the client sent it. */
  readonly refs: ReadonlyMap<string, RefUpdateStatus>;
}

/** The sideband that a push has negotiated, if any; receive-pack knows one only (receive-pack.c: read_head_info). */
export function sidebandOf(capabilities: Capabilities): SidebandVariant | undefined {
  return capabilities.has('side-band-64k') ? 'side-band-64k' : undefined;
}

/** Watches a receive-pack answer go by and keeps the report; other bytes are looked at and let go. */
export class PushReportParser {
  readonly #outer = new PktLineDecoder();
  readonly #inner = new PktLineDecoder();
  readonly #sideband: boolean;
  readonly #refs = new Map<string, RefUpdateStatus>();
  #unpack: string | undefined;
  #broken = false;
  #isFlushed = false;

  constructor(capabilities: Capabilities) {
    this.#sideband = sidebandOf(capabilities) !== undefined;
  }

  feed(chunk: Buffer): void {
    if (this.#broken) return;
    try {
      for (const line of this.#outer.decode(chunk)) {
        this.#isFlushed = line.type === 'flush';
        if (this.#sideband) this.#takeBand(line);
        else this.#takeLine(line);
      }
    } catch (error) {
      if (!(error instanceof PktLineError)) throw error;
      this.#broken = true;
    }
  }

  /** Where the answer has stopped: behind its flush packet, between two packets, or inside one. */
  get position(): 'end' | 'between' | 'inside' {
    if (this.#broken || this.#outer.pendingBytes > 0) return 'inside';
    return this.#isFlushed ? 'end' : 'between';
  }

  /** The report, or undefined when the answer held none. */
  result(): PushReport | undefined {
    return this.#unpack === undefined ? undefined : { unpack: this.#unpack, refs: this.#refs };
  }

  #takeBand(line: PktLine): void {
    const frame = parseSideband(line);
    if (frame?.band !== 'data') return;
    for (const inner of this.#inner.decode(Buffer.from(frame.payload))) this.#takeLine(inner);
  }

  #takeLine(line: PktLine): void {
    if (line.type !== 'data') return;
    const text = pktText(line.payload);
    if (text.startsWith('unpack ')) this.#unpack = text.slice('unpack '.length);
    else if (text.startsWith('ok ')) this.#refs.set(text.slice('ok '.length), { status: 'ok' });
    else if (text.startsWith('ng ')) {
      const space = text.indexOf(' ', 'ng '.length);
      const refName = text.slice('ng '.length, space < 0 ? undefined : space);
      const reason = space < 0 ? 'failed' : text.slice(space + 1);
      this.#refs.set(refName, { status: 'rejected', reason });
    }
  }
}

/** A line as far as it fits: names and reasons may be long, and a name grows where its bytes are no UTF-8. */
function reportLine(text: string): Buffer {
  return encodePktLine(Buffer.from(`${text}\n`).subarray(0, maxPktPayloadBytes));
}

/** A report of the given lines. */
export function encodeReport(lines: readonly string[]): Buffer {
  return Buffer.concat([...lines.map((line) => reportLine(line)), flushPkt]);
}

/** A complete answer that refuses each update of a push for a reason of its own, before anything was unpacked. */
export function encodeRefusals(
  updates: readonly RefUpdate[],
  capabilities: Capabilities,
  reasonOf: (refName: string) => string,
): Buffer {
  const isReported = capabilities.has('report-status') || capabilities.has('report-status-v2');
  const lines = updates.map(({ refName }) => `ng ${refName} ${reasonOf(refName)}`);
  const variant = sidebandOf(capabilities);
  if (isReported) {
    const report = encodeReport(['unpack ok', ...lines]);
    return variant ? Buffer.concat([encodeSideband('data', report, variant), flushPkt]) : report;
  }
  if (!variant) return Buffer.alloc(0);
  // Without a report, progress is all that the user can be shown.
  const text = updates.map(({ refName }) => `${refName}: ${reasonOf(refName)}\n`).join('');
  return Buffer.concat([encodeSideband('progress', text, variant), flushPkt]);
}

/** A complete answer that refuses every update of a push for one reason, in the form that it negotiated. */
export function encodePushRefusal(
  updates: readonly Pick<RefUpdate, 'refName'>[],
  capabilities: Capabilities,
  reason: string,
): Buffer | undefined {
  const variant = sidebandOf(capabilities);
  if (!capabilities.has('report-status') && !capabilities.has('report-status-v2')) {
    return variant && Buffer.concat([encodeSideband('error', `${reason}\n`, variant), flushPkt]);
  }
  const report = encodeReport([
    `unpack ${reason}`,
    ...updates.map((update) => `ng ${update.refName} ${reason}`),
  ]);
  return variant ? Buffer.concat([encodeSideband('data', report, variant), flushPkt]) : report;
}
