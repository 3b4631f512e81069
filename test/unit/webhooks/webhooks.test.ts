import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OptionError } from '../../../src/errors.js';
import {
  createWebhooks,
  type WebhookProblem,
  type Webhooks,
  type WebhooksOptions,
} from '../../../src/webhooks/index.js';
import { makeTempDir, type TempDir } from '../../support/fixtures.js';
import { startReceiver, withStatus, type Receiver } from '../../support/receiver.js';
import { eventually } from '../../support/server.js';
import { failedIn, Pushes, updated, waitingIn, pushOf, oid } from './stage.js';

const secret = 'correct horse battery staple';
const fast = { firstMs: 1, maxMs: 20 };

let folder: TempDir;
let queue: string;
let receiver: Receiver;
let pushes: Pushes;
let problems: WebhookProblem[];
let open: Webhooks[];

beforeEach(async () => {
  folder = makeTempDir();
  queue = join(folder.path, 'state', 'queue');
  receiver = await startReceiver();
  pushes = new Pushes();
  problems = [];
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((webhooks) => webhooks.close({ graceMs: 0 })));
  await receiver.close();
  folder.dispose();
});

function start(options: Partial<WebhooksOptions> = {}): Webhooks {
  const webhooks = createWebhooks({
    queueDirectory: queue,
    hooks: [{ name: 'ci', url: receiver.url, secret, allowPrivateAddresses: true }],
    backoff: fast,
    onProblem: (problem) => void problems.push(problem),
    ...options,
  });
  webhooks.observe(pushes);
  open.push(webhooks);
  return webhooks;
}

const refs = (): unknown[] => receiver.received.map(({ payload }) => payload['ref']);
const ids = (): unknown[] => receiver.received.map(({ headers }) => headers['x-github-delivery']);
const problemsOf = (kind: WebhookProblem['kind']): WebhookProblem[] =>
  problems.filter((problem) => problem.kind === kind);
const emptied = (): Promise<void> => eventually('the queue is empty', () => waitingIn(queue).length === 0);

describe('deliveries', () => {
  test('are one for each changed ref, in the order of the push, and leave nothing in the queue', async () => {
    start();
    pushes.push('app.git', 'refs/heads/a', 'refs/heads/b', 'refs/tags/c');
    await receiver.waitFor(3);
    expect(refs()).toEqual(['refs/heads/a', 'refs/heads/b', 'refs/tags/c']);
    expect(new Set(ids()).size).toBe(3);
    await emptied();
    expect(failedIn(queue)).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('are not made of what was refused or is not known', async () => {
    start();
    const refused = { ...updated('refs/heads/no'), result: { status: 'rejected', reason: 'no' } } as const;
    const unknown = { ...updated('refs/heads/maybe'), result: { status: 'unknown' } } as const;
    pushes.emit('push', pushOf('app.git', refused, unknown, updated('refs/heads/yes')));
    await receiver.waitFor(1);
    await emptied();
    expect(refs()).toEqual(['refs/heads/yes']);
  });

  test('go to those webhooks that want the repository', async () => {
    const hook = { url: receiver.url, secret, allowPrivateAddresses: true };
    start({
      hooks: [
        { ...hook, name: 'team', repositories: ['team/**'], url: `${receiver.url}/team` },
        { ...hook, name: 'app', repositories: ['app.git', 'lib*'], url: `${receiver.url}/app` },
      ],
    });
    for (const name of ['team/a.git', 'app.git', 'library.git', 'other.git', 'x/team/a.git']) {
      pushes.push(name, 'refs/heads/main');
    }
    await receiver.waitFor(3);
    await emptied();
    const seen = receiver.received.map(({ path, payload }) => [
      path,
      (payload['repository'] as { canonical_name: string }).canonical_name,
    ]);
    expect(seen.toSorted()).toEqual([
      ['/hook/app', 'app.git'],
      ['/hook/app', 'library.git'],
      ['/hook/team', 'team/a.git'],
    ]);
  });

  test('come again with the same id and body until they are accepted', async () => {
    let attempts = 0;
    receiver.answer = (response) => {
      attempts += 1;
      response.writeHead(attempts < 4 ? 500 : 200).end();
    };
    start();
    pushes.push('app.git', 'refs/heads/main');
    await receiver.waitFor(4);
    await emptied();
    expect(new Set(ids()).size).toBe(1);
    expect(new Set(receiver.received.map(({ body }) => body.toString())).size).toBe(1);
    expect(problemsOf('attempt-failed')).toHaveLength(3);
    expect(problems[0]).toMatchObject({
      hook: 'ci',
      repository: 'app.git',
      status: 500,
      delivery: ids()[0],
      retryInMs: expect.any(Number),
    });
  });

  test('of one repository keep their order, whatever fails; other repositories do not wait for them', async () => {
    let isDown = true;
    receiver.answer = (response, { payload }) => {
      const { name } = payload['repository'] as { name: string };
      response.writeHead(isDown && name === 'slow' ? 503 : 200).end();
    };
    start();
    pushes.push('slow.git', 'refs/heads/1');
    pushes.push('slow.git', 'refs/heads/2', 'refs/heads/3');
    pushes.push('fast.git', 'refs/heads/4');
    await eventually('the other repository is told', () => refs().includes('refs/heads/4'));
    await eventually('some attempts', () => problemsOf('attempt-failed').length >= 2);
    expect(refs()).not.toContain('refs/heads/2');
    isDown = false;
    await emptied();
    const ofSlow = refs().filter((ref) => ref !== 'refs/heads/4');
    expect(ofSlow.filter((ref, index) => ref !== ofSlow[index - 1])).toEqual([
      'refs/heads/1',
      'refs/heads/2',
      'refs/heads/3',
    ]);
  });

  test('that are given up are set aside and told of, and the next one goes on', async () => {
    receiver.answer = (response, { payload }) => {
      response.writeHead(payload['ref'] === 'refs/heads/bad' ? 500 : 200).end();
    };
    start({ maxAttempts: 3 });
    pushes.push('app.git', 'refs/heads/bad', 'refs/heads/good');
    await eventually('the second arrives', () => refs().includes('refs/heads/good'));
    expect(refs()).toEqual([...Array<string>(3).fill('refs/heads/bad'), 'refs/heads/good']);
    await emptied();
    expect(problemsOf('given-up')).toMatchObject([{ hook: 'ci', repository: 'app.git', status: 500 }]);
    const [file = ''] = failedIn(queue);
    const kept = JSON.parse(readFileSync(join(queue, 'failed', file), 'utf8')) as object;
    expect(kept).toMatchObject({ attempts: 3, id: ids()[0], problem: 'the receiver answered with 500' });
  });

  test('that are too old are given up with their next failure', async () => {
    receiver.answer = withStatus(500);
    start({ maxAgeMs: 1, maxAttempts: 1_000 });
    pushes.push('app.git', 'refs/heads/main');
    await eventually('it is given up', () => failedIn(queue).length === 1);
    expect(problemsOf('given-up')).toHaveLength(1);
  });

  test('that were given up make room for newer ones', async () => {
    receiver.answer = withStatus(500);
    start({ maxAttempts: 1, maxFailed: 2 });
    pushes.push('app.git', 'refs/heads/1', 'refs/heads/2', 'refs/heads/3');
    await eventually('all are given up', () => problemsOf('given-up').length === 3);
    const kept = failedIn(queue).map((name) => readFileSync(join(queue, 'failed', name), 'utf8'));
    expect(kept).toHaveLength(2);
    expect(kept.join('')).not.toContain('refs/heads/1');
  });

  test('to one webhook run no more at once than it is allowed, and do not hold up another webhook', async () => {
    const hanging = await startReceiver(() => {});
    const hook = { secret, allowPrivateAddresses: true };
    start({
      concurrency: 2,
      hooks: [
        { ...hook, name: 'hanging', url: hanging.url },
        { ...hook, name: 'good', url: receiver.url },
      ],
    });
    try {
      for (let i = 0; i < 6; i++) pushes.push(`app-${i}.git`, 'refs/heads/main');
      await receiver.waitFor(6);
      await hanging.waitFor(2);
      expect(hanging.received).toHaveLength(2);
      await eventually('the rest waits', () => waitingIn(queue).length === 6);
    } finally {
      await Promise.all(open.map((webhooks) => webhooks.close({ graceMs: 0 })));
      await hanging.close();
    }
  });

  test('beyond the bytes of the queue are dropped and told of, once for each push', async () => {
    receiver.answer = () => {};
    start({ maxQueueBytes: 2 * 4_096 });
    pushes.push('app.git', ...Array.from({ length: 5 }, (_, index) => `refs/heads/${index}`));
    await eventually('it is told', () => problems.length > 0);
    expect(problems).toMatchObject([{ kind: 'dropped', hook: 'ci', repository: 'app.git' }]);
    expect(problems[0]?.message).toContain('3 of 5 changes');
    expect(waitingIn(queue)).toHaveLength(2);
  });

  test('find room again when others have left', async () => {
    start({ maxQueueBytes: 1 });
    for (const ref of ['refs/heads/1', 'refs/heads/2', 'refs/heads/3']) {
      pushes.push('app.git', ref);
      await eventually(`${ref} arrives`, () => refs().includes(ref));
      await emptied();
    }
    expect(problems).toEqual([]);
  });
});

describe('the queue', () => {
  test('is made for its owner alone, and holds neither secrets nor URLs', async () => {
    receiver.answer = withStatus(500);
    start({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
    expect(statSync(queue).mode & 0o777).toBe(0o700);
    pushes.push('app.git', 'refs/heads/main');
    await eventually('a failed attempt is noted', () => {
      const [file] = waitingIn(queue);
      return file !== undefined && readFileSync(join(queue, file), 'utf8').includes('"attempts":1');
    });
    const [file = ''] = waitingIn(queue);
    const text = readFileSync(join(queue, file), 'utf8');
    expect(statSync(join(queue, file)).mode & 0o777).toBe(0o600);
    for (const hidden of [secret, receiver.url, '/hook']) expect(text).not.toContain(hidden);
  });

  test('outlives a restart, with ids, order and the count of attempts', async () => {
    receiver.answer = withStatus(500);
    const first = start({ backoff: { firstMs: 40, maxMs: 40 } });
    pushes.push('app.git', 'refs/heads/1', 'refs/heads/2');
    await eventually('both are kept', () => waitingIn(queue).length === 2);
    await eventually('one attempt has failed', () => problems.length > 0);
    await first.close();
    const [id] = ids();
    const seen = receiver.received.length;
    receiver.answer = withStatus(204);
    start();
    pushes.push('app.git', 'refs/heads/3');
    await receiver.waitFor(seen + 3);
    await emptied();
    expect(refs().slice(seen)).toEqual(['refs/heads/1', 'refs/heads/2', 'refs/heads/3']);
    expect(ids()[seen]).toBe(id);
  });

  test('counts attempts over restarts', async () => {
    receiver.answer = withStatus(500);
    for (let round = 1; round <= 3; round++) {
      const webhooks = start({ maxAttempts: 3, backoff: { firstMs: 40, maxMs: 40 } });
      if (round === 1) pushes.push('app.git', 'refs/heads/main');
      await eventually('an attempt', () => problems.length >= round);
      await webhooks.close();
    }
    await eventually('given up', () => problemsOf('given-up').length === 1 || receiver.received.length > 3);
    expect(receiver.received).toHaveLength(3);
    expect(failedIn(queue)).toHaveLength(1);
  });

  test('keeps a delivery that closing has broken off, without counting it as failed', async () => {
    receiver.answer = () => {};
    const webhooks = start();
    pushes.push('app.git', 'refs/heads/main');
    await receiver.waitFor(1);
    await webhooks.close({ graceMs: 10 });
    expect(problems).toEqual([]);
    receiver.answer = withStatus(204);
    start({ maxAttempts: 1 });
    await receiver.waitFor(2);
    expect(ids()[0]).toBe(ids()[1]);
    await emptied();
  });

  test('lets a delivery that runs end within the grace of closing', async () => {
    receiver.answer = (response) => void setTimeout(() => response.writeHead(200).end(), 50);
    const webhooks = start();
    pushes.push('app.git', 'refs/heads/main');
    await receiver.waitFor(1);
    await webhooks.close({ graceMs: 5_000 });
    expect(waitingIn(queue)).toEqual([]);
  });

  test('takes what comes just before closing, and nothing afterwards', async () => {
    const webhooks = start();
    pushes.push('app.git', 'refs/heads/1');
    await webhooks.close();
    pushes.push('app.git', 'refs/heads/2');
    start();
    await receiver.waitFor(1);
    await emptied();
    expect(refs()).toEqual(['refs/heads/1']);
  });

  test('sets aside what is no delivery, and removes what a killed server has left half-written', async () => {
    mkdirSync(join(queue, 'failed'), { recursive: true });
    const cut = `0000000000000007-${randomUUID()}.json`;
    const left = `0000000000000008-${randomUUID()}.json.tmp`;
    const young = `0000000000000009-${randomUUID()}.json.tmp`;
    writeFileSync(join(queue, cut), '{"version":1,"id":"x');
    writeFileSync(join(queue, left), '{');
    writeFileSync(join(queue, young), '{');
    utimesSync(join(queue, left), 0, 0);
    writeFileSync(join(queue, 'README'), 'not ours');
    receiver.answer = withStatus(500);
    start({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
    pushes.push('app.git', 'refs/heads/main');
    await eventually('the new one is kept', () => waitingIn(queue).some((name) => name !== cut));
    // Behind all that were there.
    expect(waitingIn(queue)[0]).toMatch(/^0000000000000008-/);
    expect(failedIn(queue)).toEqual([cut]);
    expect(statSync(join(queue, 'README')).isFile()).toBe(true);
    expect(statSync(join(queue, young)).isFile()).toBe(true);
    expect(() => statSync(join(queue, left))).toThrow('ENOENT');
  });

  test('keeps what waits for a webhook that is not configured, until that is back', async () => {
    receiver.answer = withStatus(500);
    const first = start({ backoff: { firstMs: 30, maxMs: 30 } });
    pushes.push('app.git', 'refs/heads/main');
    await eventually('an attempt', () => problems.length > 0);
    await first.close();
    problems.length = 0;
    const second = start({ hooks: [] });
    await eventually('it is told', () => problems.length > 0);
    expect(problems).toMatchObject([{ kind: 'queue', message: expect.stringContaining('ci') }]);
    await second.close();
    expect(waitingIn(queue)).toHaveLength(1);
    receiver.answer = withStatus(204);
    start();
    await emptied();
  });

  test('forgets a delivery whose file somebody has removed', async () => {
    receiver.answer = withStatus(500);
    start({ backoff: { firstMs: 100, maxMs: 100 } });
    pushes.push('app.git', 'refs/heads/1', 'refs/heads/2');
    await eventually('both are kept', () => waitingIn(queue).length === 2);
    await eventually('an attempt', () => problems.length > 0);
    receiver.answer = withStatus(204);
    const [first = ''] = waitingIn(queue);
    rmSync(join(queue, first));
    await eventually('the second arrives', () => refs().includes('refs/heads/2'));
  });

  test('that cannot be written is told of', async () => {
    start();
    pushes.push('app.git', 'refs/heads/main');
    await receiver.waitFor(1);
    await emptied();
    rmSync(queue, { recursive: true });
    pushes.push('app.git', 'refs/heads/main');
    await eventually('it is told', () => problemsOf('dropped').length === 1);
    expect(problemsOf('dropped')).toMatchObject([{ hook: 'ci', repository: 'app.git' }]);
  });
});

describe('a test of a webhook', () => {
  test('is a signed ping, at once and once', async () => {
    const webhooks = start();
    expect(await webhooks.test('ci')).toEqual({ type: 'delivered', status: 204 });
    expect(receiver.received[0]?.headers).toMatchObject({
      'x-github-event': 'ping',
      'x-gitea-event': 'ping',
    });
    receiver.answer = withStatus(500);
    expect(await webhooks.test('ci')).toMatchObject({ type: 'failed', status: 500 });
    expect(receiver.received).toHaveLength(2);
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
    ['concurrency', { concurrency: 0 }],
    ['maxQueueBytes', { maxQueueBytes: Number.NaN }],
    ['maxFailed', { maxFailed: 0 }],
    ['onProblem', { onProblem: true }],
    ['resolve', { resolve: 'dns' }],
    ['retries', { retries: 3 }],
  ])('%s is refused when it cannot be used', (option, options) => {
    const create = (): Webhooks =>
      createWebhooks({ queueDirectory: queue, hooks: [], ...options } as unknown as WebhooksOptions);
    expect(create).toThrow(expect.objectContaining({ name: 'OptionError', option }));
  });

  test('a folder that cannot be made is refused with the option', () => {
    writeFileSync(join(folder.path, 'file'), '');
    expect(() => start({ queueDirectory: join(folder.path, 'file', 'queue') })).toThrow(
      'option "queueDirectory"',
    );
  });

  test('nothing that is thrown, told or inspected shows the secret', async () => {
    receiver.answer = withStatus(500);
    const webhooks = start({ maxAttempts: 2 });
    pushes.emit('push', pushOf('app.git', updated('refs/heads/main', oid(1), oid(3))));
    await eventually('it is given up', () => problemsOf('given-up').length === 1);
    const shown = inspect([webhooks, problems], { depth: 20, showHidden: true });
    expect(shown).not.toContain(secret);
    expect(JSON.stringify(problems)).not.toContain('/hook');
  });
});
