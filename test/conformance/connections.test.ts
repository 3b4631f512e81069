/** What HTTP allows a client to do with its connection. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository } from '../support/fixtures.js';
import {
  chunked,
  headerOf,
  openRaw,
  rawRequest,
  requestHead,
  type RawConnection,
  type RawResponse,
} from '../support/raw-http.js';
import { openLab, refOf, type Lab } from './lab.js';
import { fetchType, lsRefs, pushBody, pushType, responsesIn } from './raw-push.js';

let lab: Lab;
let guarded: Lab;
let copy = '';
let count = 0;
let ref = '';
let push: { oid: string; body: Buffer };

const authorization = ['Authorization', `Basic ${Buffer.from('ann:x').toString('base64')}`] as const;
const receive = { method: 'POST', path: '/app.git/git-receive-pack', headers: pushType } as const;

beforeAll(async () => {
  lab = await openLab();
  guarded = await openLab({
    publicWrite: false,
    authenticate: ({ credentials }) =>
      credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
    authorize: ({ user }) => user !== undefined,
    limits: { maxPushBytes: 1024 * 1024 },
  });
  await makeBareRepository(lab.at('app.git'));
  copy = lab.fresh();
  await gitOk(['clone', '-q', lab.at('app.git'), copy]);
  await gitOk(['clone', '-q', '--bare', lab.at('app.git'), guarded.at('app.git')]);
  await commitFile(copy, 'new', 'new\n');
});
afterAll(async () => {
  await lab.close();
  await guarded.close();
});
beforeEach(async () => {
  ref = `refs/heads/new-${(count += 1)}`;
  push = await pushBody(copy, ref);
});

async function withConnection<T>(port: number, use: (connection: RawConnection) => Promise<T>): Promise<T> {
  const connection = await openRaw(port);
  try {
    return await use(connection);
  } finally {
    connection.destroy();
  }
}

const answers = async (connection: RawConnection, wanted: number): Promise<RawResponse[]> => {
  await connection.until((received) => responsesIn(received).length >= wanted);
  return responsesIn(connection.received);
};

describe('a request that comes byte by byte', () => {
  const trickle = async (connection: RawConnection, bytes: Buffer): Promise<void> => {
    for (let i = 0; i < bytes.length; i += 1) await connection.write(bytes.subarray(i, i + 1));
  };

  it.each([
    ['with its length', undefined],
    ['in chunks of one byte', 1],
  ])('a push %s', async (_form, chunkBytes) => {
    const { oid, body } = push;
    const head = requestHead({ ...receive, body, ...(chunkBytes === undefined ? {} : { chunkBytes }) });
    const payload = chunkBytes === undefined ? body : chunked(body, chunkBytes);
    const answer = await withConnection(lab.server.port, async (connection) => {
      await trickle(connection, Buffer.concat([Buffer.from(head), payload]));
      return connection.response();
    });
    expect(answer.status).toBe(200);
    expect(answer.body.toString('latin1')).toContain(`ok ${ref}`);
    expect(await refOf(lab.at('app.git'), ref)).toBe(oid);
    await fsck(lab.at('app.git'));
  });

  it('a fetch', async () => {
    const request = { method: 'POST', path: '/app.git/git-upload-pack', headers: fetchType, body: lsRefs };
    const answer = await withConnection(lab.server.port, async (connection) => {
      await trickle(connection, Buffer.from(requestHead(request) + lsRefs));
      return connection.response();
    });
    expect(answer.body).toEqual((await rawRequest({ ...request, port: lab.server.port })).body);
    expect(answer.body.toString('latin1')).toContain(' refs/heads/main\n');
  });
});

describe('Expect: 100-continue', () => {
  const expecting = ['Expect', '100-continue'] as const;

  it.each([
    ['nobody in particular', 401, [['Content-Length', '1000']]],
    ['a body that is too large', 413, [['Content-Length', '2000000'], authorization]],
    [
      'an encoding that is unknown',
      415,
      [['Content-Length', '1000'], ['Content-Encoding', 'br'], authorization],
    ],
  ] as const)(
    '%s: the refusal comes at once, and nobody asks for the body',
    async (_what, status, headers) => {
      await withConnection(guarded.server.port, async (connection) => {
        await connection.write(requestHead({ ...receive, headers: [...pushType, ...headers, expecting] }));
        const answer = await connection.response();
        expect(answer.status).toBe(status);
        expect(connection.received.toString('latin1')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
        expect(connection.received.includes('100 Continue')).toBe(false);
      });
    },
  );

  it('one who may is asked for the body', async () => {
    const { oid, body } = push;
    await withConnection(guarded.server.port, async (connection) => {
      await connection.write(
        requestHead({ ...receive, headers: [...pushType, authorization, expecting], body }),
      );
      await connection.until((received) => received.includes('\r\n\r\n'));
      expect(connection.received.toString('latin1')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      await connection.write(body);
      expect((await connection.response()).body.toString('latin1')).toContain(`ok ${ref}`);
    });
    expect(await refOf(guarded.at('app.git'), ref)).toBe(oid);
  });
});

it('a 401 in the middle of a body does not spoil the connection: the retry goes over it', async () => {
  const { oid, body } = push;
  const piece = chunked(Buffer.alloc(200_000, 7), 50_000);
  await withConnection(guarded.server.port, async (connection) => {
    await connection.write(requestHead({ ...receive, body, chunkBytes: 1 }));
    await connection.write(piece.subarray(0, 120_000));
    const [refusal] = await answers(connection, 1);
    expect(refusal?.status).toBe(401);
    expect(refusal && headerOf(refusal, 'www-authenticate')).toBe('Basic realm="Git"');
    await connection.write(piece.subarray(120_000));
    await connection.write(requestHead({ ...receive, headers: [...pushType, authorization], body }));
    await connection.write(body);
    const [, result] = await answers(connection, 2);
    expect(result?.status).toBe(200);
    expect(result?.body.toString('latin1')).toContain(`ok ${ref}`);
  });
  expect(await refOf(guarded.at('app.git'), ref)).toBe(oid);
});

it('requests that are sent without waiting are answered in their order', async () => {
  const { oid, body } = push;
  const { port } = lab.server;
  const discovery = { path: '/app.git/info/refs?service=git-upload-pack' };
  const fetch = { method: 'POST', path: '/app.git/git-upload-pack', headers: fetchType, body: lsRefs };
  await withConnection(port, async (connection) => {
    await connection.write(
      Buffer.concat([
        Buffer.from(requestHead(discovery)),
        Buffer.from(requestHead({ ...receive, body })),
        body,
        Buffer.from(requestHead({ path: '/app.git/nothing' }) + requestHead({ path: '/app.git/HEAD' })),
        Buffer.from(requestHead(fetch) + lsRefs),
      ]),
    );
    const all = await answers(connection, 5);
    expect(all.map(({ status }) => status)).toEqual([200, 200, 404, 200, 200]);
    const texts = all.map((answer) => answer.body.toString('latin1'));
    expect(texts[0]).toMatch(/^001e# service=git-upload-pack\n/);
    expect(texts[1]).toContain(`ok ${ref}`);
    expect(texts[3]).toBe('ref: refs/heads/main\n');
    expect(texts[4]).toContain(' refs/heads/main\n');
  });
  expect(await refOf(lab.at('app.git'), ref)).toBe(oid);
});

it('a clone, and a push with its probe, need one connection each', async () => {
  let connections = 0;
  const onConnection = (): void => void (connections += 1);
  lab.server.http.on('connection', onConnection);
  const requests = lab.server.events.request.length;
  await gitOk(['clone', '-q', lab.url('app.git'), lab.fresh()]);
  expect(connections).toBe(1);
  const config = ['-c', 'http.postBuffer=1000', '-c', 'pack.compression=0'];
  await commitFile(copy, `large-${count}`, 'x'.repeat(5000));
  await gitOk([...config, 'push', '-q', lab.url('app.git'), `main:${ref}`], { cwd: copy });
  expect(connections).toBe(2);
  lab.server.http.off('connection', onConnection);
  const made = lab.server.events.request.slice(requests);
  expect(made).toHaveLength(6);
  expect(made.at(-1)?.context.headers['transfer-encoding']).toBe('chunked');
});

describe('HTTP/1.0', () => {
  it('a push with its length is done, and its answer ends with the connection', async () => {
    const { oid, body } = push;
    const answer = await rawRequest({ ...receive, port: lab.server.port, body, httpVersion: '1.0' });
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(headerOf(answer, 'transfer-encoding')).toBeUndefined();
    expect(answer.body.toString('latin1')).toContain(`ok ${ref}`);
    expect(await refOf(lab.at('app.git'), ref)).toBe(oid);
  });

  it('a push without its length is refused, with the reason', async () => {
    const answer = await rawRequest({ ...receive, port: lab.server.port, httpVersion: '1.0' });
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toBe('an HTTP/1.0 request with a body needs a Content-Length\n');
    expect(await refOf(lab.at('app.git'), ref)).toBe('');
  });
});
