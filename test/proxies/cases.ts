import { Agent } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git, makeRepository, tryGit } from '../contract/client.js';
import { ask, chunk, pushHead, RawConnection } from '../contract/http-client.js';
import { hasOpenssl } from '../support/certificates.js';
import { eventually } from '../support/server.js';
import { fetchLimitBytes, limitBytes, makeLarge, makeManyTips, makePlace, type Place } from './place.js';
import { tlsCases } from './tls-cases.js';
import { findProgram, startProxy, type ProxyKind, type RunningProxy } from './proxy.js';

const inCi = process.env['CI'] === 'true';

/** The contract of a proxy's snippet; skipped, aloud, where the proxy is not installed, but never in CI. */
export function describeProxy(kind: ProxyKind): void {
  const program = findProgram(kind);
  if (program === undefined && !inCi) {
    process.stderr.write(`skipped: ${kind.name} is not installed (${kind.programs.join(', ')})\n`);
  }
  describe.skipIf(program === undefined && !inCi)(`git behind ${kind.name}`, () => {
    let place: Place;
    let proxy: RunningProxy;

    beforeAll(async () => {
      if (program === undefined) throw new Error(`CI must have ${kind.name}`);
      place = await makePlace();
      proxy = await startProxy(kind, program, place.port);
    });

    afterAll(async () => {
      await proxy?.stop();
      await place?.close();
    });

    const url = (user = ''): string => `http://${user}127.0.0.1:${proxy.port}/git`;

    it('passes an answer on as it comes', async () => {
      const tip = await git(['rev-parse', 'main'], { cwd: join(place.stage.repositories, 'big.git') });
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
        await place.held.release();
        await eventually('the rest has come', () => connection.received.length > 6_000_000);
        expect(connection.received).toMatch(/^HTTP\/1\.1 200 /);
      } finally {
        connection.close();
      }
    });

    it('passes a request on before its end has come', async () => {
      const name = await place.stage.emptyRepository();
      const connection = new RawConnection(proxy.port);
      const credentials = `Authorization: ${basicHeader('ada')}`;
      try {
        await connection.write(pushHead(`/git/${name}`, [credentials]));
        // More than the 16 KiB that Apache collects before it asks the server.
        await connection.write(chunk(Buffer.alloc(64 * 1024, '0')));
        await eventually('the request has arrived', () => place.seen.includes(`rpc ${name}`));
        expect(connection.received).toBe('');
      } finally {
        connection.close();
      }
    });

    it('passes a clone in version 2', async () => {
      const { stage, requests } = place;
      await makeRepository(stage.repositories, 'with space é.git');
      const before = requests.length;
      const copy = stage.fresh();
      await git(['clone', '--quiet', `${url()}/with%20space%20%C3%A9.git`, copy], { cwd: stage.work });
      await git(['rev-parse', 'HEAD'], { cwd: copy });
      await eventually('three requests are reported', () => requests.length === before + 3);
      for (const { context, status, repository } of requests.slice(before)) {
        expect([context.protocolVersion, status]).toEqual([2, 200]);
        expect(repository?.name).toBe('with space é.git');
      }
    });

    it('tells the address of the client, which neither it nor anybody beside the proxy can choose', async () => {
      const { port, requests } = place;
      const question = {
        path: '/git/app.git/info/refs?service=git-upload-pack',
        headers: { 'X-Forwarded-For': '192.0.2.1' },
        agent: new Agent({ localAddress: '127.0.0.2', maxSockets: 1 }),
      };
      for (const way of [proxy.port, port]) {
        const before = requests.length;
        expect((await ask(way, question)).status).toBe(200);
        await eventually('it is reported', () => requests.length === before + 1);
        const { context } = requests.at(-1) ?? {};
        expect(context?.remoteAddress).toBe('127.0.0.2');
        expect(context?.peerAddress).toBe(way === port ? '127.0.0.2' : '127.0.0.1');
      }
    });

    it('passes a fetch of many refs, whose request git has compressed', async () => {
      const { stage, requests } = place;
      await makeManyTips(stage, 'many.git', 300);
      const copy = stage.fresh();
      await git(['clone', '--quiet', '--mirror', `${url()}/many.git`, copy], { cwd: stage.work });
      const [come, there] = await Promise.all(
        [copy, join(stage.repositories, 'many.git')].map((cwd) => git(['for-each-ref'], { cwd })),
      );
      expect(come).toBe(there);
      const packed = requests.filter(({ context }) => context.headers['content-encoding'] === 'gzip');
      expect(packed.map(({ context, status }) => [context.path, status])).toEqual([['many.git', 200]]);
    });

    it('asks for a password, tells the reason of a refusal, and passes a chunked push of 200 MB', async () => {
      const { stage, requests } = place;
      const name = await stage.emptyRepository();
      const tree = await makeLarge(stage, 200);
      const push = (user: string): string[] => ['push', '--quiet', `${url(user)}/${name}`, 'main'];
      const anonymous = await tryGit(push(''), { cwd: tree });
      expect(anonymous.code).not.toBe(0);
      expect(anonymous.stderr).toContain('could not read Username');
      const refused = await tryGit(push('bob:secret@'), { cwd: tree });
      expect(refused.stderr).toContain('remote: you are not allowed to push to this repository');
      await git(push('ada:secret@'), { cwd: tree });
      const commit = await git(['rev-parse', 'main'], { cwd: tree });
      expect(await git(['rev-parse', 'main'], { cwd: join(stage.repositories, name) })).toBe(commit);
      const last = requests.findLast(({ context }) => context.path === name && context.phase === 'rpc');
      expect(last?.context.headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    });

    it('waits for a push whose hook is silent for long, and passes on what the hook says then', async () => {
      const name = await place.stage.emptyRepository();
      // Longer than the second for which the configuration around the snippet lets the proxy wait.
      await place.addPreReceive(name, 'sleep 2.5', 'echo said after the silence >&2');
      const tree = await place.stage.checkout(`${url('ada:secret@')}/${name}`);
      const { code, stderr } = await tryGit(['push', 'origin', 'main'], { cwd: tree });
      expect(stderr).toContain('remote: said after the silence');
      expect(code).toBe(0);
    });

    it('passes on why a hook has refused a push', async () => {
      const name = await place.stage.emptyRepository();
      await place.addPreReceive(name, 'echo not on a Friday >&2', 'exit 1');
      const tree = await place.stage.checkout(`${url('ada:secret@')}/${name}`);
      const { code, stderr } = await tryGit(['push', 'origin', 'main'], { cwd: tree });
      expect(stderr).toContain('remote: not on a Friday');
      expect(stderr).toContain('(pre-receive hook declined)');
      expect(code).toBe(1);
    });

    it('passes on why a push was refused in its middle', async () => {
      const { repositories } = place.stage;
      await git(['init', '--quiet', '--bare', 'limited.git'], { cwd: repositories });
      const { code, stderr } = await tryGit(['push', `${url('ada:secret@')}/limited.git`, 'main'], {
        cwd: place.stage.large,
      });
      expect(code).not.toBe(0);
      expect(stderr).toContain(
        `the request body is larger than the ${limitBytes} bytes that this server accepts`,
      );
    });

    it.each([
      [401, '', 'app.git', 'authentication required', 'Basic realm="Git"'],
      [403, 'bob', 'app.git', 'you are not allowed to push to this repository', undefined],
      [404, 'ada', 'absent.git', 'repository not found', undefined],
      [503, 'eve', 'app.git', 'the server is busy; try again shortly', undefined],
    ])('leaves the text of a %i as it is', async (status, user, name, text, challenge) => {
      const headers: Record<string, string> = user === '' ? {} : { Authorization: basicHeader(user) };
      const path = `/git/${name}/info/refs?service=git-receive-pack`;
      const answer = await ask(proxy.port, { path, headers });
      expect([answer.status, answer.body]).toEqual([status, `${text}\n`]);
      expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(answer.headers['www-authenticate']).toBe(challenge);
    });

    it('leaves the text of a 413 as it is', async () => {
      const answer = await ask(proxy.port, {
        method: 'POST',
        path: '/git/app.git/git-upload-pack',
        headers: { 'Content-Type': 'application/x-git-upload-pack-request' },
        body: '0'.repeat(fetchLimitBytes + 1),
      });
      expect(answer.status).toBe(413);
      expect(answer.body).toBe(
        `the request body is larger than the ${fetchLimitBytes} bytes that this server accepts\n`,
      );
    });

    // Where the program is missing, the hook above has failed, or all is skipped.
    describe.skipIf(!hasOpenssl())('with TLS and HTTP/2', () => {
      tlsCases(kind, program ?? kind.name, () => place);
    });
  });
}

const basicHeader = (user: string): string => `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`;
