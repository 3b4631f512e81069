import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { VerifiedTokens } from '../../../src/access/verified-tokens.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

const now = 1_000_000_000;
const user = { name: 'ada' };

it('a token is remembered for a minute', () => {
  const verified = new VerifiedTokens();
  verified.add('a', user, now + 3_600);
  expect(verified.find('a')).toBe(user);
  expect(verified.find('b')).toBeUndefined();
  vi.setSystemTime((now + 59) * 1000);
  expect(verified.find('a')).toBe(user);
  vi.setSystemTime((now + 60) * 1000);
  expect(verified.find('a')).toBeUndefined();
  vi.setSystemTime(now * 1000);
  expect(verified.find('a')).toBeUndefined();
});

it('a token is remembered no longer than it lives', () => {
  const verified = new VerifiedTokens();
  verified.add('a', user, now + 10);
  verified.add('dead', user, now - 10);
  expect(verified.find('dead')).toBeUndefined();
  vi.setSystemTime((now + 9) * 1000);
  expect(verified.find('a')).toBe(user);
  vi.setSystemTime((now + 10) * 1000);
  expect(verified.find('a')).toBeUndefined();
});

it('a thousand are remembered, and the one used longest ago is forgotten first', () => {
  const verified = new VerifiedTokens();
  for (let index = 0; index < 1_000; index += 1) verified.add(String(index), user, now + 60);
  expect(verified.find('0')).toBe(user);
  verified.add('new', user, now + 60);
  expect(verified.find('0')).toBe(user);
  expect(verified.find('1')).toBeUndefined();
  expect(verified.find('2')).toBe(user);
  expect(verified.find('new')).toBe(user);
});
