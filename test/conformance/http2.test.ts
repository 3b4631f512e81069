/** HTTP/2 through the compatibility API of node:http2. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect, constants, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GitServerOptions } from '../../src/index.js';
import { commitRandom, fsck, gitOk, makeBareRepository, makeTempDir, refsOf } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { delimiter, flush, pkt } from './differential/case.js';
import { makeCertificate, startHttp2Server, type Http2Server } from './http2-server.js';
import { clientOf, protocolVersions, refOf } from './lab.js';
import { killedAfter, makeScriptedGit, onRpc, when } from './scripted-git.js';

const folder = makeTempDir();
const certificate = makeCertificate(join(folder.path, 'certificate'));
const root = join(folder.path, 'served');
const at = (name: string): string => join(root, name);
let count = 0;
const fresh = (): string => join(folder.path, `fresh-${(count += 1)}`);
const over = ['-c', 'http.sslVerify=false', '-c', 'http.version=HTTP/2'];
/** In chunks, and without the time that compressing random bytes takes. */
const large = [...over, '-c', 'http.postBuffer=65536', '-c', 'core.compression=0', '-c', 'pack.window=0'];
let work = '';
afterAll(() => folder.dispose());

describe.skipIf(!certificate)('HTTP/2', () => {
  const servers: Http2Server[] = [];
  const start = async (options: Partial<GitServerOptions> = {}): Promise<Http2Server> => {
    if (!certificate) throw new Error('there is no certificate');
    const server = await startHttp2Server(certificate, {
      repositories: root,
      publicRead: true,
      publicWrite: true,
      ...options,
    });
    servers.push(server);
    return server;
  };
  let server: Http2Server;

  beforeAll(async () => {
    mkdirSync(root);
    server = await start();
    await makeBareRepository(at('app.git'));
    work = fresh();
    await gitOk(['clone', '-q', at('app.git'), work]);
    await commitRandom(work, 'large', 30_000_000);
    await gitOk(['clone', '-q', '--bare', work, at('big.git')]);
  });
  afterAll(async () => {
    for (const one of servers) await one.close();
  });

  const emptyRepository = async (): Promise<string> => {
    const name = `empty-${(count += 1)}.git`;
    await makeBareRepository(at(name), { commits: 0 });
    return name;
  };

  it.each(protocolVersions)('carries a clone, protocol version %i', async (version) => {
    const client = clientOf(version);
    const before = server.events.request.length;
    const copy = fresh();
    await client.ok([...over, 'clone', '-q', `${server.url}/big.git`, copy]);
    expect(await refOf(copy, 'HEAD')).toBe(await refOf(at('big.git'), 'main'));
    await fsck(copy);
    for (const { context, status } of server.events.request.slice(before)) {
      expect([context.headers[':scheme'], context.remoteAddress, status]).toEqual([
        'https',
        '127.0.0.1',
        200,
      ]);
      expect(context.protocolVersion).toBe(version);
    }
  });

  it('carries a push of 30 MB whose length nobody knows, with its probe', async () => {
    const name = await emptyRepository();
    const before = server.events.request.length;
    await clientOf(2).ok([...large, 'push', '-q', `${server.url}/${name}`, 'main'], work);
    expect(await refOf(at(name), 'main')).toBe(await refOf(work, 'main'));
    await fsck(at(name));
    const made = server.events.request.slice(before).map(({ context }) => context.headers['content-length']);
    expect(made).toEqual([undefined, '4', undefined]);
    expect(server.events.push.at(-1)?.updates[0]?.result.status).toBe('ok');
  });

  it('and HTTP/1.1 work on one port', async () => {
    const name = await emptyRepository();
    const old = [...large, '-c', 'http.version=HTTP/1.1'];
    await clientOf(2).ok([...old, 'push', '-q', `${server.url}/${name}`, 'main'], work);
    const copy = fresh();
    await clientOf(2).ok([...old, 'clone', '-q', `${server.url}/${name}`, copy]);
    await fsck(copy);
    expect(server.events.request.at(-1)?.context.headers).not.toHaveProperty(':scheme');
  });

  // curl 7.88 runs in circles for ever when its upload is answered before its end.
  it('a push that turns out to be too large is told so in its report', async () => {
    const small = await start({ limits: { maxPushBytes: 1_000_000 } });
    const name = await emptyRepository();
    const { code, stderr } = await clientOf(2).try([...large, 'push', `${small.url}/${name}`, 'main'], work);
    const reason = 'the request body is larger than the 1000000 bytes that this server accepts';
    expect(stderr).toContain(` ! [remote rejected] main -> main (${reason})`);
    expect(code).toBe(1);
    expect(await refsOf(at(name))).toBe('');
  });

  it('a push that git itself refuses in its middle is told why', async () => {
    const name = await emptyRepository();
    await gitOk(['config', 'receive.maxInputSize', '1000000'], { cwd: at(name) });
    const { code, stderr } = await clientOf(2).try([...large, 'push', `${server.url}/${name}`, 'main'], work);
    expect(stderr).toContain('pack exceeds maximum allowed size');
    expect(stderr).toContain('! [remote rejected] main -> main (unpacker error)');
    expect(code).toBe(1);
    await fsck(at(name));
  });

  // There is no such test for 401: curl 7.88 hangs on it in the middle of an upload, whatever the server does.
  it('a push that is refused while it is sent is told so', async () => {
    let transfers = 0;
    const isLate = (phase: string): boolean => phase === 'rpc' && (transfers += 1) > 1;
    const changing = await start({
      publicWrite: false,
      authenticate: () => ({ name: 'ann' }),
      authorize: ({ context }) => context.operation === 'read' || !isLate(context.phase),
    });
    const name = await emptyRepository();
    const { code, stderr } = await clientOf(2).try(
      [...large, 'push', `${changing.url}/${name}`, 'main'],
      work,
    );
    expect(stderr).toMatch(/The requested URL returned error: 403|HTTP 403/);
    expect(code).not.toBe(0);
    expect(changing.events.request.at(-1)?.status).toBe(403);
    expect(await refsOf(at(name))).toBe('');
  });

  it('a fetch whose git is killed does not look complete', async () => {
    const script = makeScriptedGit(join(folder.path, 'scripted'));
    const failing = await start({ gitCommand: script.command });
    script.tell(when(onRpc, killedAfter(100_000)));
    const args = [...over, 'clone', `${failing.url}/big.git`, fresh()];
    const { code, stderr } = await clientOf(0).try(args);
    expect(code).toBe(128);
    expect(stderr).toMatch(/RPC failed; curl 92 HTTP\/2 stream \d+ was not closed cleanly: INTERNAL_ERROR/);
  });

  describe('a stream by itself', () => {
    const withSession = async <T>(
      one: Http2Server,
      use: (session: ClientHttp2Session) => Promise<T>,
    ): Promise<T> => {
      const session = connect(one.url, { rejectUnauthorized: false });
      try {
        return await use(session);
      } finally {
        session.destroy();
      }
    };
    const ask = (
      session: ClientHttp2Session,
      headers: OutgoingHttpHeaders,
    ): Promise<{ headers: OutgoingHttpHeaders; body: string }> =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers);
        let found: OutgoingHttpHeaders = {};
        let body = '';
        stream.once('response', (given) => (found = given));
        stream.setEncoding('latin1').on('data', (text: string) => (body += text));
        stream.once('end', () => resolve({ headers: found, body })).once('error', reject);
      });

    it('has no headers that belong to a connection, and HEAD is GET without its body', async () => {
      const path = '/app.git/info/refs?service=git-upload-pack';
      const [got, head] = await withSession(server, (session) =>
        Promise.all([ask(session, { ':path': path }), ask(session, { ':path': path, ':method': 'HEAD' })]),
      );
      const names = [':status', 'cache-control', 'content-type', 'date', 'expires', 'pragma'];
      expect(Object.keys(got.headers).toSorted()).toEqual(names);
      expect(got.body).toMatch(/^001e# service=git-upload-pack\n0000/);
      expect(Object.keys(head.headers).toSorted()).toEqual(names);
      expect(head.body).toBe('');
    });

    it('whose reader reads nothing is closed, though git had been silent for longer than that before', async () => {
      const slow = fresh();
      writeFileSync(slow, '#!/bin/sh\nsleep 1\nexec "$@"\n');
      chmodSync(slow, 0o755);
      const impatient = await start({
        gitConfig: { 'uploadpack.packObjectsHook': slow, 'uploadpack.keepAlive': '0' },
        limits: { responseIdleTimeoutMs: 200 },
      });
      const want = pkt(`want ${await refOf(at('big.git'), 'main')}`);
      await withSession(impatient, async (session) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': '/big.git/git-upload-pack',
          'content-type': 'application/x-git-upload-pack-request',
          'git-protocol': 'version=2',
        });
        stream.on('error', () => {});
        // Nobody reads: the window of the stream is soon full.
        stream.end(`${pkt('command=fetch')}${delimiter}${want}${pkt('done')}${flush}`);
        await eventually('the request is reported', () => impatient.events.request.length === 1);
        expect(impatient.events.request[0]).toMatchObject({ status: 200, aborted: true });
        await eventually('the stream is closed', () => stream.closed);
        expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
      });
    });
  });
});
