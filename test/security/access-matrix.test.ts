/**
 * Every way of saying who one is × every operation × every kind of rule, over versions 0 and 2. What is right stands in
 * a table (access-matrix/expected.ts); every request has a connection of its own, so that each POST comes out of the blue.
 * The whole product is asked of one way; of the others enough for every pair, and every push of the one who has rights.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitOk } from '../support/fixtures.js';
import { changes, kinds, type Caller } from './access-matrix/expected.js';
import { refsOfRun } from './access-matrix/repositories.js';
import { asksOf, expectedOf, foundIn, type Answers, type Ask } from './access-matrix/requests.js';
import { allWays, openStage, type Place, type Stage } from './access-matrix/stage.js';

const versions = [0, 2] as const;
const complete = 'a plain function';
const runOf = (way: string, version: number): string => `${allWays.indexOf(way)}-${version}`;
/** Each pushes to refs of its own. */
const runs = allWays.flatMap((way) => versions.map((version) => ({ way, name: runOf(way, version) })));

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(runs.map(({ name }) => name));
});
afterAll(() => stage.close());

function placeOf(way: string): Place {
  const place = stage.places.get(way);
  if (!place) throw new Error(`there is no ${way}`);
  return place;
}

/** A fourth of all requests, another one for each way: each operation meets five kinds, and each kind two operations. */
function isAsked(way: string, caller: Caller, kindIndex: number, askIndex: number, { pushes }: Ask): boolean {
  const isPushOfActor = caller === 'actor' && pushes !== undefined && pushes.length > 0;
  return way === complete || isPushOfActor || (kindIndex + askIndex + allWays.indexOf(way)) % 4 === 0;
}

/** By kind of rule what a caller gets, and what it should be. */
async function compare(
  way: string,
  caller: Caller,
  asks: readonly Ask[],
  run: string,
): Promise<readonly [found: unknown, expected: unknown]> {
  const place = placeOf(way);
  const rows = await Promise.all(
    kinds.map(async (kind, kindIndex) => {
      const [found, expected]: [Answers, Answers] = [{}, {}];
      for (const [askIndex, ask] of asks.entries()) {
        if (!isAsked(way, caller, kindIndex, askIndex, ask)) continue;
        Object.assign(found, foundIn(ask, run, await place.ask(caller, `/${kind}.git`, ask)));
        Object.assign(expected, expectedOf(ask, caller, kind));
      }
      return [kind, found, expected] as const;
    }),
  );
  return [
    Object.fromEntries(rows.map(([kind, found]) => [kind, found])),
    Object.fromEntries(rows.map(([kind, _found, expected]) => [kind, expected])),
  ];
}

describe.each(allWays)('S2, S4: by %s,', (way) => {
  it.each(versions)(
    'everybody gets what the rules give, by every operation in version %i',
    async (version) => {
      const run = runOf(way, version);
      const asks = asksOf(version, run, stage.repositories, way === complete);
      // Whoever may change something comes last: the refs are then as the others have found them.
      const callers = placeOf(way).callers.toSorted((a, b) => Number(a === 'actor') - Number(b === 'actor'));
      for (const caller of callers) {
        const [found, expected] = await compare(way, caller, asks, run);
        expect({ [caller]: found }).toEqual({ [caller]: expected });
      }
    },
  );
});

it('S2: after all that, refs have changed where the rules allow it to the one who asked, and nowhere else', async () => {
  const { root, commits } = stage.repositories;
  const withActor = new Set(allWays.filter((way) => placeOf(way).callers.includes('actor')));
  for (const kind of kinds) {
    const format = '--format=%(objectname) %(refname)';
    const cwd = join(root, `${kind}.git`);
    const found = (await gitOk(['for-each-ref', format], { cwd })).split('\n');
    const expected = runs.flatMap(({ name, way }) =>
      refsOfRun(name, commits, changes, withActor.has(way) ? kind : undefined),
    );
    const ofRuns = found.filter((line) => /^\S+ refs\/(?:heads|tags)\/\d/.test(line));
    expect([kind, ofRuns.sort()]).toEqual([kind, expected.sort()]);
    // main, topic, sibling, light and v1.
    expect([kind, found.length - ofRuns.length]).toEqual([kind, 5]);
  }
});
