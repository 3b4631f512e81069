/** Requests with flipped bytes, with bytes taken out and put in, and with noise behind them. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { corpus, type Sample } from './corpus.js';
import { doorNames, openStage, type Stage } from './door-stage.js';
import { changed, type Change } from './mutations.js';
import { talk } from './talk.js';

/** How many requests go out at the same time. */
const together = 12;
const batches = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 200) / together);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_007);

const place = fc.double({ min: 0, max: 1, noNaN: true });
const noise = fc.uint8Array({ minLength: 1, maxLength: 30 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    at: place,
    bits: fc.constantFrom(1, 2, 4, 8, 16, 32, 64, 128),
  }),
  fc.record({ kind: fc.constant('insert' as const), at: place, bytes: noise }),
  fc.record({ kind: fc.constant('remove' as const), at: place, count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: place, count: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant('append' as const), bytes: noise }),
);
const mutation = fc.record({
  sample: fc.nat(),
  /** What happens in the head mostly ends in Node's parser; the rest is for us. */
  where: fc.constantFrom('anywhere' as const, 'body' as const, 'body' as const),
  changes: fc.array(change, { minLength: 1, maxLength: 2 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

/** A changed body gets its right length, or nobody but Node's parser would see it. */
function mutate(original: Buffer, { where, changes }: Mutation): Buffer {
  const bodyStart = original.indexOf('\r\n\r\n') + 4;
  if (where === 'anywhere' || bodyStart === original.length) return changes.reduce(changed, original);
  const body = changes.reduce(changed, original.subarray(bodyStart));
  const head = original
    .toString('latin1', 0, bodyStart)
    .replace(/(?<=\r\nContent-Length: )\d+/, `${body.length}`);
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

describe.each(doorNames)('the %s door', (door) => {
  let stage: Stage;
  let samples: Sample[];
  let number = 0;
  beforeAll(async () => {
    stage = await openStage(door);
    samples = corpus(stage);
  });
  afterAll(() => stage.close());

  const send = async (one: Mutation): Promise<void> => {
    const sample = samples[one.sample % samples.length];
    if (!sample) return;
    const bytes = mutate(sample.bytes((number += 1)), one);
    // A flipped HEAD is no HEAD any more; then it is not HTTP at all, and its refusal has no body either.
    await talk(stage.port, [bytes], { isHead: () => sample.isHead === true });
  };

  it('answers anything with HTTP or not at all, and is as it was', { timeout: 600_000 }, async () => {
    const batch = fc.array(mutation, { minLength: together, maxLength: together });
    await fc.assert(
      fc.asyncProperty(batch, async (mutations) => {
        await Promise.all(mutations.map(send));
      }),
      { numRuns: batches, seed, endOnFailure: true },
    );
    await stage.settle().catch((error: unknown) => {
      throw new Error(`with FUZZ_SEED=${seed}: ${String(error)}`, { cause: error });
    });
  });
});
