import { isIP } from 'node:net';
import type { RequestHeaders } from '../context.js';
import { addressMatcher, plainAddress } from './address-list.js';

export interface ForwardedAddressOptions {
  /**
   * The proxies: addresses such as `127.0.0.1` and blocks such as `fd00::/8`. Each must add the address of whoever asked it
   * to `X-Forwarded-For`, or set the header anew: what it passes on as it came is the client's to invent. Required.
   */
  readonly trustedAddresses: readonly string[];
}

/** As much of a request of node:http as is looked at. */
export interface ForwardedRequest {
  readonly headers: RequestHeaders;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/** An entry of the header; some proxies write the port too, and then IPv6 in brackets. */
function addressIn(entry: string): string | undefined {
  const text = entry.trim();
  const [, inBrackets] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? [];
  const [, beforePort] = /^([\d.]+):\d+$/.exec(text) ?? [];
  const address = plainAddress(inBrackets ?? beforePort ?? text);
  return isIP(address) === 0 ? undefined : address;
}

/**
 * Tells a client's address where trusted proxies stand in between, for the option `remoteAddress` of `nodeHandler`: that
 * of the connection unless it is a trusted proxy's; else the rightmost of `X-Forwarded-For` that is none. All before that
 * one may be invented. Where a proxy tells no address (`unknown`, or nothing at all), its own counts.
 * Throws an `OptionError` for addresses that cannot be used.
 *
 * @example
 * nodeHandler(git, { remoteAddress: forwardedAddress({ trustedAddresses: ['127.0.0.1', '::1'] }) });
 */
export function forwardedAddress(
  options: ForwardedAddressOptions,
): (request: ForwardedRequest) => string | undefined {
  const isTrusted = addressMatcher('trustedAddresses', options.trustedAddresses);
  return ({ headers, socket }) => {
    let address = socket.remoteAddress === undefined ? undefined : plainAddress(socket.remoteAddress);
    const entries = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    while (isTrusted(address)) {
      const entry = entries.pop();
      const before = entry === undefined ? undefined : addressIn(entry);
      if (before === undefined) break;
      address = before;
    }
    return address;
  };
}
