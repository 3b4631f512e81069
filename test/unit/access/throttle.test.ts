import { describe, expect, test } from 'vitest';
import { throttled, type Authenticate, type ThrottleOptions } from '../../../src/access/index.js';
import { GitTyphoonError, OptionError } from '../../../src/index.js';
import { eventually } from '../../support/server.js';
import { basic, contextOf } from './contexts.js';
import { door } from './throttle-door.js';

describe('who fails', () => {
  test('too often as one user is refused there, with the right password as well, and told when to come back', async () => {
    const { authenticate, attempt, asked } = door({ maxFailuresPerUser: 3, windowMs: 60_000 });
    for (let index = 0; index < 3; index += 1) expect(await attempt('ann', 'wrong')).toBeUndefined();
    expect(await attempt('ann', 'right')).toBe(429);
    expect(asked()).toBe(3);
    const refusal: unknown = await Promise.resolve(
      authenticate(contextOf({ credentials: basic('ann', 'x'), remoteAddress: '192.0.2.1' })),
    ).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'ERR_TOO_MANY_ATTEMPTS', status: 429 });
    const [name, value] = (refusal as GitTyphoonError).headers[0] ?? [];
    expect(name).toBe('Retry-After');
    expect(Number(value)).toBeGreaterThan(0);
    expect(Number(value)).toBeLessThanOrEqual(60);
  });

  test('does not lock the user out elsewhere, nor others here', async () => {
    const { attempt } = door({ maxFailuresPerUser: 3 });
    for (let index = 0; index < 5; index += 1) await attempt('ann', 'wrong');
    expect(await attempt('ann', 'right', '192.0.2.2')).toBe('ann');
    expect(await attempt('bob', 'right')).toBe('bob');
    expect(await attempt('ann', 'right')).toBe(429);
  });

  test('too often as many users is refused as all of them, IPv6 by its network', async () => {
    const { attempt, asked } = door({ maxFailuresPerAddress: 4 });
    for (let index = 0; index < 4; index += 1) await attempt(`user ${index}`, 'wrong', `2001:db8::${index}`);
    expect(await attempt('ann', 'right', '2001:db8::ffff')).toBe(429);
    expect(await attempt('ann', 'right', '2001:db8:0:1::1')).toBe('ann');
    expect(asked()).toBe(5);
  });

  test('with tokens counts by the address', async () => {
    const { send, attempt } = door({ maxFailuresPerAddress: 2, maxFailuresPerUser: 1 });
    for (let index = 0; index < 2; index += 1) {
      expect(await send({ scheme: 'bearer', token: 'wrong' }, '::ffff:192.0.2.1')).toBeUndefined();
    }
    expect(await send({ scheme: 'bearer', token: 'right' }, '192.0.2.1')).toBe(429);
    expect(await send({ scheme: 'other', header: 'Negotiate x' }, '192.0.2.1')).toBe(429);
    expect(await attempt('ann', 'right', '192.0.2.2')).toBe('ann');
  });

  test('may try again once the window has gone by', async () => {
    const { attempt } = door({ maxFailuresPerUser: 1, windowMs: 100 });
    expect(await attempt('ann', 'wrong')).toBeUndefined();
    await eventually('the failure is forgotten', async () => (await attempt('ann', 'right')) === 'ann');
  });

  test('is counted when a 401 is thrown, and not when something else is', async () => {
    const failing = (error: Error): Authenticate =>
      throttled(
        () => {
          throw error;
        },
        { delayMs: 0, maxFailuresPerUser: 1 },
      );
    const context = contextOf({ credentials: basic('ann', 'x') });
    const denied = failing(new GitTyphoonError('ERR_UNAUTHENTICATED'));
    await expect(denied(context)).rejects.toMatchObject({ status: 401 });
    await expect(denied(context)).rejects.toMatchObject({ status: 429 });
    for (const error of [new GitTyphoonError('ERR_BUSY'), new Error('down')]) {
      const broken = failing(error);
      await expect(broken(context)).rejects.toBe(error);
      await expect(broken(context)).rejects.toBe(error);
    }
  });
});

describe('a success', () => {
  test('makes the failures of this user here good, and no others', async () => {
    const { attempt } = door({ maxFailuresPerUser: 2, maxFailuresPerAddress: 4 });
    await attempt('ann', 'wrong');
    expect(await attempt('ann', 'right')).toBe('ann');
    await attempt('ann', 'wrong');
    expect(await attempt('ann', 'right')).toBe('ann');
    // Whoever has an account of their own does not get guesses at others for it.
    for (const user of ['bob', 'cyd']) await attempt(user, 'wrong');
    expect(await attempt('eve', 'right')).toBe(429);
  });

  test('under another name than the one that was given makes nothing good', async () => {
    const asToken: Authenticate = ({ credentials }) =>
      credentials?.scheme === 'basic' && credentials.password === 'token of eve'
        ? { name: 'eve' }
        : undefined;
    const authenticate = throttled(asToken, { delayMs: 0, maxFailuresPerUser: 2 });
    const as = async (password: string): Promise<unknown> =>
      authenticate(contextOf({ credentials: basic('ann', password) }));
    await as('guess');
    expect(await as('token of eve')).toEqual({ name: 'eve' });
    await as('guess');
    await expect(as('guess')).rejects.toMatchObject({ status: 429 });
  });

  test('of a herd that comes at once is never refused', async () => {
    const { attempt } = door({ maxFailuresPerUser: 1, maxFailuresPerAddress: 1 });
    const all = await Promise.all(Array.from({ length: 200 }, () => attempt('ci', 'right')));
    expect(new Set(all)).toEqual(new Set(['ci']));
  });
});

test('requests without credentials are not counted, and not held up', async () => {
  const { send, attempt } = door({ maxFailuresPerAddress: 1 });
  for (let index = 0; index < 10; index += 1) expect(await send(undefined, '192.0.2.1')).toBeUndefined();
  expect(await attempt('ann', 'right')).toBe('ann');
  await attempt('ann', 'wrong');
  expect(await send(undefined, '192.0.2.1')).toBeUndefined();
});

test('without an address nobody is refused, for it would be everybody', async () => {
  const authenticate = throttled(() => undefined, {
    delayMs: 0,
    maxFailuresPerAddress: 1,
    maxFailuresPerUser: 1,
  });
  const context = contextOf({ credentials: basic('ann', 'x'), remoteAddress: undefined });
  for (let index = 0; index < 5; index += 1) expect(await authenticate(context)).toBeUndefined();
});

test('failures from a shared address, such as that of a proxy, lock nobody out', async () => {
  const sharedAddresses = ['192.0.2.0/24'];
  const options = { maxFailuresPerAddress: 2, maxFailuresPerUser: 2, sharedAddresses };
  const { attempt } = door(options);
  for (let index = 0; index < 5; index += 1) {
    expect(await attempt('ann', 'wrong')).toBeUndefined();
    expect(await attempt(`user-${index}`, 'wrong')).toBeUndefined();
  }
  expect(await attempt('ann', 'right')).toBe('ann');
  for (let index = 0; index < 2; index += 1) await attempt('bob', 'wrong', '198.51.100.1');
  expect(await attempt('bob', 'right', '198.51.100.1')).toBe(429);
  expect(() => door({ sharedAddresses: ['x'] })).toThrow('option "sharedAddresses"');
});

test('an attempt after failures waits, here and for a user who is attacked from everywhere; nobody else does', async () => {
  // A wait that nothing but the leaving of the client ends.
  const { attempt, authenticate, asked } = door({
    delayMs: 60_000,
    maxDelayMs: 60_000,
    maxFailuresPerUser: 2,
  });
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) await attempt('ann', 'wrong', address);
  const waiting = ['192.0.2.1', '192.0.2.77'].map((remoteAddress) => {
    const gone = new AbortController();
    const context = contextOf({ credentials: basic('ann', 'right'), remoteAddress, signal: gone.signal });
    return { gone, answer: Promise.resolve(authenticate(context)).catch((error: Error) => error.name) };
  });
  expect(await attempt('bob', 'right', '192.0.2.1')).toBe('bob');
  expect(asked()).toBe(4);
  for (const { gone } of waiting) gone.abort();
  expect(await Promise.all(waiting.map(({ answer }) => answer))).toEqual(['AbortError', 'AbortError']);
  // What a client did not wait for is not looked at.
  expect(asked()).toBe(4);
});

test.each<[keyof ThrottleOptions, number]>([
  ['windowMs', 0],
  ['windowMs', 86_400_001],
  ['maxFailuresPerAddress', 0],
  ['maxFailuresPerUser', 1.5],
  ['delayMs', -1],
  ['maxDelayMs', Number.NaN],
])('option %s: %j is refused', (option, value) => {
  const make = (): unknown => throttled(() => undefined, { [option]: value });
  expect(make).toThrow(OptionError);
  expect(make).toThrow(`option "${option}"`);
});
