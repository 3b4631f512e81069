/** Which addresses a delivery may go to: the public Internet, and what the operator has named beyond it. */
import ipaddr from 'ipaddr.js';
import { OptionError } from '../errors.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [address: Address, prefixLength: number];

/** Tells whether a delivery may go to an address, given as text. */
export type AddressRule = (address: string) => boolean;

/** What is routed at all (RFC 4291, section 2.4); all else is local, reserved, or of an abandoned kind. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
/** The well-known prefix of NAT64 (RFC 6052): where DNS64 is in use, public IPv4 hosts look like this. */
const nat64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96');

function ipv4Within(address: ipaddr.IPv6, offset: number): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(offset, offset + 4));
}

/** The IPv4 address that a packet to this IPv6 address reaches in the end, if that is how it travels. */
function embeddedAddress(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  if (address.range() === 'ipv4Mapped' || address.match(nat64)) return ipv4Within(address, 12);
  return address.range() === '6to4' ? ipv4Within(address, 2) : undefined;
}

function isIPv6(address: Address): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6';
}

function isPublic(address: Address): boolean {
  if (!isIPv6(address)) return address.range() === 'unicast';
  const embedded = embeddedAddress(address);
  if (embedded) return isPublic(embedded);
  return address.range() === 'unicast' && address.match(globalUnicast);
}

/**
 * Whether an address belongs to the public Internet: not private, loopback, link-local, shared (RFC 6598), multicast,
 * reserved or unspecified, also when it is written as IPv6 (mapped, NAT64, 6to4). False for what is no address.
 */
export function isPublicAddress(address: string): boolean {
  // Only canonical forms: the URL parser and the resolver give no others, and `127.1` must not be taken for something.
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return false;
  return isPublic(ipaddr.parse(address));
}

function parseNetwork(text: unknown, option: string): Network {
  const isText = typeof text === 'string';
  if (isText && ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (isText && (ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text))) {
    const address = ipaddr.parse(text);
    return [address, address.toByteArray().length * 8];
  }
  throw new OptionError(option, 'must be an address or a network, such as 10.1.2.3 or 10.0.0.0/8');
}

function contains([network, prefixLength]: Network, address: Address): boolean {
  if (isIPv6(address)) return isIPv6(network) && address.match(network, prefixLength);
  return !isIPv6(network) && address.match(network, prefixLength);
}

/** The rule for `allowPrivateAddresses`; throws an `OptionError` that names `option`. */
export function addressRule(allowed: boolean | readonly string[] | undefined, option: string): AddressRule {
  if (allowed === undefined || allowed === false) return isPublicAddress;
  if (allowed === true) return () => true;
  if (!Array.isArray(allowed)) throw new OptionError(option, 'must be true, false or a list of networks');
  const networks = allowed.map((text: unknown, index) => parseNetwork(text, `${option}[${index}]`));
  return (text) => {
    if (isPublicAddress(text)) return true;
    if (!ipaddr.isValid(text)) return false;
    // A mapped address is the IPv4 address, whose network is what people write down.
    const address = ipaddr.process(text);
    return networks.some((network) => contains(network, address));
  };
}
