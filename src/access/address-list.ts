import { BlockList, isIP } from 'node:net';
import { OptionError } from '../errors.js';

/** An address as it is compared: IPv4 as such also where IPv6 carries it (RFC 4291, section 2.5.5.2), without a zone. */
export function plainAddress(address: string): string {
  return address.replace(/%.*$/s, '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}

function add(list: BlockList, option: string, entry: string): void {
  const [, address = '', prefix] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = familyOf(address);
  if (!family) {
    throw new OptionError(option, `must hold addresses such as 10.0.0.1 or fd00::/8, not "${entry}"`);
  }
  if (/^::ffff:/i.test(address)) {
    throw new OptionError(option, `must hold the IPv4 address itself in place of "${entry}"`);
  }
  if (prefix === undefined) {
    list.addAddress(address, family);
    return;
  }
  const length = Number(prefix);
  if (length > (family === 'ipv4' ? 32 : 128)) {
    throw new OptionError(option, `holds "${entry}", whose part behind "/" is too large`);
  }
  // Nobody means that; an address would be no condition any more.
  if (length === 0) throw new OptionError(option, `must not hold all addresses, as "${entry}" does`);
  list.addSubnet(address, length, family);
}

/**
 * Tells whether an address is one of `entries`: addresses and, as in `10.0.0.0/8`, blocks of them. Throws an `OptionError`
 * for an entry that cannot be used.
 */
export function addressMatcher(
  option: string,
  entries: readonly string[],
): (address: string | undefined) => boolean {
  if (!Array.isArray(entries) || entries.length === 0) {
    throw new OptionError(option, 'must be a list of at least one address');
  }
  // Apart, because Node.js takes IPv4 for a part of IPv6: `::/64` would hold all of it.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const entry of entries) {
    const isIPv6 = String(entry).includes(':');
    add(isIPv6 ? lists.ipv6 : lists.ipv4, option, String(entry));
  }
  return (address) => {
    if (address === undefined) return false;
    const plain = plainAddress(address);
    const family = familyOf(plain);
    return family !== undefined && lists[family].check(plain, family);
  };
}

/** What an address has in common with those of the same household: an IPv4 address itself, 64 bits of IPv6. */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (isIP(plain) !== 6) return plain;
  const [left = '', right] = plain.toLowerCase().split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
