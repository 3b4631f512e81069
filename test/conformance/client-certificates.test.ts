/** TLS that ends at this server, and git with certificates of its own (http.sslCert, http.sslKey). */
import { mkdirSync, readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  clientCertificateAuthenticator,
  combineAuthenticators,
  type Authenticate,
} from '../../src/access/index.js';
import { createGitServer, nodeHandler, type RequestContext } from '../../src/index.js';
import {
  hasOpenssl,
  makeAuthority,
  type Authority,
  type SignedCertificate,
} from '../support/certificates.js';
import { git, makeBareRepository, makeTempDir, type GitResult, type TempDir } from '../support/fixtures.js';

describe.runIf(hasOpenssl()).each(['HTTP/1.1', 'HTTP/2'])('over %s,', (protocol) => {
  let folder: TempDir;
  let ours: Authority;
  let server: SignedCertificate;
  let url: string;
  let close: () => Promise<void>;
  const seen: RequestContext[] = [];

  beforeAll(async () => {
    folder = makeTempDir();
    const root = join(folder.path, 'served');
    mkdirSync(root);
    await makeBareRepository(join(root, 'app.git'));
    ours = makeAuthority(folder.path, 'ours');
    server = ours.sign('server', '/CN=127.0.0.1', 'subjectAltName=IP:127.0.0.1');
    const byPassword: Authenticate = ({ credentials }) =>
      credentials?.scheme === 'basic' && credentials.password === 'right'
        ? { name: credentials.username }
        : undefined;
    const core = createGitServer({
      repositories: root,
      authenticate: combineAuthenticators(clientCertificateAuthenticator(), byPassword),
      authorize: ({ user, context }) => {
        seen.push(context);
        return user?.name === 'ann';
      },
    });
    const tls = {
      key: readFileSync(server.keyFile),
      cert: readFileSync(server.certFile),
      ca: ours.cert,
      requestCert: true,
      // Whoever has none may still have a password.
      rejectUnauthorized: false,
    };
    const handler = nodeHandler(core);
    const http =
      protocol === 'HTTP/2'
        ? createSecureServer({ ...tls, allowHTTP1: true }, handler)
        : createServer(tls, handler);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(http.address() as AddressInfo).port}/app.git`;
    close = async () => {
      await core.close({ graceMs: 5_000 });
      if ('closeAllConnections' in http) http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    };
  });

  afterAll(async () => {
    await close();
    folder.dispose();
  });

  const ask = (certificate: SignedCertificate | undefined, to = url): Promise<GitResult> => {
    seen.length = 0;
    const version = protocol === 'HTTP/2' ? 'HTTP/2' : 'HTTP/1.1';
    const own = certificate
      ? ['-c', `http.sslCert=${certificate.certFile}`, '-c', `http.sslKey=${certificate.keyFile}`]
      : [];
    return git([
      '-c',
      `http.sslCAInfo=${ours.certFile}`,
      '-c',
      `http.version=${version}`,
      ...own,
      'ls-remote',
      to,
    ]);
  };

  test('a certificate of the authority names the user', async () => {
    const ann = ours.sign('ann', '/O=Example/OU=a/OU=b/CN=ann', 'subjectAltName=email:ann@example.org');
    const { code, stderr } = await ask(ann);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(seen.length).toBeGreaterThan(0);
    const { fingerprint256 } = new X509Certificate(readFileSync(ann.certFile));
    for (const { clientCertificate, credentials } of seen) {
      expect(credentials).toBeUndefined();
      expect(clientCertificate).toEqual({
        subject: { O: 'Example', OU: ['a', 'b'], CN: 'ann' },
        subjectAltName: 'email:ann@example.org',
        fingerprint256,
      });
    }
  });

  test('somebody else of the same authority is somebody else', async () => {
    const { code, stderr } = await ask(ours.sign('bob', '/CN=bob'));
    expect(code).toBe(128);
    expect(stderr).toContain('repository not found');
    expect(seen.map(({ clientCertificate }) => clientCertificate?.subject['CN'])).toContain('bob');
  });

  test.each(['another authority', 'nobody at all', 'a past time'])(
    'a certificate that is of %s is none',
    async (what) => {
      const other = makeAuthority(folder.path, 'other');
      const forged = {
        'another authority': () => other.sign('forged', '/CN=ann'),
        'nobody at all': () => ({
          keyFile: join(folder.path, 'other.key'),
          certFile: other.certFile,
        }),
        'a past time': () => ours.sign('past', '/CN=ann', 'basicConstraints=CA:FALSE', -1),
      }[what];
      const { code, stderr } = await ask(forged?.());
      expect(code).toBe(128);
      expect(stderr).toMatch(/could not read Username/);
      expect(seen.map(({ clientCertificate }) => clientCertificate)).toEqual(seen.map(() => undefined));
    },
  );

  test('without a certificate there is still the password', async () => {
    expect((await ask(undefined)).code).toBe(128);
    const { code, stderr } = await ask(undefined, url.replace('//', '//ann:right@'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const { clientCertificate } of seen) expect(clientCertificate).toBeUndefined();
  });
});
