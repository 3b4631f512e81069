/** From a host name to the addresses that a delivery may connect to, found once and then held on to. */
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { AddressRule } from './address.js';

/** Finds the addresses of a host name, IPv4 or IPv6, best first. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

/** A delivery may not go where its URL leads. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';

  constructor(hostname: string, address: string) {
    const what = hostname === address ? address : `${hostname} is at ${address}, which`;
    super(`${what} is not a public address; allow it for this webhook if deliveries shall go there`);
  }
}

/** As the system resolves names, the hosts file included. */
export const resolveWithSystem: ResolveHost = async (hostname) => {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
};

/** The host of a URL without the brackets around IPv6. */
export function hostnameOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * The addresses of a URL's host. Rejects with a {@link ForbiddenAddressError} when even one of them is not allowed: a
 * name with a public and a private address would be a matter of luck.
 */
export async function allowedAddresses(
  url: URL,
  allows: AddressRule,
  resolve: ResolveHost,
): Promise<readonly string[]> {
  const hostname = hostnameOf(url);
  const addresses = isIP(hostname) === 0 ? await resolve(hostname) : [hostname];
  if (addresses.length === 0) throw new Error(`${hostname} has no address`);
  for (const address of addresses) {
    if (isIP(address) === 0 || !allows(address)) throw new ForbiddenAddressError(hostname, address);
  }
  return addresses;
}

/**
 * A lookup for `node:net` that knows these addresses and asks nobody. A second resolution could give others than those
 * that were checked (DNS rebinding).
 */
export function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, callback) => {
    const [first] = known;
    if (options.all) callback(null, known);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
}
