import { expect, test } from 'vitest';
import type { PushEvent, RefUpdateResult } from '../../../src/events.js';
import type { GitRunner } from '../../../src/git/runner.js';
import { changesOf } from '../../../src/push/changes.js';
import { oid } from '../webhooks/stage.js';

/** No git is needed to tell what has changed. */
const noGit = {} as GitRunner;

function pushOf(...updates: RefUpdateResult[]): PushEvent {
  return {
    context: {} as PushEvent['context'],
    user: undefined,
    repository: { name: 'app.git', gitDir: '/srv/git/app.git' },
    updates,
    unpack: 'ok',
    pushOptions: ['ci.skip'],
    certificate: undefined,
    isAtomic: true,
  };
}

const done = { status: 'ok' } as const;
const update = { refName: 'refs/heads/main', oldOid: oid(1), newOid: oid(2), kind: 'update' } as const;

test('what was refused, what is not known, and what is as it was, has not changed', () => {
  const push = pushOf(
    { ...update, refName: 'refs/heads/no', result: { status: 'rejected', reason: 'no' } },
    { ...update, refName: 'refs/heads/maybe', result: { status: 'unknown' } },
    { ...update, refName: 'refs/heads/same', newOid: oid(1), result: done },
    { ...update, result: done },
  );
  const change = changesOf(noGit, push);
  expect(change?.changes).toEqual([update]);
  expect(change).toMatchObject({ pushOptions: ['ci.skip'], isAtomic: true, repository: { name: 'app.git' } });
});

test('a push that has changed nothing is not told', () => {
  expect(changesOf(noGit, pushOf({ ...update, result: { status: 'unknown' } }))).toBeUndefined();
});

test('a ref that was created is not forced, and no git is asked', async () => {
  const change = changesOf(noGit, pushOf({ ...update, kind: 'create', result: done }));
  expect(await change?.isForced({ ...update, kind: 'create' })).toBe(false);
});
