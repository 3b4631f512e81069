import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGitServer, nodeHandler, type GitServer, type RequestEvent } from '../../src/index.js';
import { makeStage, type HeldPack, type Stage } from '../contract/cases/stage.js';
import { git, makeRepository, tryGit } from '../contract/client.js';
import { chunk, pushHead, RawConnection } from '../contract/http-client.js';
import { serverOptions } from '../contract/hosts/door.js';
import { eventually } from '../support/server.js';
import { findProgram, startProxy, type ProxyKind, type RunningProxy } from './proxy.js';

const inCi = process.env['CI'] === 'true';

/** The contract of a proxy's snippet; skipped, aloud, where the proxy is not installed, but never in CI. */
export function describeProxy(kind: ProxyKind): void {
  const program = findProgram(kind);
  if (program === undefined && !inCi) {
    process.stderr.write(`skipped: ${kind.name} is not installed (${kind.programs.join(', ')})\n`);
  }
  describe.skipIf(program === undefined && !inCi)(`git behind ${kind.name}`, () => {
    let stage: Stage;
    let held: HeldPack;
    let server: GitServer;
    let http: Server;
    let proxy: RunningProxy;
    const requests: RequestEvent[] = [];
    /** Requests that have reached the server, before their bodies have. */
    const seen: string[] = [];

    beforeAll(async () => {
      if (program === undefined) throw new Error(`CI must have ${kind.name}`);
      stage = await makeStage();
      held = await stage.heldPack('a part');
      server = createGitServer({
        repositories: stage.repositories,
        publicRead: true,
        gitConfig: { 'uploadpack.packObjectsHook': held.script },
        authenticate: ({ credentials }) =>
          credentials?.scheme === 'basic' && credentials.password === 'secret'
            ? { name: credentials.username }
            : undefined,
        authorize: ({ user, context }) => {
          seen.push(`${context.phase} ${context.path}`);
          return user?.name === 'ada';
        },
        limits: { maxPushBytes: 40_000_000 },
      });
      server.on('request', (event) => void requests.push(event));
      const handler = nodeHandler(server, {
        prefix: '/git',
        remoteAddress: (request) =>
          String(request.headers['x-forwarded-for'] ?? '')
            .split(',')
            .at(-1)
            ?.trim(),
      });
      http = createServer(serverOptions, handler);
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      proxy = await startProxy(kind, program, (http.address() as AddressInfo).port);
    });

    afterAll(async () => {
      await held?.release();
      await proxy?.stop();
      await server?.close({ graceMs: 5_000 });
      http?.closeAllConnections();
      http?.close();
      await stage?.remove();
    });

    const url = (user = ''): string => `http://${user}127.0.0.1:${proxy.port}/git`;

    it('passes an answer on as it comes', async () => {
      const tip = await git(['rev-parse', 'main'], { cwd: join(stage.repositories, 'big.git') });
      const body = `0011command=fetch00010032want ${tip}\n0009done\n0000`;
      const connection = new RawConnection(proxy.port);
      const head = [
        'POST /git/big.git/git-upload-pack HTTP/1.1',
        'Host: 127.0.0.1',
        'Git-Protocol: version=2',
        'Content-Type: application/x-git-upload-pack-request',
        `Content-Length: ${body.length}`,
      ];
      try {
        await connection.write(`${head.join('\r\n')}\r\n\r\n${body}`);
        // git holds the rest back until it is released, and that has not happened.
        await eventually('a part of the pack has come', () => connection.received.length > 500_000);
        await held.release();
        await eventually('the rest has come', () => connection.received.length > 6_000_000);
        expect(connection.received).toMatch(/^HTTP\/1\.1 200 /);
      } finally {
        connection.close();
      }
    });

    it('passes a request on before its end has come', async () => {
      const name = await stage.emptyRepository();
      const connection = new RawConnection(proxy.port);
      const credentials = `Authorization: Basic ${Buffer.from('ada:secret').toString('base64')}`;
      try {
        await connection.write(pushHead(`/git/${name}`, [credentials]));
        // More than the 16 KiB that Apache collects before it asks the server.
        await connection.write(chunk(Buffer.alloc(64 * 1024, '0')));
        await eventually('the request has arrived', () => seen.includes(`rpc ${name}`));
        expect(connection.received).toBe('');
      } finally {
        connection.close();
      }
    });

    it('passes a clone in version 2, and the address of the client that the client cannot choose', async () => {
      await makeRepository(stage.repositories, 'with space é.git');
      const before = requests.length;
      const clone = ['-c', 'http.extraHeader=X-Forwarded-For: 192.0.2.1', 'clone', '--quiet'];
      const copy = stage.fresh();
      await git([...clone, `${url()}/with%20space%20%C3%A9.git`, copy], { cwd: stage.work });
      await git(['rev-parse', 'HEAD'], { cwd: copy });
      await eventually('three requests are reported', () => requests.length === before + 3);
      for (const { context, status, repository } of requests.slice(before)) {
        expect([context.protocolVersion, context.remoteAddress, status]).toEqual([2, '127.0.0.1', 200]);
        expect(repository?.name).toBe('with space é.git');
      }
    });

    it('asks for a password, tells the reason of a refusal, and passes a chunked push of 30 MB', async () => {
      const name = await stage.emptyRepository();
      const push = (user: string): string[] => ['push', '--quiet', `${url(user)}/${name}`, 'main'];
      const anonymous = await tryGit(push(''), { cwd: stage.large });
      expect(anonymous.code).not.toBe(0);
      expect(anonymous.stderr).toContain('could not read Username');
      const refused = await tryGit(push('bob:secret@'), { cwd: stage.large });
      expect(refused.stderr).toContain('remote: you are not allowed to push to this repository');
      await git(push('ada:secret@'), { cwd: stage.large });
      const commit = await git(['rev-parse', 'main'], { cwd: stage.large });
      expect(await git(['rev-parse', 'main'], { cwd: join(stage.repositories, name) })).toBe(commit);
      const last = requests.findLast(({ context }) => context.path === name && context.phase === 'rpc');
      expect(last?.context.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    });

    it('passes on why a push was refused in its middle', async () => {
      const name = await stage.emptyRepository();
      const tree = await stage.checkout(`${url('ada:secret@')}/${name}`, 50_000_000);
      const { code, stderr } = await tryGit(
        ['-c', 'core.compression=0', '-c', 'pack.window=0', 'push', 'origin', 'main'],
        {
          cwd: tree,
        },
      );
      expect(code).not.toBe(0);
      expect(stderr).toContain('the request body is larger than the 40000000 bytes that this server accepts');
    });
  });
}
