/** `fetchHandler` by itself: plain Web requests, no socket. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGitServer, fetchHandler, OptionError, type RequestEvent } from '../../src/index.js';
import { eventually } from '../support/server.js';
import { isRunning, makeStage, type Stage } from './cases/stage.js';

let stage: Stage;

beforeAll(async () => {
  stage = await makeStage();
});

afterAll(() => stage.remove());

const base = 'http://git.example.org';
const rpcType = 'application/x-git-upload-pack-request';
const lsRefs = '0014command=ls-refs\n0000';

function pkt(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

function rpc(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  init: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Request {
  const headers = { 'Content-Type': rpcType, 'Git-Protocol': 'version=2', ...init.headers };
  return new Request(base + path, { ...init, method: 'POST', body, headers });
}

describe('fetchHandler without a socket', () => {
  it('answers discovery with the headers of git and nothing else', async () => {
    const handler = fetchHandler(createGitServer({ repositories: stage.repositories }));
    const response = await handler(new Request(`${base}/app.git/info/refs?service=git-upload-pack`));
    expect(response.status).toBe(200);
    expect([...response.headers]).toEqual([
      ['cache-control', 'no-cache, max-age=0, must-revalidate'],
      ['content-type', 'application/x-git-upload-pack-advertisement'],
      ['expires', 'Fri, 01 Jan 1980 00:00:00 GMT'],
      ['pragma', 'no-cache'],
    ]);
    const text = await response.text();
    expect(text).toContain('# service=git-upload-pack\n0000');
    expect(text).toContain('refs/heads/main');
  });

  it('reads bodies, compressed ones too', async () => {
    const handler = fetchHandler(createGitServer({ repositories: stage.repositories }));
    const plain = await handler(rpc('/app.git/git-upload-pack', lsRefs));
    const text = await plain.text();
    expect(text).toMatch(/^[0-9a-f]{4}[0-9a-f]{40} HEAD\n/);
    const packed = new Uint8Array(gzipSync(lsRefs));
    const request = rpc('/app.git/git-upload-pack', packed, { headers: { 'Content-Encoding': 'gzip' } });
    expect(await (await handler(request)).text()).toBe(text);
  });

  it('gives the fallback what the host gave, and a body that nobody has touched', async () => {
    const git = createGitServer({ repositories: stage.repositories });
    const handler = fetchHandler<[tenant: string]>(git, {
      prefix: '/git/',
      fallback: async (request, tenant) => new Response(`${tenant}: ${await request.text()}`),
    });
    const inside = new Request(`${base}/git/form`, { method: 'POST', body: 'inside' });
    expect(await (await handler(inside, 'acme')).text()).toBe('acme: inside');
    const outside = new Request(`${base}/form`, { method: 'POST', body: 'outside' });
    expect(await (await handler(outside, 'acme')).text()).toBe('acme: outside');
    const ours = await handler(new Request(`${base}/git/app.git/HEAD`), 'acme');
    expect(await ours.text()).toBe('ref: refs/heads/main\n');
  });

  it('answers 404 where there is no fallback', async () => {
    const handler = fetchHandler(createGitServer({ repositories: stage.repositories }));
    const response = await handler(new Request(`${base}/`));
    expect([response.status, await response.text()]).toEqual([404, 'not found\n']);
  });

  it('answers HEAD and the preflight without a body', async () => {
    const git = createGitServer({ repositories: stage.repositories, cors: { origins: '*' } });
    const handler = fetchHandler(git);
    const head = await handler(new Request(`${base}/app.git/HEAD`, { method: 'HEAD' }));
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '21', '']);
    const preflight = await handler(
      new Request(`${base}/app.git/git-upload-pack`, { method: 'OPTIONS', headers: { Origin: base } }),
    );
    expect([preflight.status, preflight.body]).toEqual([204, null]);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
  });

  it('tells functions of the address that the host knows, and of none by default', async () => {
    const seen: (string | undefined)[] = [];
    const git = createGitServer({
      repositories: stage.repositories,
      authorize: ({ context }) => seen.push(context.remoteAddress) > 0,
    });
    const request = (): Request =>
      new Request(`${base}/app.git/HEAD`, { headers: { 'X-Real-IP': '192.0.2.7' } });
    await fetchHandler(git)(request());
    await fetchHandler(git, { remoteAddress: ({ headers }) => headers.get('x-real-ip') ?? undefined })(
      request(),
    );
    expect(seen).toEqual([undefined, '192.0.2.7']);
  });

  it('gives several challenges as one header that keeps them apart', async () => {
    const git = createGitServer({
      repositories: stage.repositories,
      publicRead: false,
      authenticate: () => undefined,
      challenge: () => ['Bearer', 'Basic realm="Git"'],
    });
    const response = await fetchHandler(git)(new Request(`${base}/app.git/HEAD`));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer, Basic realm="Git"');
  });

  it.each(['git', '/git?x', 7])('rejects the prefix %j', (prefix) => {
    const git = createGitServer({ repositories: stage.repositories });
    expect(() => fetchHandler(git, { prefix: prefix as string })).toThrow(OptionError);
  });
});

describe('a clone through fetchHandler', () => {
  /** A fetch whose pack stops after its first part. */
  async function startFetch(
    signal?: AbortSignal,
  ): Promise<{ response: Response; pids: readonly number[]; requests: RequestEvent[] }> {
    const held = await stage.heldPack('a part');
    const git = createGitServer({
      repositories: stage.repositories,
      gitConfig: { 'uploadpack.packObjectsHook': held.script },
    });
    const requests: RequestEvent[] = [];
    git.on('request', (event) => void requests.push(event));
    const handler = fetchHandler(git);
    const refs = await (await handler(rpc('/big.git/git-upload-pack', lsRefs))).text();
    const body = `${pkt('command=fetch')}0001${pkt(`want ${refs.slice(4, 44)}\n`)}${pkt('done\n')}0000`;
    const response = await handler(
      rpc('/big.git/git-upload-pack', body, signal === undefined ? {} : { signal }),
    );
    await eventually('git packs', () => held.pids().length === 2);
    return { response, pids: held.pids(), requests };
  }

  it('ends git when the host cancels the answer', async () => {
    const { response, pids, requests } = await startFetch();
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.length).toBeGreaterThan(0);
    await reader?.cancel();
    await eventually('git has ended', () => !pids.some(isRunning));
    await eventually('both requests are reported', () => requests.length === 2);
    expect(requests.map(({ aborted }) => aborted)).toEqual([false, true]);
  });

  it('ends git when the request is aborted, and the answer fails', async () => {
    const client = new AbortController();
    const { response, pids } = await startFetch(client.signal);
    const whole = response.arrayBuffer();
    client.abort();
    await expect(whole).rejects.toThrow('Premature close');
    await eventually('git has ended', () => !pids.some(isRunning));
  });

  it('fails the answer when git is killed, so that it does not look complete', async () => {
    const { response, pids } = await startFetch();
    const whole = response.arrayBuffer();
    const [hook, uploadPack] = pids;
    for (const pid of [uploadPack, hook]) process.kill(pid ?? 0, 'SIGKILL');
    await expect(whole).rejects.toThrow('git was ended by SIGKILL');
  });
});
