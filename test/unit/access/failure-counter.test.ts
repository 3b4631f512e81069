import { expect, test } from 'vitest';
import { FailureCounter } from '../../../src/access/failure-counter.js';
import { eventually } from '../../support/server.js';

test('the counts are bounded: beyond ten thousand the one that failed longest ago is forgotten', () => {
  const counter = new FailureCounter(60_000);
  for (let index = 0; index < 10_001; index += 1) {
    counter.add(`key ${index}`);
    if (index === 1) counter.add('key 0');
  }
  expect(counter.get('key 0').count).toBe(2);
  expect(counter.get('key 1').count).toBe(0);
  expect(counter.get('key 2').count).toBe(1);
});

test('a window begins with the first failure and is not made longer by others; behind it all begins anew', async () => {
  const counter = new FailureCounter(1_500);
  counter.add('key');
  const { msLeft } = counter.get('key');
  await eventually('some of it is over', () => counter.get('key').msLeft < msLeft - 20);
  counter.add('key');
  expect(counter.get('key').msLeft).toBeLessThan(msLeft);
  await eventually('it is over', () => counter.get('key').count === 0);
  counter.add('key');
  expect(counter.get('key').count).toBe(1);
  expect(counter.get('key').msLeft).toBeGreaterThan(0);
});
