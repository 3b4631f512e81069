/**
 * Sidebands (gitprotocol-pack): each pkt-line begins with a byte that names the band:
 * 1 the data proper, 2 progress for the user's terminal, 3 a fatal error.
 */
import { encodePktLine, type PktLine } from './pkt-line.js';

export type SidebandFrame =
  | { readonly band: 'data'; readonly payload: Buffer }
  | { readonly band: 'progress'; readonly payload: Buffer }
  | { readonly band: 'error'; readonly payload: Buffer };

const bands = ['data', 'progress', 'error'] as const;

/** How many bytes a pkt-line of each variant may have (side-band, side-band-64k). */
export const sidebandLimits = { 'side-band': 1000, 'side-band-64k': 65520 } as const;

export type SidebandVariant = keyof typeof sidebandLimits;

/** The frame in a data packet, or undefined for one that is in no band. */
export function parseSideband(line: PktLine): SidebandFrame | undefined {
  if (line.type !== 'data') return undefined;
  const band = bands[(line.payload[0] ?? 0) - 1];
  return band === undefined ? undefined : { band, payload: line.payload.subarray(1) };
}

/** As many packets as `payload` needs under the variant's limit. */
export function encodeSideband(
  band: SidebandFrame['band'],
  payload: string | Buffer,
  variant: SidebandVariant = 'side-band-64k',
): Buffer {
  const data = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const room = sidebandLimits[variant] - 5;
  const packets: Buffer[] = [];
  for (let offset = 0; offset < data.length; offset += room) {
    const prefix = Buffer.from([bands.indexOf(band) + 1]);
    packets.push(encodePktLine(Buffer.concat([prefix, data.subarray(offset, offset + room)])));
  }
  return Buffer.concat(packets);
}
