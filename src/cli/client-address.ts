/** Whose address counts: that of the connection, or the one that a trusted proxy tells. */
import type { IncomingMessage } from 'node:http';
import { forwardedAddress } from '../access/index.js';
import { plainAddress } from '../access/address-list.js';
import { forFlag } from './command-error.js';

export type AddressOf = (request: IncomingMessage) => string | undefined;

export function clientAddresses({ trustedProxy }: { readonly trustedProxy?: readonly string[] }): AddressOf {
  if (trustedProxy !== undefined) {
    return forFlag('--trusted-proxy', () => forwardedAddress({ trustedAddresses: trustedProxy }));
  }
  return ({ socket }) =>
    socket.remoteAddress === undefined ? undefined : plainAddress(socket.remoteAddress);
}
