/** What becomes a delivery when real git pushes to a server in this process. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWebhooks, type Webhooks } from '../../src/webhooks/index.js';
import { commitFile, git, gitOk, makeBareRepository } from '../support/fixtures.js';
import { startReceiver, type Receiver } from '../support/receiver.js';
import { openLab, refOf, writeHook, type Lab } from './lab.js';

const zero = '0'.repeat(40);

let lab: Lab;
let receiver: Receiver;
let webhooks: Webhooks;
let clone: string;

beforeEach(async () => {
  lab = await openLab();
  receiver = await startReceiver();
  webhooks = createWebhooks({
    queueDirectory: lab.fresh(),
    hooks: [{ url: receiver.url, secret: 'secret', allowPrivateAddresses: true }],
  });
  webhooks.observe(lab.server.git);
  await makeBareRepository(lab.at('team/app.git'), { commits: 2 });
  clone = lab.fresh();
  await gitOk(['clone', '-q', lab.url('team/app.git'), clone]);
});

afterEach(async () => {
  await lab.close();
  await webhooks.close();
  await receiver.close();
});

const push = (...args: string[]): Promise<unknown> =>
  gitOk(['push', '-q', 'origin', ...args], { cwd: clone });

test('a push of several refs makes a delivery for each: created, moved, deleted', async () => {
  const before = await refOf(lab.at('team/app.git'), 'main');
  const topic = await refOf(lab.at('team/app.git'), 'topic');
  const after = await commitFile(clone, 'new', 'new\n');
  await push('HEAD:refs/heads/main', 'HEAD:refs/tags/v2', ':refs/heads/topic');
  await receiver.waitFor(3);
  const seen = new Map(receiver.received.map(({ payload }) => [payload['ref'], payload]));
  expect(seen.get('refs/heads/main')).toMatchObject({ before, after, created: false, deleted: false });
  expect(seen.get('refs/tags/v2')).toMatchObject({ before: zero, after, created: true, deleted: false });
  expect(seen.get('refs/heads/topic')).toMatchObject({ before: topic, after: zero, deleted: true });
  expect(seen.get('refs/heads/main')?.['repository']).toMatchObject({ full_name: 'team/app' });
});

test('a ref that a hook refuses makes none, and neither does a push that changes nothing', async () => {
  writeHook(lab.at('team/app.git'), 'update', '[ "$1" != refs/heads/main ]');
  await commitFile(clone, 'new', 'new\n');
  const refused = ['push', '-q', 'origin', 'HEAD:refs/heads/main', 'HEAD:refs/heads/other'];
  expect((await git(refused, { cwd: clone })).stderr).toContain('[remote rejected] HEAD -> main');
  await push('HEAD:refs/heads/other');
  await push('HEAD:refs/heads/last');
  await receiver.waitFor(2);
  expect(receiver.received.map(({ payload }) => payload['ref'])).toEqual([
    'refs/heads/other',
    'refs/heads/last',
  ]);
});
