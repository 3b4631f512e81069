/** Clients that stop in the middle, at every phase of a request. */
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeHandler } from '../../src/index.js';
import { pkt, zero, type Headers } from '../conformance/differential/case.js';
import { openLab, refOf, type Lab } from '../conformance/lab.js';
import { leftovers } from '../conformance/leftovers.js';
import { addManyRefs, commitRandom, gitOk, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { openRaw, parseResponse, requestHead, type RawConnection } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { typeOf } from './stage.js';

const spools = makeTempDir();
const limits = {
  requestIdleTimeoutMs: 250,
  responseIdleTimeoutMs: 250,
  spoolThresholdBytes: 10,
  temporaryDirectory: spools.path,
};
let lab: Lab;
/** The same repositories, with short deadlines of node:http. */
let impatient: Server;
let oid = '';

beforeAll(async () => {
  lab = await openLab({ limits });
  const work = lab.fresh();
  await gitOk(['init', '-q', '-b', 'main', work]);
  oid = await commitRandom(work, 'large', 24 * 1024 * 1024);
  await gitOk(['clone', '-q', '--bare', work, lab.at('app.git')]);
  await gitOk(['repack', '-q', '-a', '-d'], { cwd: lab.at('app.git') });
  await gitOk(['clone', '-q', '--bare', lab.at('app.git'), lab.at('refs.git')]);
  await addManyRefs(lab.at('refs.git'), 100_000);
  impatient = createServer(
    { requestTimeout: 0, headersTimeout: 250, connectionsCheckingInterval: 50, keepAliveTimeout: 250 },
    nodeHandler(lab.server.git),
  );
  await new Promise<void>((resolve) => impatient.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  impatient.closeAllConnections();
  await new Promise((resolve) => impatient.close(resolve));
  await lab.close();
  spools.dispose();
});

async function nothingLeft({ root }: Lab): Promise<void> {
  await eventually('git is gone, and so is all that it had', () => leftovers(root, spools.path).length === 0);
}

describe('S22: a client that is slow with its header', () => {
  it.each([
    ['says nothing', ''],
    ['says half a line', 'GET /app.git/info/re'],
    ['never ends its headers', 'GET /app.git/HEAD HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n'],
  ])('%s: its connection ends', async (_what, sent) => {
    const { port } = impatient.address() as AddressInfo;
    const connection = await openRaw(port);
    await connection.write(sent);
    // A line now and then does not help.
    const trickle = setInterval(() => void (sent !== '' && connection.socket.write('X')), 40);
    await eventually('the connection ends', () => connection.isClosed);
    clearInterval(trickle);
    const { status } = parseResponse(connection.received, { ended: true });
    expect([0, 400, 408]).toContain(status);
    connection.destroy();
  });

  // `requestTimeout: 0` alone, which long pushes need, takes the deadline of headers away too.
  it('in a server that is set up as we advise: it has a deadline for headers', () => {
    const root = join(import.meta.dirname, '..', '..');
    const examples = readdirSync(join(root, 'examples')).map((name) => join('examples', name));
    const lacking: string[] = [];
    for (const file of ['README.md', 'docs/embedding.md', 'src/cli/serve.ts', ...examples]) {
      const text = readFileSync(join(root, file), 'utf8');
      for (const [options] of text.matchAll(/\{[^{}]*requestTimeout: 0,[^{}]*\}/g)) {
        if (!options.includes('headersTimeout')) lacking.push(`${file}: ${options}`);
      }
    }
    expect(createServer({ requestTimeout: 0 }).headersTimeout).toBe(0);
    expect(lacking).toEqual([]);
  });
});

describe('S22: a client that is slow with its body', () => {
  const command = `${pkt(`${zero} ${'1'.repeat(40)} refs/heads/slow\0report-status side-band-64k`)}0000`;
  const stalls: readonly (readonly [string, string, string, Headers])[] = [
    ['a fetch that never begins', 'git-upload-pack', '', []],
    ['a fetch that stops in a line', 'git-upload-pack', '0032want 1234567890123456', []],
    ['a compressed fetch that stops', 'git-upload-pack', '\u001f', [['Content-Encoding', 'gzip']]],
    ['a push that never begins', 'git-receive-pack', '', []],
    ['a push that stops in its commands', 'git-receive-pack', command.slice(0, 50), []],
    ['a push that stops before its pack', 'git-receive-pack', command, []],
    ['a push that stops in its pack', 'git-receive-pack', `${command}PACK\0\0\0\u0002\0\0\0\u0009`, []],
  ];
  it.each(stalls)('%s is told so, and git is gone', async (_what, service, sent, more) => {
    const fresh = await openLab({ limits });
    await makeBareRepository(fresh.at('app.git'), { commits: 1 });
    const connection = await openRaw(fresh.server.port);
    const headers = [...typeOf(service), ...more, ['Content-Length', '100000'] as const];
    await connection.write(requestHead({ method: 'POST', path: `/app.git/${service}`, headers }));
    if (sent !== '') await connection.write(Buffer.from(sent, 'latin1'));
    // The client holds its end open all the time.
    const answer = await connection.response();
    const text = answer.body.toString('latin1');
    const isTold = answer.status === 408 || (answer.status === 0 && connection.isClosed);
    expect(isTold || /unpack (?!ok)/.test(text), `${answer.status} ${text}`).toBe(true);
    await nothingLeft(fresh);
    connection.destroy();
    expect(await refOf(fresh.at('app.git'), 'refs/heads/slow')).toBe('');
    await fresh.close();
  });
});

describe('S22: a client that is slow with reading', () => {
  const fetchBody = (): string => `${pkt('command=fetch')}0001${pkt(`want ${oid}\n`)}${pkt('done\n')}0000`;
  const version2 = ['Git-Protocol', 'version=2'] as const;

  /** Sends a request and reads nothing of its answer. */
  async function stare(head: string): Promise<RawConnection> {
    const connection = await openRaw(lab.server.port);
    connection.socket.pause();
    await connection.write(head);
    return connection;
  }
  const pack = (): string =>
    readdirSync(lab.at('app.git/objects/pack')).find((name) => name.endsWith('.pack')) ?? '';

  it.each<readonly [string, () => string]>([
    [
      'of a pack',
      () =>
        requestHead({
          method: 'POST',
          path: '/app.git/git-upload-pack',
          headers: [...typeOf('git-upload-pack'), version2],
          body: fetchBody(),
        }) + fetchBody(),
    ],
    ['of many refs', () => requestHead({ path: '/refs.git/info/refs?service=git-upload-pack' })],
    ['of many refs for dumb clients', () => requestHead({ path: '/refs.git/info/refs' })],
    ['of a file', () => requestHead({ path: `/app.git/objects/pack/${pack()}` })],
  ])('%s: its connection ends, its answer does not look whole, and git is gone', async (_what, request) => {
    const before = lab.server.events.request.length;
    const connection = await stare(request());
    await eventually('it is given up', () => lab.server.events.request.length > before);
    expect(lab.server.events.request.at(-1)?.aborted).toBe(true);
    await nothingLeft(lab);
    connection.socket.resume();
    await eventually('the connection ends', () => connection.isClosed);
    const answer = parseResponse(connection.received, { ended: false });
    expect(answer).toMatchObject({ status: 200, complete: false });
    connection.destroy();
  });
});
