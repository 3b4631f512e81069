/** `gittyphoon webhook`, for the operator. */
import { execFileSync } from 'node:child_process';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../support/command.js';
import { withStatus } from '../support/receiver.js';
import { eventually } from '../support/server.js';
import { openWebhookStage, type WebhookStage } from './webhook-stage.js';
import type { Workspace } from './workspace.js';

let stage: WebhookStage;

beforeEach(async () => {
  stage = await openWebhookStage();
});

afterEach(() => stage.close());

test('a private address is not sent to unless the file allows it (SECURITY S9)', async () => {
  for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::ffff:127.0.0.1]']) {
    const file = stage.writeWebhooks(`http://${host}:${stage.receiver.port}/`, '');
    const { code, stdout } = await stage.place.run('webhook', 'test', '--webhooks', file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('is not a public address') });
  }
  expect(stage.receiver.received).toEqual([]);
});

test('a certificate is checked: one of an unknown authority is refused, one that the operator trusts is not', async () => {
  const [key, certificate] = [join(stage.place.folder, 'key.pem'), join(stage.place.folder, 'cert.pem')];
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost';
  const names = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate];
  execFileSync('openssl', [...request.split(' '), ...names], { stdio: 'ignore' });
  const https = createHttpsServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (request, response) => void request.resume().on('end', () => response.writeHead(200).end()),
  );
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  try {
    const file = stage.writeWebhooks(
      `https://localhost:${(https.address() as AddressInfo).port}/`,
      'allow_private = true',
    );
    const args = ['webhook', 'test', '--webhooks', file];
    expect(await runCommand(args)).toMatchObject({ code: 1, stdout: expect.stringContaining('self-signed') });
    const env = { NODE_EXTRA_CA_CERTS: certificate };
    expect(await runCommand(args, { env })).toMatchObject({ code: 0, stdout: 'ci: delivered, status 200\n' });
  } finally {
    https.closeAllConnections();
    await new Promise<void>((resolve) => https.close(() => resolve()));
  }
});

describe('gittyphoon webhook', () => {
  /** A stage.queue with two deliveries that were given up: each has had all its attempts but one. */
  async function giveUpTwo(file: string): Promise<readonly string[]> {
    stage.receiver.answer = () => {};
    const server = await stage.serve(file);
    await stage.push(server);
    await stage.push(server);
    await eventually('both are kept', () => stage.waiting().length === 2);
    server.signal('SIGKILL');
    await server.ended;
    for (const name of stage.waiting()) {
      const path = join(stage.queue, name);
      const delivery = JSON.parse(readFileSync(path, 'utf8')) as object;
      writeFileSync(path, JSON.stringify({ ...delivery, attempts: 14 }));
    }
    stage.receiver.answer = withStatus(500);
    const again = await stage.serve(file);
    await eventually(
      'both are given up',
      () => again.stderr().match(/given up after 15 attempts/g)?.length === 2,
    );
    await again.stop();
    return readdirSync(join(stage.queue, 'failed')).map((name) => name.slice(17, -'.json'.length));
  }

  test('list shows what was given up and why, and retry sends it once more', async () => {
    const file = stage.writeWebhooks();
    const [first = '', second = ''] = await giveUpTwo(file);
    const list = await stage.place.run('webhook', 'list', '--webhook-queue', stage.queue);
    const lines = list.stdout.split('\n');
    expect(list.code).toBe(0);
    expect(lines.slice(0, 2)).toEqual(['0 waiting', '2 given up']);
    expect(lines[2]).toMatch(
      new RegExp(`^${first} \\S+Z ci /app\\.git, 15 attempts: the receiver answered with 500$`),
    );
    const retry = (...ids: string[]): ReturnType<Workspace['run']> =>
      stage.place.run('webhook', 'retry', ...ids, '--webhooks', file, '--webhook-queue', stage.queue);
    const failing = await retry();
    expect(failing.code).toBe(1);
    expect(failing.stdout).toContain(`${second} ci /app.git: failed: the receiver answered with 500`);
    stage.receiver.answer = withStatus(204);
    const before = stage.receiver.received.length;
    expect(await retry(second)).toMatchObject({
      code: 0,
      stdout: `${second} ci /app.git: delivered, status 204\n`,
    });
    expect(await retry()).toMatchObject({ code: 0, stdout: `${first} ci /app.git: delivered, status 204\n` });
    const sent = stage.receiver.received.slice(before).map(({ headers }) => headers['x-github-delivery']);
    expect(sent).toEqual([second, first]);
    expect(await retry()).toMatchObject({ code: 0, stdout: '' });
    expect(await retry(first)).toMatchObject({ code: 1, stderr: expect.stringContaining(first) });
    const empty = await stage.place.run('webhook', 'list', '--webhook-queue', stage.queue);
    expect(empty.stdout).toBe('0 waiting\n0 given up\n');
  });

  test('tells of a ping to each webhook, or to those with one URL', async () => {
    const file = join(stage.place.folder, 'two.toml');
    const table = (name: string): string =>
      `[[webhook]]\nname = "${name}"\nurl = "${stage.receiver.url}/${name}"\nsecret = "s"\nallow_private = true\n`;
    writeFileSync(file, table('good') + table('bad'));
    stage.receiver.answer = (response, { path }) =>
      void response.writeHead(path.endsWith('bad') ? 404 : 200).end();
    expect(await stage.place.run('webhook', 'test', '--webhooks', file)).toMatchObject({
      code: 1,
      stdout: 'good: delivered, status 200\nbad: failed: the receiver answered with 404\n',
    });
    const one = await stage.place.run(
      'webhook',
      'test',
      '--webhooks',
      file,
      '--url',
      `${stage.receiver.url}/good`,
    );
    expect(one).toMatchObject({ code: 0, stdout: 'good: delivered, status 200\n' });
    const none = await stage.place.run(
      'webhook',
      'test',
      '--webhooks',
      file,
      '--url',
      'https://elsewhere.example/',
    );
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('no webhook with this URL') });
  });

  test('refuses what is no command, lacks its file, or names a queue that is not there', async () => {
    const broken = join(stage.place.folder, 'broken.toml');
    writeFileSync(broken, '[[webhook]]\nurl = \n');
    const refusals = [
      [[], 2, 'a command is missing'],
      [['tset'], 2, "unknown command 'tset' (Did you mean test?)"],
      [['tst', '--webhooks', 'F'], 2, "unknown command 'tst' (Did you mean test?)"],
      [['test', '--webhooks', 'nope.toml'], 1, 'gittyphoon: nope.toml: there is no such file\n'],
      [
        ['retry', '--webhooks', broken, '--webhook-queue', stage.place.folder],
        1,
        `${broken}:2: this is not TOML: `,
      ],
      [['test'], 2, '--webhooks'],
      [['list', '--webhook-queue', '/nonexistent'], 1, 'there is no queue at /nonexistent'],
    ] as const;
    await Promise.all(
      refusals.map(async ([args, code, problem]) => {
        const ended = await runCommand(['webhook', ...args]);
        expect(ended).toMatchObject({ code, stderr: expect.stringContaining(problem) });
      }),
    );
  });
});
