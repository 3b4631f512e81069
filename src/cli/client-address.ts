/** Whose address counts: that of the connection, or the one that a trusted proxy tells. */
import type { IncomingMessage } from 'node:http';
import { forwardedAddress } from '../access/index.js';
import { plainAddress } from '../access/address-list.js';
import type { Configuration } from './configuration/configuration.js';

export type AddressOf = (request: IncomingMessage) => string | undefined;

/** As the settings say. Throws a `ConfigurationError`. */
export function clientAddresses(configuration: Configuration): AddressOf {
  const { 'access.trusted-proxies': trustedAddresses } = configuration.values;
  if (trustedAddresses !== undefined) {
    return configuration.blaming('access.trusted-proxies', () => forwardedAddress({ trustedAddresses }));
  }
  return ({ socket }) =>
    socket.remoteAddress === undefined ? undefined : plainAddress(socket.remoteAddress);
}
