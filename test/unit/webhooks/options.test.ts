import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OptionError } from '../../../src/errors.js';
import { createWebhooks, type Webhooks, type WebhooksOptions } from '../../../src/webhooks/index.js';
import { withStatus } from '../../support/receiver.js';
import { eventually } from '../../support/server.js';
import { oid, openStage, pushOf, secret, updated, type Stage } from './stage.js';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describe('a test of a webhook', () => {
  test('is a signed ping, at once and once', async () => {
    const webhooks = stage.start();
    expect(await webhooks.test('ci')).toEqual({ type: 'delivered', status: 204 });
    expect(stage.receiver.received[0]?.headers).toMatchObject({
      'x-github-event': 'ping',
      'x-gitea-event': 'ping',
    });
    stage.receiver.answer = withStatus(500);
    expect(await webhooks.test('ci')).toMatchObject({ type: 'failed', status: 500 });
    expect(stage.receiver.received).toHaveLength(2);
    await expect(webhooks.test('other')).rejects.toThrow(OptionError);
  });
});

describe('options of webhooks', () => {
  const hook = { url: 'https://ci.example.org/hook', secret };
  test.each([
    ['queueDirectory', { queueDirectory: '' }],
    ['hooks', { hooks: {} }],
    ['hooks[0].url', { hooks: [{ ...hook, url: 'ftp://a/' }] }],
    ['hooks[0].url', { hooks: [{ ...hook, url: '/hook' }] }],
    ['hooks[0].url', { hooks: [{ ...hook, url: 'https://user:password@a.example/' }] }],
    ['hooks[0].secret', { hooks: [{ url: hook.url }] }],
    ['hooks[0].secret', { hooks: [{ ...hook, secret: '' }] }],
    ['hooks[0].name', { hooks: [{ ...hook, name: 'a b' }] }],
    ['hooks[0].repositories', { hooks: [{ ...hook, repositories: [] }] }],
    ['hooks[0].repositories[1]', { hooks: [{ ...hook, repositories: ['a', 'b{'] }] }],
    ['hooks[0].events', { hooks: [{ ...hook, events: ['pull_request'] }] }],
    ['hooks[0].allowPrivateAddresses', { hooks: [{ ...hook, allowPrivateAddresses: 'yes' }] }],
    ['hooks[0].allowPrivateAddresses[0]', { hooks: [{ ...hook, allowPrivateAddresses: ['lan'] }] }],
    ['hooks[0].sekret', { hooks: [{ ...hook, sekret: 'x' }] }],
    ['hooks[1].name', { hooks: [hook, hook] }],
    ['publicUrl', { publicUrl: 'git.example.org' }],
    ['publicUrl', { publicUrl: 'https://git.example.org/?x' }],
    ['maxAttempts', { maxAttempts: 0 }],
    ['maxAgeMs', { maxAgeMs: 0.5 }],
    ['backoff.firstMs', { backoff: { firstMs: -1 } }],
    ['timeoutMs', { timeoutMs: 2 ** 31 }],
    ['connectTimeoutMs', { connectTimeoutMs: '5' }],
    ['historyTimeoutMs', { historyTimeoutMs: 0 }],
    ['concurrency', { concurrency: 0 }],
    ['maxQueueBytes', { maxQueueBytes: Number.NaN }],
    ['maxFailed', { maxFailed: 0 }],
    ['onProblem', { onProblem: true }],
    ['resolve', { resolve: 'dns' }],
    ['retries', { retries: 3 }],
  ])('%s is refused when it cannot be used', (option, options) => {
    const create = (): Webhooks =>
      createWebhooks({ queueDirectory: stage.queue, hooks: [], ...options } as unknown as WebhooksOptions);
    expect(create).toThrow(expect.objectContaining({ name: 'OptionError', option }));
  });

  test('a folder that cannot be made is refused with the option', () => {
    writeFileSync(join(stage.folder.path, 'file'), '');
    expect(() => stage.start({ queueDirectory: join(stage.folder.path, 'file', 'queue') })).toThrow(
      'option "queueDirectory"',
    );
  });

  test('nothing that is thrown, told or inspected shows the secret', async () => {
    stage.receiver.answer = withStatus(500);
    const webhooks = stage.start({ maxAttempts: 2 });
    stage.pushes.emit('change', pushOf('app.git', updated('refs/heads/main', oid(1), oid(3))));
    await eventually('it is given up', () => stage.problemsOf('given-up').length === 1);
    const shown = inspect([webhooks, stage.problems], { depth: 20, showHidden: true });
    expect(shown).not.toContain(secret);
    expect(JSON.stringify(stage.problems)).not.toContain('/hook');
  });
});
