/** What the rules do not show: repositories that one may not read, and nothing below them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAccessRules, type AccessRulesData } from '../../src/access/index.js';
import { git } from '../support/fixtures.js';
import { startServer } from '../support/server.js';
import { kinds, readStatus } from './access-matrix/expected.js';
import { asksOf, type Answer } from './access-matrix/requests.js';
import { allWays, openStage, type Place, type Stage } from './access-matrix/stage.js';
import { basic } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(['hiding']);
});
afterAll(() => stage.close());

/** All that a client can see, but for the time of day. */
const visible = ({ status, headers, body }: Answer): unknown => ({
  status,
  headers: headers.filter(([name]) => name !== 'Date'),
  body: body.toString('latin1'),
});

function placeOf(way: string): Place {
  const place = stage.places.get(way);
  if (!place) throw new Error(`there is no ${way}`);
  return place;
}

describe.each(allWays)('S26: by %s,', (way) => {
  it('what one may not read answers like what is not there, to every operation', async () => {
    const place = placeOf(way);
    for (const caller of place.callers) {
      const hidden = kinds.filter((kind) => readStatus(caller, kind) !== 200);
      const asks = [0, 2].flatMap((version) =>
        asksOf(version === 0 ? 0 : 2, 'hiding', stage.repositories, false),
      );
      await Promise.all(
        asks.map(async (ask, index) => {
          const kind = hidden[index % hidden.length] ?? '';
          const [forbidden, missing] = [
            await place.ask(caller, `/${kind}.git`, ask),
            await place.ask(caller, '/missing.git', ask),
          ];
          expect([caller, ask.operation, visible(forbidden)]).toEqual([
            caller,
            ask.operation,
            visible(missing),
          ]);
          expect(missing.status).toBe(readStatus(caller, kind));
        }),
      );
    }
  });
});

describe('S17: reading is decided for a repository as a whole', () => {
  const data: AccessRulesData = {
    rules: [
      { who: 'ann', repositories: 'allow-all', refs: 'topic', allow: 'update' },
      { who: 'eve', repositories: 'allow-all', refs: 'sibling', deny: 'write' },
      { who: 'eve', repositories: 'allow-all', allow: 'read' },
    ],
  };

  it.each([0, 2] as const)('rules for single refs hide none, in version %i', async (version) => {
    const { authorize, authorizeUpdate } = createAccessRules(data);
    const server = await startServer({
      repositories: stage.repositories.root,
      publicRead: false,
      authenticate: ({ credentials }) =>
        credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
      authorize,
      authorizeUpdate,
    });
    const { root, commits } = stage.repositories;
    const everything = await git(['ls-remote', `${root}/allow-all.git`]);
    expect(everything.stdout).toContain('refs/heads/sibling');
    for (const name of ['ann', 'eve']) {
      const [header, value] = basic(`${name}:`);
      const config = ['-c', `protocol.version=${version}`, '-c', `http.extraHeader=${header}: ${value}`];
      const url = `${server.url}/allow-all.git`;
      expect((await git([...config, 'ls-remote', url])).stdout).toBe(everything.stdout);
      const copy = stage.fresh();
      await git(['init', '-q', '--bare', copy]);
      const fetched = await git([...config, 'fetch', '-q', url, commits.sibling], { cwd: copy });
      expect({ code: fetched.code, stderr: fetched.stderr }).toEqual({ code: 0, stderr: '' });
    }
    await server.close();
  });

  it('a rule that speaks of reading some refs is refused, so that nobody relies on it', () => {
    for (const list of ['allow', 'deny'] as const) {
      const rule = { who: '*', refs: 'secret', [list]: 'read' };
      expect(() => createAccessRules({ rules: [rule] })).toThrow(
        /reading is decided for a repository as a whole/,
      );
    }
  });
});
