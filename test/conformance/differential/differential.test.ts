/** Every request of the corpus, answered by us and by `git http-backend`: equal, but for a written list. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAtLeast } from '../../../src/git/version.js';
import { refsOf } from '../../support/fixtures.js';
import { availableGits } from '../../support/gits.js';
import { rawRequest } from '../../support/raw-http.js';
import { answerOf, type Answer } from './answer.js';
import type { Case } from './case.js';
import { bodyCases, discoveryCases, fetchCases } from './corpus-read.js';
import { dumbCases, pushCases } from './corpus-rest.js';
import { improvements } from './improvements.js';
import { openStage, type DifferentialStage, type Facts, type Side } from './stage.js';

let stage: DifferentialStage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

async function ask(side: Side, one: Case): Promise<Answer> {
  const { name, user, writes, ...request } = one;
  const response = await rawRequest({ port: user ? side.user : side.anonymous, ...request });
  expect([name, response.complete]).toEqual([name, true]);
  return answerOf(response, side.root, writes === undefined ? '' : await refsOf(join(side.root, writes)));
}

const corpora: readonly (readonly [string, (facts: Facts) => Case[]])[] = [
  ['discovery', discoveryCases],
  ['fetch', fetchCases],
  ['bodies', bodyCases],
  ['dumb', dumbCases],
  ['push', pushCases],
];
const seen = new Set<string>();

describe.each(corpora)('%s', (_group, casesOf) => {
  // Tests are named before there are repositories.
  const blank = { pack: '.pack', childPack: Buffer.alloc(0), loose: '', sha256Loose: '' } as Facts;
  it.each(casesOf(blank).map(({ name }, index) => [name, index] as const))('%s', async (name, index) => {
    const one = casesOf(stage.facts)[index];
    if (!one) throw new Error(`no such case: ${name}`);
    const [ours, theirs] = [await ask(stage.ours, one), await ask(stage.reference, one)];
    const improvement = improvements.find(({ covers }) => covers(name, ours, theirs));
    if (improvement) seen.add(improvement.id);
    // An improvement says by itself what may differ.
    expect(improvement ? theirs : ours).toEqual(theirs);
    expect(ours.refs).toBe(theirs.refs);
  });
});

describe('the list of improvements', () => {
  // git http-backend has this service itself since 2.44.
  const hasArchive = availableGits[0] && isAtLeast(availableGits[0].version, { major: 2, minor: 44 });
  const expected = improvements
    .map(({ id }) => id)
    .filter((id) => !hasArchive || id !== 'archives-with-an-older-git');

  it('holds nothing that no request shows', () => {
    expect([...seen].toSorted()).toEqual(expected.toSorted());
  });

  it('is what the documentation says', () => {
    const path = join(import.meta.dirname, '../../../docs/differences-from-http-backend.md');
    const headings = [...readFileSync(path, 'utf8').matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );
    expect(headings.toSorted()).toEqual(improvements.map(({ id }) => id).toSorted());
  });
});
