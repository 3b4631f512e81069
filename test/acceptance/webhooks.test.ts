/** Webhooks of the built server, over real pushes. */
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withStatus } from '../support/receiver.js';
import { eventually } from '../support/server.js';
import { openWebhookStage, secret, type WebhookStage } from './webhook-stage.js';

let stage: WebhookStage;

beforeEach(async () => {
  stage = await openWebhookStage();
});

afterEach(() => stage.close());

/** It would print what it refuses. */
const silent = (): void => {};
const quiet = { debug: silent, info: silent, warn: silent, error: silent };

test("a push reaches a receiver that GitHub's own library verifies and understands", async () => {
  const webhooks = new Webhooks({ secret });
  const seen: unknown[] = [];
  webhooks.on('push', ({ id, name, payload }) => void seen.push({ id, name, payload }));
  webhooks.on('ping', ({ name }) => void seen.push(name));
  const http = createHttpServer((request, response) => {
    void createNodeMiddleware(webhooks, { path: '/hook', log: quiet })(request, response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  try {
    const file = stage.writeWebhooks(`http://127.0.0.1:${(http.address() as AddressInfo).port}/hook`);
    const ping = await stage.place.run('webhook', 'test', '--webhooks', file);
    expect(ping).toMatchObject({ code: 0, stdout: 'ci: delivered, status 200\n', stderr: '' });
    const server = await stage.serve(file);
    const before = await stage.place.git('-C', join(stage.place.root, 'app.git'), 'rev-parse', 'main');
    await stage.push(server);
    const after = await stage.place.git('-C', join(stage.place.root, 'app.git'), 'rev-parse', 'main');
    await eventually('it is received', () => seen.length === 2);
    expect(seen).toEqual([
      'ping',
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        name: 'push',
        payload: expect.objectContaining({
          ref: 'refs/heads/main',
          before,
          after,
          created: false,
          deleted: false,
          forced: false,
          commits: [expect.objectContaining({ id: after, distinct: true })],
          head_commit: expect.objectContaining({
            id: after,
            url: `https://git.example.org/app.git/commit/${after}`,
          }),
          pusher: { name: 'ann' },
          repository: expect.objectContaining({
            name: 'app',
            full_name: 'app',
            clone_url: 'https://git.example.org/app.git',
          }),
        }),
      },
    ]);
    await eventually('the queue is empty', () => stage.waiting().length === 0);
    writeFileSync(join(stage.place.folder, 'ci.secret'), 'another');
    const wrong = await stage.place.run('webhook', 'test', '--webhooks', file);
    expect(wrong).toMatchObject({ code: 1, stdout: 'ci: failed: the receiver answered with 400\n' });
  } finally {
    http.closeAllConnections();
    await new Promise<void>((resolve) => http.close(() => resolve()));
  }
});

test('a delivery outlives a server that is killed while it waits for the answer, with its id', async () => {
  stage.receiver.answer = () => {};
  const file = stage.writeWebhooks();
  const server = await stage.serve(file);
  await stage.push(server);
  await stage.receiver.waitFor(1);
  server.signal('SIGKILL');
  await server.ended;
  const [kept = ''] = stage.waiting();
  expect(kept).toContain(String(stage.receiver.received[0]?.headers['x-github-delivery']));
  stage.receiver.answer = withStatus(200);
  await stage.serve(file);
  await stage.receiver.waitFor(2);
  const [first, second] = stage.receiver.received;
  expect(second?.headers['x-github-delivery']).toBe(first?.headers['x-github-delivery']);
  expect(second?.body).toEqual(first?.body);
  await eventually('the queue is empty', () => stage.waiting().length === 0);
});

test('pushes while a receiver is down arrive in their order once it is back, also over a restart', async () => {
  const { port } = stage.receiver;
  await stage.receiver.close();
  const file = stage.writeWebhooks();
  const first = await stage.serve(file);
  await stage.push(first);
  await stage.push(first);
  await eventually('both are kept', () => stage.waiting().length === 2);
  await eventually('one has failed', () => first.stderr().includes('ECONNREFUSED'));
  expect((await first.stop()).code).toBe(0);
  await stage.replaceReceiver(port, withStatus(202));
  const second = await stage.serve(file);
  await stage.push(second);
  await stage.receiver.waitFor(3);
  const chain = stage.receiver.received.map(({ payload }) => payload);
  expect(chain[1]?.['before']).toBe(chain[0]?.['after']);
  expect(chain[2]?.['before']).toBe(chain[1]?.['after']);
});

test('a delivery that runs may end when the server is told to; what waits behind it stays', async () => {
  const finish: (() => void)[] = [];
  stage.receiver.answer = (response) => void finish.push(() => response.writeHead(200).end());
  const server = await stage.serve(stage.writeWebhooks());
  await stage.push(server);
  await stage.push(server);
  await stage.receiver.waitFor(1);
  const isWhole = (name: string): boolean =>
    readFileSync(join(stage.queue, name), 'utf8').includes('\\"truncated\\":false');
  await eventually('both are kept with their commits', () => stage.waiting().filter(isWhole).length === 2);
  server.signal('SIGTERM');
  await eventually('it is ending', () => server.stderr().includes('ending'));
  finish[0]?.();
  expect((await server.ended).code).toBe(0);
  expect(stage.receiver.received).toHaveLength(1);
  expect(stage.waiting()).toHaveLength(1);
});

test('what is logged of deliveries, at any level, holds neither the secret nor the URL', async () => {
  stage.receiver.answer = withStatus(500);
  const file = stage.writeWebhooks(`${stage.receiver.url}/token-in-the-path`);
  const server = await stage.serve(file, '--log-level', 'trace');
  await stage.push(server);
  await eventually('the failure is logged', () => server.stderr().includes('answered with 500'));
  const { stdout, stderr } = await server.stop();
  const line = stderr.split('\n').find((text) => text.includes('answered with 500')) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({
    level: 'warn',
    hook: 'ci',
    repository: 'app.git',
    status: 500,
    delivery: stage.receiver.received[0]?.headers['x-github-delivery'],
  });
  for (const hidden of [secret, 'token-in-the-path']) expect(stdout + stderr).not.toContain(hidden);
  const [file_ = ''] = stage.waiting();
  expect(readFileSync(join(stage.queue, file_), 'utf8')).not.toMatch(/never-to-be-seen|token-in-the-path/);
});

describe('the server with --webhooks', () => {
  test('refuses a file that is wrong with its line, and does not start', async () => {
    const file = stage.writeWebhooks(stage.receiver.url, 'colour = "red"');
    const { code, stderr } = await stage.place.run(
      'serve',
      stage.place.root,
      '--port',
      '0',
      '--webhooks',
      file,
    );
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining(`gittyphoon: ${file}:6: "colour" is not known`),
    });
  });

  test('refuses a queue that cannot be used, or is of no use', async () => {
    const file = stage.writeWebhooks();
    const args = ['serve', stage.place.root, '--port', '0', '--webhook-queue'];
    expect(await stage.place.run(...args, join(file, 'queue'), '--webhooks', file)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^gittyphoon: the folder \S+queue cannot be used/),
    });
    expect(await stage.place.run(...args, stage.queue)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--webhook-queue is of no use without --webhooks'),
    });
  });

  test('reads a file again that has changed, and keeps to what it had while that is wrong', async () => {
    const file = stage.writeWebhooks();
    const server = await stage.serve(file);
    stage.writeWebhooks(`${stage.receiver.url}/wrong`, 'colour = "red"');
    await stage.push(server);
    await stage.receiver.waitFor(1);
    expect(server.stderr()).toContain(`${file}:6: \\"colour\\" is not known`);
    stage.writeWebhooks(`${stage.receiver.url}/moved`);
    await stage.push(server);
    await stage.receiver.waitFor(2);
    expect(stage.receiver.received.map(({ path }) => path)).toEqual(['/hook', '/hook/moved']);
    expect(server.stderr()).toContain(`${file} was read again: 1 webhook`);
  });

  test("keeps the queue among the user's own state when no folder is given", async () => {
    const access = await stage.place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
    await stage.place.serve('--accessfile', access, '--webhooks', stage.writeWebhooks());
    const folder = join(stage.place.folder, 'home', '.local', 'state', 'gittyphoon', 'webhooks');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const list = await stage.place.run('webhook', 'list');
    expect(list).toMatchObject({ code: 0, stdout: '0 waiting\n0 given up\n' });
  });
});
