import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withStatus } from '../../support/receiver.js';
import { eventually } from '../../support/server.js';
import { failedIn, openStage, secret, waitingIn, type Stage } from './stage.js';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

describe('the queue', () => {
  test('is made for its owner alone, and holds neither secrets nor URLs', async () => {
    stage.receiver.answer = withStatus(500);
    stage.start({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
    expect(statSync(stage.queue).mode & 0o777).toBe(0o700);
    stage.pushes.push('app.git', 'refs/heads/main');
    await eventually('a failed attempt is noted', () => {
      const [file] = waitingIn(stage.queue);
      return file !== undefined && readFileSync(join(stage.queue, file), 'utf8').includes('"attempts":1');
    });
    const [file = ''] = waitingIn(stage.queue);
    const text = readFileSync(join(stage.queue, file), 'utf8');
    expect(statSync(join(stage.queue, file)).mode & 0o777).toBe(0o600);
    for (const hidden of [secret, stage.receiver.url, '/hook']) expect(text).not.toContain(hidden);
  });

  test('outlives a restart, with ids, order and the count of attempts', async () => {
    stage.receiver.answer = withStatus(500);
    const first = stage.start({ backoff: { firstMs: 40, maxMs: 40 } });
    stage.pushes.push('app.git', 'refs/heads/1', 'refs/heads/2');
    await eventually('both are kept', () => waitingIn(stage.queue).length === 2);
    await eventually('one attempt has failed', () => stage.problems.length > 0);
    await first.close();
    const [id] = stage.ids();
    const seen = stage.receiver.received.length;
    stage.receiver.answer = withStatus(204);
    stage.start();
    stage.pushes.push('app.git', 'refs/heads/3');
    await stage.receiver.waitFor(seen + 3);
    await stage.emptied();
    expect(stage.refs().slice(seen)).toEqual(['refs/heads/1', 'refs/heads/2', 'refs/heads/3']);
    expect(stage.ids()[seen]).toBe(id);
  });

  test('counts attempts over restarts', async () => {
    stage.receiver.answer = withStatus(500);
    for (let round = 1; round <= 3; round++) {
      const webhooks = stage.start({ maxAttempts: 3, backoff: { firstMs: 40, maxMs: 40 } });
      if (round === 1) stage.pushes.push('app.git', 'refs/heads/main');
      await eventually('an attempt', () => stage.problems.length >= round);
      await webhooks.close();
    }
    await eventually(
      'given up',
      () => stage.problemsOf('given-up').length === 1 || stage.receiver.received.length > 3,
    );
    expect(stage.receiver.received).toHaveLength(3);
    expect(failedIn(stage.queue)).toHaveLength(1);
  });

  test('keeps a delivery that closing has broken off, without counting it as failed', async () => {
    stage.receiver.answer = () => {};
    const webhooks = stage.start();
    stage.pushes.push('app.git', 'refs/heads/main');
    await stage.receiver.waitFor(1);
    await webhooks.close({ graceMs: 10 });
    expect(stage.problems).toEqual([]);
    stage.receiver.answer = withStatus(204);
    stage.start({ maxAttempts: 1 });
    await stage.receiver.waitFor(2);
    expect(stage.ids()[0]).toBe(stage.ids()[1]);
    await stage.emptied();
  });

  test('lets a delivery that runs end within the grace of closing', async () => {
    stage.receiver.answer = (response) => void setTimeout(() => response.writeHead(200).end(), 50);
    const webhooks = stage.start();
    stage.pushes.push('app.git', 'refs/heads/main');
    await stage.receiver.waitFor(1);
    await webhooks.close({ graceMs: 5_000 });
    expect(waitingIn(stage.queue)).toEqual([]);
  });

  test('takes what comes just before closing, and nothing afterwards', async () => {
    const webhooks = stage.start();
    stage.pushes.push('app.git', 'refs/heads/1');
    await webhooks.close();
    stage.pushes.push('app.git', 'refs/heads/2');
    stage.start();
    await stage.receiver.waitFor(1);
    await stage.emptied();
    expect(stage.refs()).toEqual(['refs/heads/1']);
  });

  test('sets aside what is no delivery, and removes what a killed server has left half-written', async () => {
    mkdirSync(join(stage.queue, 'failed'), { recursive: true });
    const cut = `0000000000000007-${randomUUID()}.json`;
    const left = `0000000000000008-${randomUUID()}.json.tmp`;
    const young = `0000000000000009-${randomUUID()}.json.tmp`;
    writeFileSync(join(stage.queue, cut), '{"version":1,"id":"x');
    writeFileSync(join(stage.queue, left), '{');
    writeFileSync(join(stage.queue, young), '{');
    utimesSync(join(stage.queue, left), 0, 0);
    writeFileSync(join(stage.queue, 'README'), 'not ours');
    stage.receiver.answer = withStatus(500);
    stage.start({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
    stage.pushes.push('app.git', 'refs/heads/main');
    await eventually('the new one is kept', () => waitingIn(stage.queue).some((name) => name !== cut));
    // Behind all that were there.
    expect(waitingIn(stage.queue)[0]).toMatch(/^0000000000000008-/);
    expect(failedIn(stage.queue)).toEqual([cut]);
    expect(statSync(join(stage.queue, 'README')).isFile()).toBe(true);
    expect(statSync(join(stage.queue, young)).isFile()).toBe(true);
    expect(() => statSync(join(stage.queue, left))).toThrow('ENOENT');
  });

  test('keeps what waits for a webhook that is not configured, until that is back', async () => {
    stage.receiver.answer = withStatus(500);
    const first = stage.start({ backoff: { firstMs: 30, maxMs: 30 } });
    stage.pushes.push('app.git', 'refs/heads/main');
    await eventually('an attempt', () => stage.problems.length > 0);
    await first.close();
    stage.problems.length = 0;
    const second = stage.start({ hooks: [] });
    await eventually('it is told', () => stage.problems.length > 0);
    expect(stage.problems).toMatchObject([{ kind: 'queue', message: expect.stringContaining('ci') }]);
    await second.close();
    expect(waitingIn(stage.queue)).toHaveLength(1);
    stage.receiver.answer = withStatus(204);
    stage.start();
    await stage.emptied();
  });

  test('gives up what has waited too long for a webhook that is not configured', async () => {
    stage.receiver.answer = withStatus(500);
    const first = stage.start({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
    stage.pushes.push('app.git', 'refs/heads/main');
    await eventually('an attempt', () => stage.problems.length > 0);
    await first.close();
    stage.start({ hooks: [], maxAgeMs: 1 });
    await eventually('it is given up', () => failedIn(stage.queue).length === 1);
    expect(waitingIn(stage.queue)).toEqual([]);
  });

  test('puts new deliveries behind those that were given up, so that the oldest of these make room first', async () => {
    stage.receiver.answer = withStatus(500);
    for (const ref of ['refs/heads/1', 'refs/heads/2', 'refs/heads/3']) {
      const webhooks = stage.start({ maxAttempts: 1, maxFailed: 2 });
      stage.pushes.push('app.git', ref);
      await eventually(
        `${ref} is given up`,
        () => stage.refs().includes(ref) && waitingIn(stage.queue).length === 0,
      );
      await webhooks.close();
    }
    const kept = failedIn(stage.queue).map((name) => readFileSync(join(stage.queue, 'failed', name), 'utf8'));
    expect(kept.map((text) => /refs\/heads\/\d/.exec(text)?.[0])).toEqual(['refs/heads/2', 'refs/heads/3']);
  });

  test('forgets a delivery whose file somebody has removed', async () => {
    stage.receiver.answer = withStatus(500);
    stage.start({ backoff: { firstMs: 100, maxMs: 100 } });
    stage.pushes.push('app.git', 'refs/heads/1', 'refs/heads/2');
    await eventually('both are kept', () => waitingIn(stage.queue).length === 2);
    await eventually('an attempt', () => stage.problems.length > 0);
    stage.receiver.answer = withStatus(204);
    const [first = ''] = waitingIn(stage.queue);
    rmSync(join(stage.queue, first));
    await eventually('the second arrives', () => stage.refs().includes('refs/heads/2'));
    expect(stage.problemsOf('given-up')).toEqual([]);
  });

  test('that cannot be written is told of', async () => {
    stage.start();
    stage.pushes.push('app.git', 'refs/heads/main');
    await stage.receiver.waitFor(1);
    await stage.emptied();
    rmSync(stage.queue, { recursive: true });
    stage.pushes.push('app.git', 'refs/heads/main');
    await eventually('it is told', () => stage.problemsOf('dropped').length === 1);
    expect(stage.problemsOf('dropped')).toMatchObject([{ hook: 'ci', repository: 'app.git' }]);
  });
});
