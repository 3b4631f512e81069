/** Valid requests that come in pieces, cut between any two bytes: they are answered as if they came whole. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPktLine } from '../../src/protocol/pkt-line.js';
import { parseSideband } from '../../src/protocol/sideband.js';
import { corpus, type Sample } from './corpus.js';
import { doorNames, openStage, type Stage } from './door-stage.js';
import type { Conversation } from './http-answers.js';
import { cutAt, cuts, eachByte, every } from './mutations.js';
import { forAll, talk } from './talk.js';

/** Where git runs for each piece, some positions stand for all, others for each request. */
const stride = Number(process.env['FUZZ_RUNS'] ?? 0) >= 10_000 ? 1 : 23;

describe.each(doorNames)('the %s door answers a request that comes', (door) => {
  let stage: Stage;
  let samples: Sample[];
  const wholes = new Map<Sample, unknown>();
  let number = 0;
  beforeAll(async () => {
    stage = await openStage(door);
    samples = corpus(stage);
    for (const sample of samples) wholes.set(sample, await ask(sample, (bytes) => [bytes]));
  });
  afterAll(() => stage.close());

  /** The answer in a form in which those of all pushes are alike. */
  const ask = async (sample: Sample, split: (bytes: Buffer) => Buffer[]): Promise<unknown> => {
    const own = (number += 1);
    const pieces = split(sample.bytes(own));
    const conversation = await talk(stage.port, pieces, { answers: 1, isHead: () => sample.isHead === true });
    return comparable(conversation, sample.ref?.(own));
  };

  it('as it should, when it comes whole', async () => {
    const statuses = samples.map((sample) => [
      sample.name,
      (wholes.get(sample) as { status: number }).status,
    ]);
    expect(statuses).toEqual(samples.map(({ name, status }) => [name, status]));
    await stage.settle();
  });

  it('byte by byte, just as well', async () => {
    await forAll(samples, async (sample) => {
      const { name } = sample;
      expect({ name, answer: await ask(sample, eachByte) }).toEqual({ name, answer: wholes.get(sample) });
    });
    await stage.settle();
  });

  it('in two pieces, just as well', { timeout: 600_000 }, async () => {
    for (const [index, sample] of samples.entries()) {
      const positions = every(sample.git === undefined ? 1 : stride, index, cuts(sample.bytes(0)));
      await forAll(positions, async (position) => {
        const answer = await ask(sample, (bytes) => cutAt(bytes, position));
        const where = `${sample.name}, cut at ${position}`;
        expect({ where, answer }).toEqual({ where, answer: wholes.get(sample) });
      });
    }
    await stage.settle();
  });
});

/** A pack without the borders of its packets, which lie where git's pipe was empty. */
function unframed(body: Buffer): Buffer {
  if (!body.includes('packfile\n')) return body;
  const parts: Buffer[] = [];
  for (let frame, offset = 0; (frame = readPktLine(body, offset)); offset += frame.bytes) {
    const data = parseSideband(frame.line)?.payload;
    if (data) parts.push(data);
  }
  return Buffer.concat(parts);
}

function comparable({ answers, interim, isCut }: Conversation, ref = 'refs/heads/none'): unknown {
  const [answer] = answers;
  const headers = answer?.headers.filter(([name]) => name !== 'date' && name !== 'expires');
  const body = answer && unframed(answer.body).toString('latin1').replace(ref, 'REF');
  return { status: answer?.status, headers, body, interim, isCut, count: answers.length };
}
