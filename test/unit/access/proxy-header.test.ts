import { describe, expect, test } from 'vitest';
import { addressMatcher, networkOf } from '../../../src/access/address-list.js';
import { proxyHeaderAuthenticator, type ProxyHeaderOptions } from '../../../src/access/index.js';
import { OptionError, type RequestHeaders } from '../../../src/index.js';
import { contextOf } from './contexts.js';

const proxy = { trustedAddresses: ['10.1.2.3', 'fd00::/8', '192.168.0.0/16'], userHeader: 'Remote-User' };

describe('an address', () => {
  test.each([
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '::FFFF:192.168.7.7',
    '192.168.255.255',
    'fd12::1',
    'fdff:1::%eth0',
  ])('%s is one of the configured ones', (address) => {
    expect(addressMatcher('a', proxy.trustedAddresses)(address)).toBe(true);
  });

  test.each([
    '10.1.2.4',
    '::ffff:10.1.2.4',
    '192.169.0.1',
    'fc00::1',
    '::1',
    '::10.1.2.3',
    '',
    'localhost',
    undefined,
  ])('%s is none of them', (address) => {
    expect(addressMatcher('a', proxy.trustedAddresses)(address)).toBe(false);
  });

  test('of IPv4 is in no block of IPv6', () => {
    expect(addressMatcher('a', ['::/64'])('10.1.2.3')).toBe(false);
    expect(addressMatcher('a', ['::/64'])('::5')).toBe(true);
  });

  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:0DB8::1:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('%s belongs to %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('a header of a proxy', () => {
  const authenticate = proxyHeaderAuthenticator({ ...proxy, groupsHeader: 'Remote-Groups' });
  const ask = async (
    headers: RequestHeaders,
    remoteAddress: string | undefined = '10.1.2.3',
  ): Promise<unknown> => authenticate(contextOf({ headers, remoteAddress }));

  test('names the user and groups', async () => {
    expect(await ask({ 'remote-user': 'ann' })).toEqual({ name: 'ann' });
    expect(await ask({ 'remote-user': ' ann ', 'remote-groups': 'dev, ops ,,x' })).toEqual({
      name: 'ann',
      groups: ['dev', 'ops', 'x'],
    });
  });

  test('is UTF-8', async () => {
    const latin1 = Buffer.from('größe', 'utf8').toString('latin1');
    expect(await ask({ 'remote-user': latin1 })).toEqual({ name: 'größe' });
    await expect(ask({ 'remote-user': 'gr\u00f6' })).rejects.toMatchObject({ status: 400 });
  });

  test('counts by the connection, whatever address the proxy tells of its client', async () => {
    const from = (peerAddress: string, remoteAddress: string): unknown =>
      authenticate(contextOf({ headers: { 'remote-user': 'ann' }, peerAddress, remoteAddress }));
    expect(await from('10.1.2.3', '192.0.2.7')).toEqual({ name: 'ann' });
    expect(await from('192.0.2.7', '10.1.2.3')).toBeUndefined();
  });

  test('is ignored when it comes from elsewhere', async () => {
    for (const address of ['10.1.2.4', '127.0.0.1', '::1', '::ffff:10.1.2.4']) {
      expect(await ask({ 'remote-user': 'ann' }, address)).toBeUndefined();
    }
    expect(
      await authenticate(contextOf({ headers: { 'remote-user': 'ann' }, remoteAddress: undefined })),
    ).toBe(undefined);
  });

  test('names nobody when it is not there or empty', async () => {
    for (const headers of [{}, { 'remote-user': '' }, { 'remote-user': ' ' }, { 'remote-groups': 'dev' }]) {
      expect(await ask(headers)).toBeUndefined();
    }
  });

  test.each([
    ['twice', { 'remote-user': 'ann, root' }],
    ['twice, as a list', { 'remote-user': ['ann', 'root'] }],
    ['with a control character', { 'remote-user': 'a\tn' }],
    ['with groups twice, as a list', { 'remote-user': 'ann', 'remote-groups': ['a', 'b'] }],
  ])('is refused when it is there %s', async (_what, headers) => {
    await expect(ask(headers)).rejects.toMatchObject({ code: 'ERR_BAD_REQUEST', status: 400 });
  });
});

test.each<[string, Partial<ProxyHeaderOptions>]>([
  ['trustedAddresses', { trustedAddresses: [] }],
  ['trustedAddresses', { trustedAddresses: ['localhost'] }],
  ['trustedAddresses', { trustedAddresses: ['10.0.0.0/33'] }],
  ['trustedAddresses', { trustedAddresses: ['fd00::/129'] }],
  ['trustedAddresses', { trustedAddresses: ['0.0.0.0/0'] }],
  ['trustedAddresses', { trustedAddresses: ['::/0'] }],
  ['trustedAddresses', { trustedAddresses: ['::ffff:10.0.0.0/104'] }],
  ['userHeader', { userHeader: 'Remote User' }],
  ['groupsHeader', { groupsHeader: '' }],
])('option %s: %j is refused', (option, rest) => {
  const make = (): unknown => proxyHeaderAuthenticator({ ...proxy, ...rest });
  expect(make).toThrow(OptionError);
  expect(make).toThrow(`option "${option}"`);
});
