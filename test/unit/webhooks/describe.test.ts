import { getEventListeners } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChangeEvent } from '../../../src/events.js';
import { eventually } from '../../support/server.js';
import { commitOf, oid, openStage, pushOf, updated, waitingIn, zeroOid, type Stage } from './stage.js';

let stage: Stage;

beforeEach(async () => {
  stage = await openStage();
});

afterEach(() => stage.close());

const payloads = (): unknown[] => stage.receiver.received.map(({ payload }) => payload);

async function arrived(count: number): Promise<void> {
  await stage.receiver.waitFor(count);
  await stage.emptied();
}

function tell(more: Partial<ChangeEvent>, ...refNames: string[]): ChangeEvent {
  const event = { ...pushOf('app.git', ...refNames.map((name) => updated(name))), ...more };
  stage.pushes.emit('change', event);
  return event;
}

test('a delivery goes without commits when git fails, and that is told once for the push', async () => {
  stage.start();
  const history = (): Promise<never> => Promise.reject(new Error('git log exited with code 128'));
  tell({ history }, 'refs/heads/a', 'refs/heads/b');
  await arrived(2);
  const without = { commits: [], head_commit: null, forced: false, truncated: true };
  expect(payloads()).toMatchObject([without, without]);
  expect(stage.problems).toMatchObject([
    {
      kind: 'incomplete',
      repository: 'app.git',
      message:
        'webhooks: 2 of 2 changes of a push to /app.git are delivered without commits: git log exited with code 128',
    },
  ]);
});

test('nothing of a push is kept in memory once it is on its way: many would fill it', async () => {
  stage.start();
  let signal: AbortSignal | undefined;
  const history: ChangeEvent['history'] = (_change, given) => {
    signal = given;
    return Promise.resolve({ head: undefined, commits: [], isTruncated: false });
  };
  tell({ history }, 'refs/heads/a');
  await arrived(1);
  await eventually(
    'nobody listens to the signal',
    () => signal !== undefined && getEventListeners(signal, 'abort').length === 0,
  );
  expect(stage.problems).toEqual([]);
});

test('a delivery waits for a slow git only so long, and that git is told to end', async () => {
  stage.start({ historyTimeoutMs: 10 });
  let signal: AbortSignal | undefined;
  const history: ChangeEvent['history'] = (_change, given) => {
    signal = given;
    return new Promise(() => {});
  };
  tell({ history }, 'refs/heads/a', 'refs/heads/b');
  await arrived(2);
  expect(stage.refs()).toEqual(['refs/heads/a', 'refs/heads/b']);
  expect(signal?.aborted).toBe(true);
  expect(stage.problems).toMatchObject([
    { kind: 'incomplete', message: expect.stringContaining('git took longer than 10 ms') },
  ]);
});

test('what nobody knows is null: whether a branch was rewritten', async () => {
  stage.start();
  tell({ isForced: () => Promise.reject(new Error('no git')) }, 'refs/heads/a');
  await arrived(1);
  expect(payloads()).toMatchObject([{ forced: null, commits: [], truncated: true }]);
});

test('a deletion needs no git', async () => {
  stage.start();
  const never = (): Promise<never> => Promise.reject(new Error('asked'));
  const change = updated('refs/heads/a', oid(1), zeroOid);
  stage.pushes.emit('change', { ...pushOf('app.git', change), history: never, isForced: never });
  await arrived(1);
  expect(payloads()).toMatchObject([{ deleted: true, head_commit: null, commits: [], truncated: false }]);
  expect(stage.problems).toEqual([]);
});

test('of a push that changes very many refs, nobody asks for the commits', async () => {
  stage.start({ concurrency: 1 });
  const names = Array.from({ length: 101 }, (_none, number) => `refs/heads/${number}`);
  tell({ history: () => Promise.reject(new Error('asked')) }, ...names);
  await arrived(names.length);
  expect(stage.refs()).toEqual(names);
  expect(payloads()).toMatchObject(names.map(() => ({ commits: [], truncated: true })));
  expect(stage.problems).toEqual([]);
});

test('a push is on the disk before git has answered, and is sent behind the one before it', async () => {
  stage.start();
  let answer = (): void => {};
  const slow = new Promise<void>((resolve) => (answer = resolve));
  const history: ChangeEvent['history'] = async () => {
    await slow;
    return { head: commitOf(2), commits: [commitOf(2)], isTruncated: false };
  };
  tell({ history }, 'refs/heads/1');
  stage.pushes.push('app.git', 'refs/heads/2');
  stage.pushes.push('other.git', 'refs/heads/3');
  await eventually('another repository is told', () => stage.refs().includes('refs/heads/3'));
  const kept = (): unknown[] =>
    waitingIn(stage.queue)
      .map((name) => join(stage.queue, name))
      .filter(existsSync)
      .map((file) => /refs\/heads\/\d/.exec(readFileSync(file, 'utf8'))?.[0])
      .filter((ref) => ref !== 'refs/heads/3');
  await eventually('both are on the disk', () => kept().join() === 'refs/heads/1,refs/heads/2');
  expect(stage.refs()).toEqual(['refs/heads/3']);
  answer();
  await arrived(3);
  expect(stage.refs()).toEqual(['refs/heads/3', 'refs/heads/1', 'refs/heads/2']);
  expect(payloads()[1]).toMatchObject({ commits: [{ id: oid(2) }], truncated: false });
});

test('closing waits for git no longer than its grace; what is kept arrives with the next start', async () => {
  const webhooks = stage.start();
  tell({ history: () => new Promise(() => {}) }, 'refs/heads/1');
  await eventually('it is kept', () => waitingIn(stage.queue).length === 1);
  await webhooks.close({ graceMs: 1 });
  expect(stage.receiver.received).toEqual([]);
  stage.start();
  await arrived(1);
  expect(payloads()).toMatchObject([{ ref: 'refs/heads/1', commits: [] }]);
});

test('whoever pushes very many refs at once does not hold up what is told of other repositories', async () => {
  stage.start();
  stage.pushes.push('large.git', ...Array.from({ length: 150 }, (_none, number) => `refs/heads/${number}`));
  stage.pushes.push('other.git', 'refs/heads/other');
  await stage.receiver.waitFor(1);
  expect(stage.refs()[0]).toBe('refs/heads/other');
});
