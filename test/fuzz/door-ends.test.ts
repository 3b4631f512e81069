/** Valid requests that end before their end, after any byte, politely and not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { corpus, type Sample } from './corpus.js';
import { doorNames, openStage, type Stage } from './door-stage.js';
import { cuts, every } from './mutations.js';
import { forAll, leave } from './talk.js';

/**
 * All of them take minutes. Otherwise each position gets one of the ends here and the other at the other door, and
 * of those in a push, for which git is started, some stand for all.
 */
const isThorough = Number(process.env['FUZZ_RUNS'] ?? 0) >= 10_000;

describe.each(doorNames)('the %s door forgets a request that ends too early,', (door) => {
  let stage: Stage;
  let samples: Sample[];
  beforeAll(async () => {
    stage = await openStage(door);
    samples = corpus(stage);
  });
  afterAll(() => stage.close());

  it.each(['FIN', 'RST'] as const)('after each of its bytes, with %s', { timeout: 600_000 }, async (end) => {
    const parity = Number(door === 'fetch') + Number(end === 'RST');
    for (const sample of samples) {
      const bytes = sample.bytes(1);
      const stride = sample.git === 'parts' ? 6 : 2;
      const positions = isThorough ? cuts(bytes) : every(stride, parity, cuts(bytes));
      await forAll(positions, async (position) => {
        const { answers, isCut } = await leave(stage.port, bytes.subarray(0, position), end);
        const where = `${sample.name}, cut at ${position}`;
        const others = answers.filter(({ status }) => status !== 400);
        expect({ where, isCut, others }).toEqual({ where, isCut: false, others: [] });
      });
    }
    expect(
      stage.events.push.filter(({ updates }) => updates.some(({ result }) => result.status === 'ok')),
    ).toEqual([]);
    await stage.settle();
  });
});
