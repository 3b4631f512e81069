import { expect, test } from 'vitest';
import { forwardedAddress } from '../../../src/access/index.js';

const addressOf = forwardedAddress({ trustedAddresses: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'] });
const seen = (peer: string | undefined, header?: string | string[]): string | undefined =>
  addressOf({
    headers: header === undefined ? {} : { 'x-forwarded-for': header },
    socket: { remoteAddress: peer },
  });

test.each([
  ['a trusted proxy tells the client', '127.0.0.1', '192.0.2.7', '192.0.2.7'],
  ['the proxy shows up as IPv4 within IPv6', '::ffff:127.0.0.1', '192.0.2.7', '192.0.2.7'],
  ['the client invented what stands before', '127.0.0.1', '203.0.113.9, 192.0.2.7', '192.0.2.7'],
  ['several proxies stand in a row', 'fd00::1', '203.0.113.9, 192.0.2.7, 10.1.1.1,10.2.2.2', '192.0.2.7'],
  ['there are several headers', '127.0.0.1', ['203.0.113.9', '192.0.2.7'], '192.0.2.7'],
  ['the proxy writes the port', '127.0.0.1', '192.0.2.7:4711', '192.0.2.7'],
  ['IPv6 stands in brackets', '127.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
  ['all are trusted', '127.0.0.1', '10.1.1.1', '10.1.1.1'],
  ['somebody else sends the header', '192.0.2.1', '203.0.113.9', '192.0.2.1'],
  ['a trusted proxy sends none', '127.0.0.1', undefined, '127.0.0.1'],
  ['the proxy does not know', '10.1.1.1', '203.0.113.9, unknown', '10.1.1.1'],
  ['the header is empty', '10.1.1.1', '', '10.1.1.1'],
  ['the connection has no address', undefined, '203.0.113.9', undefined],
])('tells the address where %s', (_case, peer, header, expected) => {
  expect(seen(peer, header)).toBe(expected);
});

test('does not take what is no address for a proxy', () => {
  expect(() => forwardedAddress({ trustedAddresses: ['proxy.example.org'] })).toThrow(
    'option "trustedAddresses" must hold addresses',
  );
});
