import { createHmac } from 'node:crypto';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { send, type SendOutcome, type SendSettings } from '../../../src/webhooks/send.js';
import { resolveWithSystem } from '../../../src/webhooks/target.js';
import { resolveWebhook, type WebhookDefinition } from '../../../src/webhooks/webhook.js';
import { startReceiver, withStatus, type Receiver } from '../../support/receiver.js';

const secret = 'only-the-two-of-us-know';
const body = Buffer.from('{"ref":"refs/heads/größe"}');
const head = { id: '6e7f1ad0-3ae2-4b6f-8a9e-000000000000', event: 'push' } as const;
const settings: SendSettings = {
  userAgent: 'GitTyphoon/test',
  resolve: resolveWithSystem,
  timeoutMs: 10_000,
  connectTimeoutMs: 5_000,
};

let receiver: Receiver;

beforeEach(async () => {
  receiver = await startReceiver();
});

afterEach(() => receiver.close());

function sendTo(
  definition: Partial<WebhookDefinition> = {},
  changes: Partial<SendSettings> = {},
  signal?: AbortSignal,
): Promise<SendOutcome> {
  const webhook = { url: receiver.url, secret, allowPrivateAddresses: ['127.0.0.1'], ...definition };
  return send(resolveWebhook(webhook, 'hook'), head, body, { ...settings, ...changes }, signal);
}

test('a delivery is a POST with the headers of the forges, signed over the very bytes of its body', async () => {
  expect(await sendTo()).toEqual({ type: 'delivered', status: 204 });
  const [received] = receiver.received;
  expect(received?.method).toBe('POST');
  expect(received?.path).toBe('/hook');
  expect(received?.body).toEqual(body);
  const digest = createHmac('sha256', secret).update(body).digest('hex');
  expect(received?.headers).toMatchObject({
    'content-type': 'application/json',
    'content-length': String(body.length),
    'user-agent': 'GitTyphoon/test',
    'x-github-event': 'push',
    'x-github-delivery': head.id,
    'x-hub-signature-256': `sha256=${digest}`,
    'x-gitea-event': 'push',
    'x-gitea-delivery': head.id,
    'x-gitea-signature': digest,
    host: `127.0.0.1:${receiver.port}`,
  });
});

test.each([200, 201, 202, 299])('status %i means that it has arrived', async (status) => {
  receiver.answer = withStatus(status);
  expect(await sendTo()).toEqual({ type: 'delivered', status });
});

test.each([400, 401, 404, 410, 500, 503])('status %i means that it has not', async (status) => {
  receiver.answer = withStatus(status);
  expect(await sendTo()).toMatchObject({ type: 'failed', status, retryAfterMs: undefined });
});

test.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed', async (status) => {
  const elsewhere = await startReceiver();
  try {
    receiver.answer = withStatus(status, { Location: elsewhere.url });
    expect(await sendTo()).toMatchObject({
      type: 'failed',
      status,
      reason: expect.stringContaining('not followed'),
    });
    expect(elsewhere.received).toEqual([]);
  } finally {
    await elsewhere.close();
  }
});

test('a receiver may ask for a pause in seconds or by a date', async () => {
  receiver.answer = withStatus(429, { 'Retry-After': '120' });
  expect(await sendTo()).toMatchObject({ retryAfterMs: 120_000 });
  receiver.answer = withStatus(503, { 'Retry-After': new Date(Date.now() + 3_600_000).toUTCString() });
  const outcome = await sendTo();
  expect(outcome.type === 'failed' && outcome.retryAfterMs).toBeGreaterThan(3_000_000);
  receiver.answer = withStatus(503, { 'Retry-After': 'soon' });
  expect(await sendTo()).toMatchObject({ retryAfterMs: undefined });
});

describe('what a receiver cannot do is', () => {
  test('hang before its answer', async () => {
    receiver.answer = () => {};
    expect(await sendTo({}, { timeoutMs: 150 })).toMatchObject({
      type: 'failed',
      status: undefined,
      reason: 'there was no answer within 150 ms',
    });
  });

  test('hang in the middle of its answer', async () => {
    receiver.answer = (response) => void response.writeHead(200).write('so');
    expect(await sendTo({}, { timeoutMs: 150 })).toEqual({ type: 'delivered', status: 200 });
  });

  test('send an answer without an end', async () => {
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      receiver.answer = (response) => {
        response.once('close', resolve);
        const block = Buffer.alloc(64 * 1024);
        const more = (): void => {
          sent += block.length;
          if (!response.destroyed) response.write(block, () => setImmediate(more));
        };
        more();
      };
    });
    expect(await sendTo()).toEqual({ type: 'delivered', status: 200 });
    await closed;
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test('accept a connection and say nothing of TLS', async () => {
    const server = createTcpServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const outcome = await sendTo({ url: `https://127.0.0.1:${port}/` }, { connectTimeoutMs: 150 });
    expect(outcome).toMatchObject({ type: 'failed', reason: 'there was no connection within 150 ms' });
    server.close();
  });

  test('answer with what is no HTTP, or nothing', async () => {
    for (const answer of ['SSH-2.0-OpenSSH\r\n', '']) {
      const server = createTcpServer((socket) => void socket.on('error', () => {}).end(answer));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      expect(await sendTo({ url: `http://127.0.0.1:${port}/` })).toMatchObject({
        type: 'failed',
        status: undefined,
      });
      server.close();
    }
  });
});

test('a resolver that hangs counts as no connection', async () => {
  const url = `http://ci.example.org:${receiver.port}/`;
  const resolve = (): Promise<never> => new Promise(() => {});
  expect(await sendTo({ url }, { resolve, connectTimeoutMs: 100 })).toMatchObject({
    type: 'failed',
    reason: 'there was no connection within 100 ms',
  });
});

test('where nobody listens, the reason says so, and neither the path nor the secret', async () => {
  const { url } = receiver;
  await receiver.close();
  const outcome = await sendTo({ url: `${url}/token-in-the-path` });
  expect(outcome).toMatchObject({ type: 'failed', reason: expect.stringContaining('ECONNREFUSED') });
  expect(JSON.stringify(outcome)).not.toContain('token');
  receiver = await startReceiver();
});

describe('addresses that are not public (SECURITY S9)', () => {
  test.each(['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost'])(
    'are not connected to: %s',
    async (host) => {
      const url = `http://${host}:${receiver.port}/`;
      expect(await sendTo({ url, allowPrivateAddresses: false })).toMatchObject({
        type: 'failed',
        reason: expect.stringContaining('not a public address'),
      });
      expect(receiver.received).toEqual([]);
    },
  );

  test('are not connected to by a name that leads to them', async () => {
    const url = `http://ci.example.org:${receiver.port}/`;
    const resolve = (): Promise<string[]> => Promise.resolve(['127.0.0.1']);
    const outcome = await sendTo({ url, allowPrivateAddresses: false }, { resolve });
    expect(outcome).toMatchObject({ reason: expect.stringContaining('ci.example.org is at 127.0.0.1') });
    expect(receiver.received).toEqual([]);
    expect(await sendTo({ url }, { resolve })).toEqual({ type: 'delivered', status: 204 });
  });

  test('are not reached by a name that is rebound after the check: it is resolved once', async () => {
    const url = `http://rebinding.example.org:${receiver.port}/`;
    let asked = 0;
    // 127.0.0.2 is allowed and nobody listens there; a second question would be answered with the receiver's address.
    const resolve = (): Promise<string[]> => {
      asked += 1;
      return Promise.resolve([asked === 1 ? '127.0.0.2' : '127.0.0.1']);
    };
    const outcome = await sendTo({ url, allowPrivateAddresses: ['127.0.0.2'] }, { resolve });
    expect(outcome).toMatchObject({ type: 'failed', reason: expect.stringContaining('127.0.0.2') });
    expect(asked).toBe(1);
    expect(receiver.received).toEqual([]);
  });
});

test('the Host header holds the name, although the address was chosen before', async () => {
  const url = `http://ci.example.org:${receiver.port}/`;
  await sendTo({ url }, { resolve: () => Promise.resolve(['127.0.0.1']) });
  expect(receiver.received[0]?.headers.host).toBe(`ci.example.org:${receiver.port}`);
});

test('an attempt can be broken off at any time', async () => {
  receiver.answer = () => {};
  const controller = new AbortController();
  const outcome = sendTo({}, {}, controller.signal);
  await receiver.waitFor(1);
  controller.abort();
  expect(await outcome).toEqual({ type: 'aborted' });
  expect(await sendTo({}, {}, controller.signal)).toEqual({ type: 'aborted' });
});
