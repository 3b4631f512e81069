/** Attempts that are under way at the same moment. */
import { describe, expect, test } from 'vitest';
import { throttled } from '../../../src/access/index.js';
import { GitTyphoonError } from '../../../src/index.js';
import { basic, contextOf } from './contexts.js';
import { door, heldDoor } from './throttle-door.js';

/** Until all that can go on without anybody's doing has done so. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('of many guesses at once', () => {
  test.each([
    ['different', (index: number) => `guess ${index}`],
    ['equal', () => 'guess'],
  ])('no more are checked than may fail, %s ones', async (_kind, guess) => {
    const { attempt, asked } = door({ maxFailuresPerUser: 5 });
    const all = await Promise.all(Array.from({ length: 100 }, (_, index) => attempt('ann', guess(index))));
    expect(asked()).toBe(5);
    expect(all.filter((answer) => answer === 429)).toHaveLength(95);
    expect(await attempt('ann', 'right', '192.0.2.9')).toBe('ann');
  });

  test('at many names, no more are checked than may fail at an address', async () => {
    const { attempt, asked } = door({ maxFailuresPerUser: 2, maxFailuresPerAddress: 7 });
    await Promise.all(Array.from({ length: 100 }, (_, index) => attempt(`user ${index % 20}`, `${index}`)));
    expect(asked()).toBe(7);
  });

  test('that follow failures, only as many as are left are checked', async () => {
    const { attempt, asked } = door({ maxFailuresPerUser: 5 });
    for (let index = 0; index < 3; index += 1) await attempt('ann', `${index}`);
    const later = await Promise.all(
      Array.from({ length: 20 }, (_, index) => attempt('ann', `later ${index}`)),
    );
    expect(asked()).toBe(5);
    expect(later.filter((answer) => answer === undefined)).toHaveLength(2);
  });

  test('those beyond the limit do not tell whether they were right', async () => {
    const { attempt } = door({ maxFailuresPerUser: 5 });
    const guesses = Array.from({ length: 100 }, (_, index) =>
      attempt('ann', index === 50 ? 'right' : `${index}`),
    );
    expect((await Promise.all(guesses))[50]).toBe(429);
  });

  test('those that wait are looked at one by one, as failures are left', async () => {
    const { checking, attempt } = heldDoor({ maxFailuresPerUser: 2 });
    const first = [attempt('ann', 'a'), attempt('ann', 'b')];
    const right = attempt('ann', 'right');
    const last = attempt('ann', 'c');
    await quiet();
    expect(checking.map(({ password }) => password)).toEqual(['a', 'b']);
    checking[0]?.end();
    await quiet();
    // The other one may still fail, and then nothing is left.
    expect(checking).toHaveLength(2);
    checking[1]?.end();
    expect(await Promise.all([...first, right, last])).toEqual([undefined, undefined, 429, 429]);
    expect(checking).toHaveLength(2);
  });

  test('somebody elsewhere, and another user here, neither wait nor are refused', async () => {
    const { checking, attempt } = heldDoor({ maxFailuresPerUser: 3 });
    const guesses = Array.from({ length: 50 }, (_, index) => attempt('ann', `${index}`));
    await quiet();
    expect(checking).toHaveLength(3);
    const rightful = [attempt('ann', 'right', '192.0.2.2'), attempt('bob', 'right')];
    await quiet();
    for (const { password, end } of checking) if (password === 'right') end();
    expect(await Promise.all(rightful)).toEqual(['ann', 'bob']);
    for (const { end } of checking) end();
    expect(new Set(await Promise.all(guesses))).toEqual(new Set([undefined, 429]));
  });

  test('a client that leaves is waited for no longer, and what it has begun counts when it fails', async () => {
    const { checking, attempt } = heldDoor({ maxFailuresPerUser: 1 });
    const gone = new AbortController();
    const begun = attempt('ann', 'a', undefined, gone.signal);
    const waits = attempt('ann', 'b', undefined, gone.signal);
    await quiet();
    gone.abort(new Error('gone'));
    expect(await waits).toBe('Error: gone');
    const next = attempt('ann', 'right');
    await quiet();
    expect(checking).toHaveLength(1);
    checking[0]?.end();
    expect(await Promise.all([begun, next])).toEqual([undefined, 429]);
  });
});

describe('of many right attempts at once', () => {
  test('with equal credentials all are checked at once as soon as one is found right', async () => {
    const { checking, attempt } = heldDoor({ maxFailuresPerUser: 3 });
    const herd = Array.from({ length: 200 }, () => attempt('ci', 'right'));
    await quiet();
    expect(checking).toHaveLength(3);
    checking[0]?.end();
    await quiet();
    expect(checking).toHaveLength(200);
    for (const { end } of checking) end();
    expect(new Set(await Promise.all(herd))).toEqual(new Set(['ci']));
  });

  test('with different ones, as of many users behind one router, nobody is refused', async () => {
    const { attempt, asked } = door({ maxFailuresPerAddress: 3 });
    const names = Array.from({ length: 200 }, (_, index) => `user ${index}`);
    expect(await Promise.all(names.map((name) => attempt(name, 'right')))).toEqual(names);
    expect(asked()).toBe(200);
  });

  test('a check that breaks gives its place to the next one', async () => {
    let asked = 0;
    const authenticate = throttled(
      async () => {
        await quiet();
        asked += 1;
        throw new GitTyphoonError('ERR_AUTHENTICATION_UNAVAILABLE');
      },
      { delayMs: 0, maxFailuresPerUser: 1 },
    );
    const all = await Promise.allSettled(
      Array.from({ length: 5 }, async () => authenticate(contextOf({ credentials: basic('ann', 'x') }))),
    );
    expect(asked).toBe(5);
    for (const { status } of all) expect(status).toBe('rejected');
  });
});
