import { describe, expect, test } from 'vitest';
import { addressRule, isPublicAddress } from '../../../src/webhooks/address.js';
import { OptionError } from '../../../src/errors.js';

describe('public addresses (SECURITY S9)', () => {
  test.each([
    ['unspecified', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['private, class A', '10.0.0.1'],
    ['private, class A, the end', '10.255.255.255'],
    ['private, class B', '172.16.0.1'],
    ['private, class B, the end', '172.31.255.255'],
    ['private, class C', '192.168.1.1'],
    ['shared (carrier-grade NAT)', '100.64.0.1'],
    ['shared, the end', '100.127.255.255'],
    ['loopback', '127.0.0.1'],
    ['loopback, the end', '127.255.255.254'],
    ['link-local', '169.254.1.1'],
    ['cloud metadata', '169.254.169.254'],
    ['protocol assignments', '192.0.0.8'],
    ['documentation', '192.0.2.1'],
    ['6to4 relays', '192.88.99.1'],
    ['benchmarks', '198.18.0.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['IPv6 unspecified', '::'],
    ['IPv6 loopback', '::1'],
    ['IPv6 link-local', 'fe80::1'],
    ['IPv6 link-local with a zone', 'fe80::1%eth0'],
    ['IPv6 site-local', 'fec0::1'],
    ['unique local', 'fc00::1'],
    ['unique local, cloud metadata', 'fd00:ec2::254'],
    ['IPv6 multicast', 'ff02::1'],
    ['IPv6 documentation', '2001:db8::1'],
    ['discard', '100::1'],
    ['Teredo', '2001::1'],
    ['mapped loopback', '::ffff:127.0.0.1'],
    ['mapped loopback in hexadecimal', '::ffff:7f00:1'],
    ['mapped private', '::ffff:10.0.0.1'],
    ['IPv4-compatible loopback', '::127.0.0.1'],
    ['translated (SIIT) loopback', '::ffff:0:127.0.0.1'],
    ['NAT64 of private', '64:ff9b::10.0.0.1'],
    ['NAT64 of cloud metadata', '64:ff9b::a9fe:a9fe'],
    ['NAT64 with a local prefix', '64:ff9b:1::808:808'],
    ['6to4 of private', '2002:c0a8:101::1'],
    ['6to4 of loopback', '2002:7f00:1::'],
    ['not routed', '4000::1'],
    ['a short form', '127.1'],
    ['a number', '2130706433'],
    ['hexadecimal', '0x7f.0.0.1'],
    ['octal', '0177.0.0.1'],
    ['a name', 'localhost'],
    ['nothing', ''],
  ])('do not include %s: %s', (_what, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  test.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
    '2002:808:808::1',
  ])('include %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('the rule of a webhook', () => {
  test('allows public addresses only, unless it is told otherwise', () => {
    for (const allowed of [undefined, false, []]) {
      const rule = addressRule(allowed, 'allow');
      expect([rule('8.8.8.8'), rule('127.0.0.1'), rule('::1')]).toEqual([true, false, false]);
    }
    const all = addressRule(true, 'allow');
    expect([all('8.8.8.8'), all('127.0.0.1'), all('::1')]).toEqual([true, true, true]);
  });

  test('allows the networks and addresses that are named, mapped ones too, and no others', () => {
    const rule = addressRule(['10.1.0.0/16', '127.0.0.1', 'fd00::/8'], 'allow');
    for (const address of ['10.1.2.3', '127.0.0.1', 'fd12::1', '::ffff:10.1.2.3', '8.8.8.8']) {
      expect([address, rule(address)]).toEqual([address, true]);
    }
    for (const address of [
      '10.2.0.1',
      '127.0.0.2',
      '::1',
      'fe80::1',
      '169.254.169.254',
      '::ffff:10.2.0.1',
      'x',
    ]) {
      expect([address, rule(address)]).toEqual([address, false]);
    }
  });

  test.each([[['10.0.0.0/33']], [['localhost']], [['10.1']], [[7]], ['yes'], [7]])(
    'is not made of %j',
    (allowed) => {
      expect(() => addressRule(allowed as never, 'allow')).toThrow(OptionError);
    },
  );
});
