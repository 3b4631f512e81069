import { expect, test } from 'vitest';
import { clientCertificateAuthenticator } from '../../../src/access/index.js';
import type { ClientCertificate } from '../../../src/index.js';
import { basic, contextOf } from './contexts.js';

const certificate = (subject: ClientCertificate['subject']): ClientCertificate => ({
  subject,
  subjectAltName: 'email:ann@example.org',
  fingerprint256: 'AA:BB',
});

test('the common name names the user, where there is exactly one', async () => {
  const authenticate = clientCertificateAuthenticator();
  const nameBy = async (subject: ClientCertificate['subject']): Promise<unknown> =>
    authenticate(contextOf({ clientCertificate: certificate(subject) }));
  expect(await nameBy({ CN: 'ann', O: 'x' })).toEqual({ name: 'ann' });
  for (const subject of [{}, { CN: '' }, { CN: ['ann', 'root'] }, { O: 'ann' }, { CN: 'a\nb' }]) {
    expect(await nameBy(subject)).toBeUndefined();
  }
});

test('a function may tell whose certificate it is', async () => {
  const authenticate = clientCertificateAuthenticator({
    user: async ({ subjectAltName, fingerprint256 }, { path }) => {
      await Promise.resolve();
      if (path !== 'app') return null;
      return fingerprint256 === 'AA:BB' ? { name: subjectAltName ?? '', groups: ['staff'] } : undefined;
    },
  });
  const clientCertificate = certificate({ CN: 'ann' });
  expect(await authenticate(contextOf({ clientCertificate }))).toEqual({
    name: 'email:ann@example.org',
    groups: ['staff'],
  });
  expect(await authenticate(contextOf({ clientCertificate, path: 'other' }))).toBeNull();
});

test('without a certificate there is nobody, whatever else the request has', async () => {
  const authenticate = clientCertificateAuthenticator({ user: () => 'everybody' });
  expect(await authenticate(contextOf({ credentials: basic('ann', 'x') }))).toBeUndefined();
});
