/**
 * Every way of saying who one is × every operation × every kind of rule, over versions 0 and 2. What is right stands in
 * a table (access-matrix/expected.ts); every request has a connection of its own, so that each POST comes out of the blue.
 * The whole product is asked of one way; of the others enough for every pair of way, operation and kind of rule.
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

/** A way in one version; each pushes to refs of its own. */
interface Run {
  readonly way: string;
  readonly version: (typeof versions)[number];
  readonly name: string;
}
const runs: readonly Run[] = allWays.flatMap((way, index) =>
  versions.map((version) => ({ way, version, name: `${index}-${version}` })),
);

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

/** Which kinds of rule meet the pushes of the one who has rights: for each way half of them, divided among the versions. */
function isPushedTo({ way, version }: Run, kindIndex: number): boolean {
  return way === complete || (kindIndex + allWays.indexOf(way) + version) % 4 === 0;
}

/** A sixth of all else, another one for each way: each operation meets at least three kinds. */
function isAsked(run: Run, caller: Caller, kindIndex: number, askIndex: number, { pushes }: Ask): boolean {
  if (caller === 'actor' && pushes !== undefined && pushes.length > 0) return isPushedTo(run, kindIndex);
  return run.way === complete || (kindIndex + askIndex + allWays.indexOf(run.way)) % 6 === 0;
}

/** By kind of rule what a caller gets, and what it should be. */
async function compare(
  run: Run,
  caller: Caller,
  asks: readonly Ask[],
): Promise<readonly [found: unknown, expected: unknown]> {
  const place = placeOf(run.way);
  const rows = await Promise.all(
    kinds.map(async (kind, kindIndex) => {
      const [found, expected]: [Answers, Answers] = [{}, {}];
      for (const [askIndex, ask] of asks.entries()) {
        if (!isAsked(run, caller, kindIndex, askIndex, ask)) continue;
        Object.assign(found, foundIn(ask, run.name, await place.ask(caller, `/${kind}.git`, ask)));
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

describe.each(runs.map((run) => [run.way, run.version, run] as const))(
  'S2, S4: by %s in version %i,',
  (_way, _version, run) => {
    it('everybody gets what the rules give, by every operation', async () => {
      const { way, version, name } = run;
      // One way pushes each ref by itself, in one version.
      const asks = asksOf(version, name, stage.repositories, way === complete && version === 2);
      // Whoever may change something comes last: the refs are then as the others have found them.
      const callers = placeOf(way).callers.toSorted((a, b) => Number(a === 'actor') - Number(b === 'actor'));
      for (const caller of callers) {
        const [found, expected] = await compare(run, caller, asks);
        expect({ [caller]: found }).toEqual({ [caller]: expected });
      }
    });
  },
);

it('S2: after all that, refs have changed where the rules allow it to the one who asked, and nowhere else', async () => {
  const { root, commits } = stage.repositories;
  const withActor = new Set(allWays.filter((way) => placeOf(way).callers.includes('actor')));
  for (const [index, kind] of kinds.entries()) {
    const format = '--format=%(objectname) %(refname)';
    const cwd = join(root, `${kind}.git`);
    const found = (await gitOk(['for-each-ref', format], { cwd })).split('\n');
    const expected = runs.flatMap((run) => {
      const isPushed = withActor.has(run.way) && isPushedTo(run, index);
      return refsOfRun(run.name, commits, changes, isPushed ? kind : undefined);
    });
    const ofRuns = found.filter((line) => /^\S+ refs\/(?:heads|tags)\/\d/.test(line));
    expect([kind, ofRuns.sort()]).toEqual([kind, expected.sort()]);
    // main, topic, sibling, light and v1.
    expect([kind, found.length - ofRuns.length]).toEqual([kind, 5]);
  }
});
