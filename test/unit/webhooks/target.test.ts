import { lookup } from 'node:dns/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { addressRule, isPublicAddress } from '../../../src/webhooks/address.js';
import {
  allowedAddresses,
  ForbiddenAddressError,
  pinnedLookup,
  resolveWithSystem,
} from '../../../src/webhooks/target.js';

const at =
  (...addresses: string[]) =>
  (): Promise<readonly string[]> =>
    Promise.resolve(addresses);
const never = (): never => {
  throw new Error('nobody should ask');
};

test.each([
  ['http://127.0.0.1/', '127.0.0.1'],
  ['http://2130706433/', '127.0.0.1'],
  ['http://0x7f.1/', '127.0.0.1'],
  ['http://0177.0.0.1/', '127.0.0.1'],
  ['http://[::1]:8080/', '::1'],
  ['http://[::ffff:10.0.0.1]/', '::ffff:a00:1'],
  ['http://169.254.169.254/latest/meta-data/', '169.254.169.254'],
])('an address in a URL, however it is written, is checked without a resolver: %s', async (url, address) => {
  await expect(allowedAddresses(new URL(url), isPublicAddress, never)).rejects.toThrow(
    `${address} is not a public address`,
  );
});

test('a name that is at a private address is refused, also when it is at a public one as well', async () => {
  const url = new URL('https://ci.example.org/');
  for (const addresses of [['10.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['8.8.8.8', '::1']]) {
    await expect(allowedAddresses(url, isPublicAddress, at(...addresses))).rejects.toThrow(
      ForbiddenAddressError,
    );
  }
  expect(await allowedAddresses(url, isPublicAddress, at('8.8.8.8', '2606:4700::1111'))).toEqual([
    '8.8.8.8',
    '2606:4700::1111',
  ]);
});

test('a name of the hosts file that is at a loopback address is refused', async () => {
  const found = await lookup('localhost', { all: true });
  expect(found.length).toBeGreaterThan(0);
  await expect(
    allowedAddresses(new URL('http://localhost/'), isPublicAddress, resolveWithSystem),
  ).rejects.toThrow('localhost is at');
});

test('what a resolver gives that is no address is refused, whatever is allowed', async () => {
  const all = addressRule(true, 'allow');
  await expect(allowedAddresses(new URL('http://a.example/'), all, at('b.example'))).rejects.toThrow(
    ForbiddenAddressError,
  );
  await expect(allowedAddresses(new URL('http://a.example/'), all, at())).rejects.toThrow('has no address');
});

test('a pinned lookup sends a connection to the known address, whatever its host is called', async () => {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    for (const autoSelectFamily of [true, false]) {
      const socket = connect({
        host: 'nowhere.invalid',
        port,
        autoSelectFamily,
        lookup: pinnedLookup(['127.0.0.1']),
      });
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve).once('error', reject);
      });
      expect(socket.remoteAddress).toBe('127.0.0.1');
      socket.destroy();
    }
  } finally {
    server.close();
  }
});
