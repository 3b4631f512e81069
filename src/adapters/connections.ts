import type { Server, Socket } from 'node:net';
import { addressMatcher, networkOf } from '../access/address-list.js';
import { OptionError } from '../errors.js';
import { Tally } from '../tally.js';

export interface ConnectionLimits {
  /** How many connections one address may have open; IPv6 counts by its first 64 bits. Default 256. */
  readonly maxPerAddress?: number | undefined;
  /**
   * Addresses and networks through which many come, such as that of a proxy: connections from there are not counted.
   * Default none.
   */
  readonly sharedAddresses?: readonly string[] | undefined;
  /** Hears of each connection that was closed for that. Default none. */
  readonly onRefused?: ((address: string) => void) | undefined;
}

/**
 * Bounds how many connections one address may have open to a server of node:http, node:https or node:http2. One more is
 * closed before a byte of it is read: behind TLS there are no words for it. Throws an `OptionError` for options that
 * cannot be used.
 */
export function limitConnections(server: Server, limits: ConnectionLimits = {}): void {
  const { maxPerAddress = 256, sharedAddresses = [], onRefused } = limits;
  if (!Number.isSafeInteger(maxPerAddress) || maxPerAddress < 1) {
    throw new OptionError('maxPerAddress', 'must be a whole number from 1 on');
  }
  const isShared =
    sharedAddresses.length > 0 ? addressMatcher('sharedAddresses', sharedAddresses) : () => false;
  const open = new Tally();
  // Before the server's own listener, which would begin to read.
  server.prependListener('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    // Unix sockets have none.
    if (remoteAddress === undefined || isShared(remoteAddress)) return;
    const network = networkOf(remoteAddress);
    if (open.get(network) >= maxPerAddress) {
      socket.destroy();
      onRefused?.(remoteAddress);
      return;
    }
    open.add(network);
    socket.once('close', () => open.remove(network));
  });
}
