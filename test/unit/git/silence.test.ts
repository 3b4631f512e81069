import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SilenceWatch } from '../../../src/git/silence.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch(patience: { firstByteMs?: number; idleMs?: number; from?: Promise<unknown> } = {}) {
  let silent = 0;
  const watched = new SilenceWatch({ firstByteMs: 1_000, idleMs: 100, ...patience }, () => (silent += 1));
  return { watched, silent: () => silent };
}

test('the first byte may take its own time', async () => {
  const { silent } = watch();
  await vi.advanceTimersByTimeAsync(999);
  expect(silent()).toBe(0);
  await vi.advanceTimersByTimeAsync(2);
  expect(silent()).toBe(1);
});

test('after it the time counts from the last byte, whether it is shorter or longer', async () => {
  for (const idleMs of [100, 3_000]) {
    const { watched, silent } = watch({ idleMs });
    for (let count = 0; count < 5; count += 1) {
      watched.heard();
      await vi.advanceTimersByTimeAsync(idleMs - 1);
    }
    expect(silent()).toBe(0);
    await vi.advanceTimersByTimeAsync(2);
    expect(silent()).toBe(1);
  }
});

test('time in which the reader takes nothing does not count', async () => {
  const { watched, silent } = watch();
  watched.heard();
  watched.hold();
  await vi.advanceTimersByTimeAsync(5_000);
  watched.resume();
  await vi.advanceTimersByTimeAsync(99);
  expect(silent()).toBe(0);
  await vi.advanceTimersByTimeAsync(100);
  expect(silent()).toBe(1);
});

test('nothing counts before git has all that it needs, and nothing when it never gets it', async () => {
  let feed = (): void => {};
  const from = new Promise<void>((resolve) => {
    feed = resolve;
  });
  const fed = watch({ from });
  const cut = watch({ from: Promise.reject(new Error('cut')) });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(fed.silent()).toBe(0);
  feed();
  await vi.advanceTimersByTimeAsync(1_001);
  expect([fed.silent(), cut.silent()]).toEqual([1, 0]);
});

test('a git that has ended is not silent', async () => {
  const { watched, silent } = watch();
  watched.end();
  await vi.advanceTimersByTimeAsync(5_000);
  watched.heard();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(silent()).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
