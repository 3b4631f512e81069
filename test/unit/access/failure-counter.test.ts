import { expect, test } from 'vitest';
import { FailureCounter } from '../../../src/access/failure-counter.js';

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
