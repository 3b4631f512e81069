import { expect, test } from 'vitest';
import { parseRefUpdate, type RefUpdate } from '../../../src/protocol/push-request.js';
import { Refusals } from '../../../src/push/refusals.js';

const updates = ['a', 'b'].map(
  (name) => parseRefUpdate(`${'0'.repeat(40)} ${'1'.repeat(40)} ${name}`) as RefUpdate,
);

test('a refusal names one ref, or stands for all', () => {
  const refusals = new Refusals();
  expect(refusals.isEmpty).toBe(true);
  expect(refusals.coverAll(updates, true)).toBe(false);
  refusals.add('first', 'a');
  refusals.add('second', 'a');
  expect([refusals.reasonOf('a'), refusals.reasonOf('b')]).toEqual(['first', undefined]);
  expect(refusals.coverAll(updates, false)).toBe(false);
  expect(refusals.coverAll(updates, true)).toBe(true);
  refusals.add('all');
  expect([refusals.reasonOf('a'), refusals.reasonOf('b')]).toEqual(['first', 'all']);
  expect(refusals.coverAll(updates, false)).toBe(true);
});

test('refs that are not in the push refuse nothing of it', () => {
  const refusals = new Refusals();
  refusals.add('no', 'other');
  expect(refusals.coverAll(updates, true)).toBe(false);
  expect(refusals.coverAll(updates, false)).toBe(false);
});

test('a reason is one line that a terminal can show', () => {
  const refusals = new Refusals();
  refusals.add('two\nlines\u001b[31m\0', 'a');
  refusals.add('', 'b');
  expect([refusals.reasonOf('a'), refusals.reasonOf('b')]).toEqual(['two lines [31m', 'refused']);
});
