/** Requests that are wrong in their frame: what each door answers, and that nothing is left of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyCases } from './body-cases.js';
import { doorNames, openStage, type Stage } from './door-stage.js';
import { headCases } from './head-cases.js';
import type { Row } from './raw-requests.js';
import { forAll, talk } from './talk.js';

describe.each(doorNames)('the %s door answers as HTTP says, and is as it was afterwards,', (door) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(door);
  });
  afterAll(() => stage.close());

  type Outcomes = Record<string, readonly number[]>;
  const outcomesOf = async (rows: readonly Row[]): Promise<{ expected: Outcomes; found: Outcomes }> => {
    const expected: Outcomes = {};
    const found: Outcomes = {};
    await forAll(rows, async ([name, statuses, bytes]) => {
      const wanted = (expected[name] = 'fetch' in statuses ? statuses[door] : statuses);
      const { answers, isCut } = await talk(stage.port, [bytes], { answers: wanted.length });
      found[name] = [...answers.map(({ status }) => status), ...(isCut ? [0] : [])];
    });
    return { expected, found };
  };

  it('when a body is framed or encoded wrongly', async () => {
    const { expected, found } = await outcomesOf(bodyCases);
    expect(found).toEqual(expected);
    await stage.settle();
  });

  it('when a head is malformed, oversized or says things twice, and when more comes behind a request', async () => {
    const { expected, found } = await outcomesOf(headCases);
    expect(found).toEqual(expected);
    await stage.settle();
  });
});
