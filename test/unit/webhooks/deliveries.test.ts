import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startReceiver, withStatus } from '../../support/receiver.js';
import { eventually } from '../../support/server.js';
import { failedIn, openStage, secret, waitingIn, type Stage } from './stage.js';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describe('deliveries', () => {
  test('are one for each changed ref, in the order of the push, and leave nothing in the queue', async () => {
    stage.start();
    stage.pushes.push('app.git', 'refs/heads/a', 'refs/heads/b', 'refs/tags/c');
    await stage.receiver.waitFor(3);
    expect(stage.refs()).toEqual(['refs/heads/a', 'refs/heads/b', 'refs/tags/c']);
    expect(new Set(stage.ids()).size).toBe(3);
    await stage.emptied();
    expect(failedIn(stage.queue)).toEqual([]);
    expect(stage.problems).toEqual([]);
  });

  test('go to those webhooks that want the repository', async () => {
    const hook = { url: stage.receiver.url, secret, allowPrivateAddresses: true };
    stage.start({
      hooks: [
        { ...hook, name: 'team', repositories: ['team/**'], url: `${stage.receiver.url}/team` },
        { ...hook, name: 'app', repositories: ['app.git', 'lib*'], url: `${stage.receiver.url}/app` },
      ],
    });
    for (const name of ['team/a.git', 'app.git', 'library.git', 'other.git', 'x/team/a.git']) {
      stage.pushes.push(name, 'refs/heads/main');
    }
    await stage.receiver.waitFor(3);
    await stage.emptied();
    const seen = stage.receiver.received.map(({ path, payload }) => [
      path,
      (payload['repository'] as { canonical_name: string }).canonical_name,
    ]);
    expect(new Map(seen.map(([path = '', name = '']) => [name, path]))).toEqual(
      new Map([
        ['app.git', '/hook/app'],
        ['library.git', '/hook/app'],
        ['team/a.git', '/hook/team'],
      ]),
    );
  });

  test('come again with the same id and body until they are accepted', async () => {
    let attempts = 0;
    stage.receiver.answer = (response) => {
      attempts += 1;
      response.writeHead(attempts < 4 ? 500 : 200).end();
    };
    stage.start();
    stage.pushes.push('app.git', 'refs/heads/main');
    await stage.receiver.waitFor(4);
    await stage.emptied();
    expect(new Set(stage.ids()).size).toBe(1);
    expect(new Set(stage.receiver.received.map(({ body }) => body.toString())).size).toBe(1);
    expect(stage.problemsOf('attempt-failed')).toHaveLength(3);
    expect(stage.problems[0]).toMatchObject({
      hook: 'ci',
      repository: 'app.git',
      status: 500,
      delivery: stage.ids()[0],
      retryInMs: expect.any(Number),
    });
  });

  test('of one repository keep their order, whatever fails; other repositories do not wait for them', async () => {
    let isDown = true;
    stage.receiver.answer = (response, { payload }) => {
      const { name } = payload['repository'] as { name: string };
      response.writeHead(isDown && name === 'slow' ? 503 : 200).end();
    };
    stage.start();
    stage.pushes.push('slow.git', 'refs/heads/1');
    stage.pushes.push('slow.git', 'refs/heads/2', 'refs/heads/3');
    stage.pushes.push('fast.git', 'refs/heads/4');
    await eventually('the other repository is told', () => stage.refs().includes('refs/heads/4'));
    await eventually('some attempts', () => stage.problemsOf('attempt-failed').length >= 2);
    expect(stage.refs()).not.toContain('refs/heads/2');
    isDown = false;
    await stage.emptied();
    const ofSlow = stage.refs().filter((ref) => ref !== 'refs/heads/4');
    expect(ofSlow.filter((ref, index) => ref !== ofSlow[index - 1])).toEqual([
      'refs/heads/1',
      'refs/heads/2',
      'refs/heads/3',
    ]);
  });

  test('that are given up are set aside and told of, and the next one goes on', async () => {
    stage.receiver.answer = (response, { payload }) => {
      response.writeHead(payload['ref'] === 'refs/heads/bad' ? 500 : 200).end();
    };
    stage.start({ maxAttempts: 3 });
    stage.pushes.push('app.git', 'refs/heads/bad', 'refs/heads/good');
    await eventually('the second arrives', () => stage.refs().includes('refs/heads/good'));
    expect(stage.refs()).toEqual([...Array<string>(3).fill('refs/heads/bad'), 'refs/heads/good']);
    await stage.emptied();
    expect(stage.problemsOf('given-up')).toMatchObject([{ hook: 'ci', repository: 'app.git', status: 500 }]);
    const [file = ''] = failedIn(stage.queue);
    const kept = JSON.parse(readFileSync(join(stage.queue, 'failed', file), 'utf8')) as object;
    expect(kept).toMatchObject({
      attempts: 3,
      id: stage.ids()[0],
      problem: 'the receiver answered with 500',
    });
  });

  test('that are too old are given up with their next failure', async () => {
    stage.receiver.answer = withStatus(500);
    stage.start({ maxAgeMs: 1, maxAttempts: 1_000 });
    stage.pushes.push('app.git', 'refs/heads/main');
    await eventually('it is given up', () => stage.problemsOf('given-up').length === 1);
    expect(failedIn(stage.queue)).toHaveLength(1);
  });

  test('that were given up make room for newer ones', async () => {
    stage.receiver.answer = withStatus(500);
    stage.start({ maxAttempts: 1, maxFailed: 2 });
    stage.pushes.push('app.git', 'refs/heads/1', 'refs/heads/2', 'refs/heads/3');
    await eventually('all are given up', () => stage.problemsOf('given-up').length === 3);
    const kept = failedIn(stage.queue).map((name) => readFileSync(join(stage.queue, 'failed', name), 'utf8'));
    expect(kept).toHaveLength(2);
    expect(kept.join('')).not.toContain('refs/heads/1');
  });

  test('to one webhook run no more at once than it is allowed, and do not hold up another webhook', async () => {
    const hanging = await startReceiver(() => {});
    const hook = { secret, allowPrivateAddresses: true };
    stage.start({
      concurrency: 2,
      hooks: [
        { ...hook, name: 'hanging', url: hanging.url },
        { ...hook, name: 'good', url: stage.receiver.url },
      ],
    });
    try {
      for (let i = 0; i < 6; i++) stage.pushes.push(`app-${i}.git`, 'refs/heads/main');
      await stage.receiver.waitFor(6);
      await hanging.waitFor(2);
      expect(hanging.received).toHaveLength(2);
      await eventually('the rest waits', () => waitingIn(stage.queue).length === 6);
    } finally {
      await stage.stop();
      await hanging.close();
    }
  });

  test('beyond the bytes of the queue are dropped and told of, once for each push', async () => {
    stage.receiver.answer = () => {};
    stage.start({ maxQueueBytes: 2 * 4_096 });
    stage.pushes.push('app.git', ...Array.from({ length: 5 }, (_, index) => `refs/heads/${index}`));
    await eventually('it is told', () => stage.problems.length > 0);
    expect(stage.problems).toMatchObject([{ kind: 'dropped', hook: 'ci', repository: 'app.git' }]);
    expect(stage.problems[0]?.message).toContain('3 of 5 changes');
    expect(waitingIn(stage.queue)).toHaveLength(2);
  });

  test('find room again when others have left', async () => {
    stage.start({ maxQueueBytes: 1 });
    for (const ref of ['refs/heads/1', 'refs/heads/2', 'refs/heads/3']) {
      await eventually(`${ref} arrives`, () => {
        stage.pushes.push('app.git', ref);
        return stage.refs().includes(ref);
      });
    }
    expect(stage.problemsOf('given-up')).toEqual([]);
  });
});
