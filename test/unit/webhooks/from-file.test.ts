import { createHmac } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWebhooks, type Webhooks } from '../../../src/webhooks/index.js';
import { startReceiver, withStatus, type Receiver } from '../../support/receiver.js';
import { eventually } from '../../support/server.js';
import { openStage, waitingIn, type Stage } from './stage.js';

let stage: Stage;
let other: Receiver;
let file: string;
let webhooks: Webhooks;
/** What was told of the file, in order. */
let told: string[];

beforeEach(async () => {
  stage = await openStage();
  other = await startReceiver();
  told = [];
  file = join(stage.folder.path, 'webhooks.toml');
  writeSecret('first');
  writeFileSync(file, hook('ci', stage.receiver));
  webhooks = await openWebhooks(file, {
    queueDirectory: stage.queue,
    backoff: { firstMs: 1, maxMs: 20 },
    onProblem: (problem) => void stage.problems.push(problem),
    onReload: () => void told.push('read'),
    onFileProblem: ({ message }) => void told.push(message),
  });
  webhooks.observe(stage.pushes);
});

afterEach(async () => {
  await webhooks.close({ graceMs: 0 });
  await other.close();
  await stage.close();
});

function hook(name: string, { url }: Receiver): string {
  return `[[webhook]]\nname = "${name}"\nurl = "${url}"\nsecret_file = "secret"\nallow_private = true\n`;
}

function writeSecret(text: string): void {
  writeFileSync(join(stage.folder.path, 'secret'), text);
}

function signatureOf(secret: string, body: Buffer): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

const push = (ref: string): void => stage.pushes.push('app.git', ref);
const refsOf = ({ received }: Receiver): unknown[] => received.map(({ payload }) => payload['ref']);

test('a file that has changed is in force with the next push', async () => {
  push('refs/heads/1');
  await stage.receiver.waitFor(1);
  writeFileSync(
    file,
    `public_url = "https://git.example.org"\n${hook('ci', stage.receiver)}${hook('cd', other)}`,
  );
  push('refs/heads/2');
  await stage.receiver.waitFor(2);
  await other.waitFor(1);
  expect(refsOf(other)).toEqual(['refs/heads/2']);
  const repository = { clone_url: 'https://git.example.org/app.git' };
  expect(stage.receiver.received[1]?.payload).toMatchObject({ repository });
  expect(webhooks.names).toEqual(['ci', 'cd']);
  expect(told).toEqual(['read']);
});

test('what waits goes to where its webhook is now, without another push', async () => {
  stage.receiver.answer = withStatus(500);
  push('refs/heads/1');
  push('refs/heads/2');
  await eventually('an attempt has failed', () => stage.problems.length > 0);
  writeFileSync(file, hook('ci', other));
  await other.waitFor(2);
  expect(refsOf(other)).toEqual(['refs/heads/1', 'refs/heads/2']);
  await stage.emptied();
});

test('what waits for a webhook that is taken out is kept, told of, and arrives when that is back', async () => {
  stage.receiver.answer = withStatus(500);
  push('refs/heads/1');
  await eventually('an attempt has failed', () => stage.problems.length > 0);
  writeFileSync(file, hook('cd', other));
  await eventually('it is told', () => stage.problemsOf('queue').length > 0);
  expect(stage.problemsOf('queue')).toMatchObject([
    { message: 'deliveries wait for webhooks that are not configured: ci' },
  ]);
  push('refs/heads/2');
  await other.waitFor(1);
  expect(refsOf(other)).toEqual(['refs/heads/2']);
  await eventually('only the first waits', () => waitingIn(stage.queue).length === 1);
  stage.receiver.answer = withStatus(204);
  writeFileSync(file, hook('ci', stage.receiver));
  push('refs/heads/3');
  await eventually('both arrive', () => refsOf(stage.receiver).includes('refs/heads/3'));
  await stage.emptied();
  expect(refsOf(stage.receiver).slice(-2)).toEqual(['refs/heads/1', 'refs/heads/3']);
});

test('a wrong file is refused with its line, once, and what was read before stays in force', async () => {
  writeFileSync(file, `${hook('ci', other)}colour = "red"\n`);
  push('refs/heads/1');
  push('refs/heads/2');
  await stage.receiver.waitFor(2);
  expect(told).toEqual([expect.stringContaining(`${file}:6: "colour" is not known`)]);
  rmSync(file);
  push('refs/heads/3');
  await stage.receiver.waitFor(3);
  expect(told.slice(1)).toEqual([`${file}: there is no such file`]);
  writeFileSync(file, hook('ci', other));
  push('refs/heads/4');
  await other.waitFor(1);
  expect(told.slice(2)).toEqual(['read']);
});

test('a secret that has changed signs the next delivery; while it is missing, the one before does', async () => {
  const signatures = (): unknown[] =>
    stage.receiver.received.map(({ headers, body }) => [
      headers['x-hub-signature-256'] === signatureOf('first', body),
      headers['x-hub-signature-256'] === signatureOf('second', body),
    ]);
  push('refs/heads/1');
  await stage.receiver.waitFor(1);
  rmSync(join(stage.folder.path, 'secret'));
  push('refs/heads/2');
  await stage.receiver.waitFor(2);
  expect(told).toEqual([`${file}:4: the file secret cannot be read (ENOENT)`]);
  writeSecret('second');
  push('refs/heads/3');
  await stage.receiver.waitFor(3);
  expect(signatures()).toEqual([
    [true, false],
    [true, false],
    [false, true],
  ]);
  expect(told.slice(1)).toEqual(['read']);
});

test('a file that is wrong at first is refused', async () => {
  writeFileSync(file, 'webhook = 1\n');
  await expect(openWebhooks(file, { queueDirectory: stage.queue })).rejects.toThrow(`${file}:1: `);
});
