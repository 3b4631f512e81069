/** A server that speaks HTTP/2, and HTTP/1.1 to who asks for it, with a certificate that nobody has signed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createSecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  createGitServer,
  nodeHandler,
  type ErrorEvent,
  type GitServerOptions,
  type PushEvent,
  type RequestEvent,
} from '../../src/index.js';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** A new key with its certificate; undefined, said aloud, where there is no openssl. */
export function makeCertificate(folder: string): Certificate | undefined {
  mkdirSync(folder);
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    const args = [
      'req',
      '-x509',
      ...curve,
      '-subj',
      '/CN=localhost',
      '-days',
      '2',
      '-keyout',
      key,
      '-out',
      cert,
    ];
    execFileSync('openssl', args, { stdio: 'ignore' });
  } catch (error) {
    if (process.env['CI'] === 'true') throw new Error('openssl is missing: install it', { cause: error });
    process.stderr.write('skipped: the tests of HTTP/2 need openssl\n');
    return undefined;
  }
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

export interface Http2Server {
  /** Without a final slash. */
  readonly url: string;
  readonly events: {
    readonly request: RequestEvent[];
    readonly push: PushEvent[];
    readonly error: ErrorEvent[];
  };
  close(): Promise<void>;
}

/** How much a client may send before we have read it: with less, curl 7.88 is known to stall in long uploads. */
const windowBytes = 8 * 1024 * 1024;

export async function startHttp2Server(
  certificate: Certificate,
  options: GitServerOptions,
): Promise<Http2Server> {
  const git = createGitServer(options);
  const events: Http2Server['events'] = { request: [], push: [], error: [] };
  git.on('request', (event) => void events.request.push(event));
  git.on('push', (event) => void events.push.push(event));
  git.on('error', (event) => void events.error.push(event));
  const handler = nodeHandler(git);
  const settings = { initialWindowSize: windowBytes };
  const server = createSecureServer({ ...certificate, allowHTTP1: true, settings }, handler);
  server.on('checkContinue', handler.checkContinue);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    session.setLocalWindowSize(windowBytes);
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events,
    async close() {
      await git.close({ graceMs: 5_000 });
      for (const session of sessions) session.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
