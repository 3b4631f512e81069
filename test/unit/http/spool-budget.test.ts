import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { SpoolBudget } from '../../../src/http/spool-budget.js';
import { Spool } from '../../../src/http/spool.js';

const options = { thresholdBytes: 4, directory: tmpdir() };

test('what requests hold together has a bound, and what is disposed of makes room', async () => {
  const budget = new SpoolBudget(10);
  const first = new Spool({ ...options, budget });
  const second = new Spool({ ...options, budget });
  await first.add(Buffer.from('123456'));
  await second.add(Buffer.from('1234'));
  expect(budget.bytes).toBe(10);
  expect(() => second.add(Buffer.from('5'))).toThrow(
    expect.objectContaining({ code: 'ERR_BUSY', status: 503, headers: [['Retry-After', '10']] }) as Error,
  );
  await first.dispose();
  // Twice gives nothing back twice.
  await first.dispose();
  expect(budget.bytes).toBe(4);
  await second.add(Buffer.from('5'));
  await second.dispose();
  expect(budget.bytes).toBe(0);
});
