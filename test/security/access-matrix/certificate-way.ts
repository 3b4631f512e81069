/** Client certificates, for a server whose TLS is its own. */
import { readFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createGitServer, nodeHandler, type GitServerOptions } from '../../../src/index.js';
import { makeAuthority } from '../../support/certificates.js';
import type { Caller } from './expected.js';
import type { Answer, Ask } from './requests.js';

export interface CertificatePlace {
  readonly callers: readonly Caller[];
  ask(caller: Caller, path: string, ask: Ask): Promise<Answer>;
  close(): Promise<void>;
}

function read(agent: Agent, port: number, path: string, { method, headers, body }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))];
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method,
      agent,
      headers: ['Host', 'localhost', ...length, ...headers.flat()],
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => void chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const { rawHeaders, statusCode = 0 } = response;
        const pairs = rawHeaders.flatMap((name, index): [string, string][] =>
          index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : [],
        );
        resolve({ status: statusCode, headers: pairs, body: Buffer.concat(chunks) });
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

/** Ann has a certificate, and so has a stranger; nobody has one that names Ann and is of another authority. */
export async function openCertificatePlace(
  folder: string,
  options: GitServerOptions,
): Promise<CertificatePlace> {
  const [ours, others] = [makeAuthority(folder, 'ours'), makeAuthority(folder, 'others')];
  const agentOf = (authority: typeof ours, name: string, subject: string): Agent => {
    const { keyFile, certFile } = authority.sign(name, subject);
    return new Agent({
      keepAlive: true,
      ca: ours.cert,
      key: readFileSync(keyFile),
      cert: readFileSync(certFile),
    });
  };
  const agents: Partial<Record<Caller, Agent>> = {
    actor: agentOf(ours, 'ann', '/CN=ann'),
    stranger: agentOf(ours, 'eve', '/CN=eve'),
    nobody: agentOf(others, 'forged', '/CN=ann'),
  };
  const { keyFile, certFile } = ours.sign('server', '/CN=127.0.0.1', 'subjectAltName=IP:127.0.0.1');
  const core = createGitServer(options);
  const server = createServer(
    {
      key: readFileSync(keyFile),
      cert: readFileSync(certFile),
      ca: ours.cert,
      requestCert: true,
      rejectUnauthorized: false,
    },
    nodeHandler(core),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    callers: ['actor', 'stranger', 'nobody'],
    ask(caller, path, ask) {
      const agent = agents[caller];
      if (!agent) throw new Error(`${caller} has no certificate`);
      return read(agent, port, path + ask.below, ask);
    },
    async close() {
      for (const agent of Object.values(agents)) agent.destroy();
      await core.close({ graceMs: 5_000 });
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
