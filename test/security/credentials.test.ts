/** Every scheme of credentials at every endpoint, and what a stranger can learn from the answers. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Credentials, GitUser } from '../../src/index.js';
import { type Headers } from '../conformance/differential/case.js';
import { openLab, type Lab } from '../conformance/lab.js';
import { gitOk, makeTempDir } from '../support/fixtures.js';
import { headerOf, rawRequest, type RawResponse } from '../support/raw-http.js';
import { ask, basic, nameOf, stageRepository, watchGit, type Stage, type WatchedGit } from './stage.js';

const folder = makeTempDir();
let git: WatchedGit;
let lab: Lab;
let stage: Stage;
const asked: string[] = [];
let seen: (Credentials | undefined)[] = [];

const tokens: Readonly<Record<string, string>> = { 'w-1': 'writer', 'r-1': 'reader', 's-1': 'stranger' };

/** One table for all schemes: `NAME:right`, a token, or `Ticket NAME`. */
function recognise(credentials: Credentials | undefined): GitUser | undefined {
  if (credentials?.scheme === 'basic') {
    return credentials.password === 'right:with:colons' ? { name: credentials.username } : undefined;
  }
  if (credentials?.scheme === 'bearer') {
    const name = tokens[credentials.token];
    return name === undefined ? undefined : { name };
  }
  const name = /^Ticket (\w+)$/.exec(credentials?.header ?? '')?.[1];
  return name === undefined ? undefined : { name };
}

beforeAll(async () => {
  git = watchGit(`${folder.path}/git`);
  lab = await openLab({
    gitCommand: git.command,
    publicRead: false,
    publicWrite: false,
    authenticate: ({ credentials }) => {
      seen.push(credentials);
      return recognise(credentials);
    },
    authorize: ({ name, user, context }) => {
      asked.push(`${context.operation} ${user?.name ?? 'nobody'}`);
      if (!name.startsWith('app')) return false;
      return user?.name === 'writer' || (user?.name === 'reader' && context.operation === 'read');
    },
  });
  stage = await stageRepository(lab.at('app.git'));
  await gitOk(['clone', '-q', '--mirror', lab.at('app.git'), lab.at('private.git')]);
});
afterAll(async () => {
  await lab.close();
  folder.dispose();
});
beforeEach(() => {
  git.started();
  asked.length = 0;
  seen = [];
});

const bearer = (token: string): readonly [string, string] => ['Authorization', `Bearer ${token}`];
const ticket = (name: string): readonly [string, string] => ['Authorization', `Ticket ${name}`];

describe('S4: no scheme of credentials goes round a check', () => {
  const schemes: readonly (readonly [string, (name: string) => readonly [string, string]])[] = [
    ['Basic', (name) => basic(`${name}:right:with:colons`)],
    ['Bearer', (name) => bearer(`${name[0]}-1`)],
    ['another scheme', ticket],
  ];

  it.each(schemes)(
    '%s: a writer, a reader and a stranger get what is theirs at every endpoint',
    async (_s, as) => {
      for (const endpoint of stage.endpoints) {
        const statuses: Record<string, number> = {};
        for (const name of ['writer', 'reader', 'stranger']) {
          statuses[name] = (await ask(lab.server.port, '/app.git', endpoint, [as(name)])).status;
        }
        const reader = endpoint.operation === 'read' ? 200 : 403;
        expect([nameOf(endpoint), statuses]).toEqual([
          nameOf(endpoint),
          { writer: 200, reader, stranger: 404 },
        ]);
      }
    },
  );

  const bad: readonly (readonly [string, Headers])[] = [
    ['no credentials', []],
    ['an empty header', [['Authorization', '']]],
    ['a wrong password', [basic('writer:wrong')]],
    ['a password that is cut at its colon', [basic('writer:right')]],
    ['no password', [basic('writer')]],
    ['Basic that is no base64', [['Authorization', 'Basic writer:right:with:colons']]],
    ['a scheme alone', [['Authorization', 'Bearer']]],
    ['a token that nobody has', [bearer('x-1')]],
    ['a token as the name of Basic', [basic('w-1:')]],
    ['a token with more behind it', [bearer('w-1 writer')]],
    ['a scheme that nobody knows', [['Authorization', 'Digest username="writer"']]],
    ['a bad header before a good one', [bearer('x-1'), bearer('w-1')]],
    [
      'credentials in other headers',
      [
        ['Proxy-Authorization', 'Bearer w-1'],
        ['Cookie', 'token=w-1'],
      ],
    ],
    [
      'the name in other headers',
      [
        ['X-Remote-User', 'writer'],
        ['Remote-User', 'writer'],
      ],
    ],
  ];
  it.each(bad)('%s: 401 at every endpoint, and git does not run', async (_what, headers) => {
    for (const endpoint of stage.endpoints) {
      const answer = await ask(lab.server.port, '/app.git', endpoint, headers);
      expect([nameOf(endpoint), answer.status]).toEqual([nameOf(endpoint), 401]);
      expect(headerOf(answer, 'www-authenticate')).toBe('Basic realm="Git"');
    }
    expect(git.started()).toEqual([]);
  });

  it.each(schemes)('%s: what is wrong is refused also where everybody may read', async (_scheme, as) => {
    const open = await openLab({ authenticate: ({ credentials }) => recognise(credentials) });
    const { endpoints } = await stageRepository(open.at('app.git'));
    const [header, good] = as('writer');
    const bad = [header, good.replace(/\S+$/, (value) => (value === 'writer' ? '?' : `x${value}`))] as const;
    for (const endpoint of endpoints) {
      const statuses: number[] = [];
      for (const headers of [[], [as('writer')], [bad]]) {
        statuses.push((await ask(open.server.port, '/app.git', endpoint, headers)).status);
      }
      expect([nameOf(endpoint), statuses]).toEqual([nameOf(endpoint), [200, 200, 401]]);
    }
    await open.close();
  });

  it('a token in the query is no credential', async () => {
    const path = '/app.git/info/refs?service=git-upload-pack&access_token=w-1&token=w-1';
    expect((await rawRequest({ port: lab.server.port, path })).status).toBe(401);
    expect(seen).toEqual([undefined]);
  });
});

describe('S23: a name ends at the first colon, and a password nowhere', () => {
  it.each([
    ['writer:right:with:colons', 'writer', 'right:with:colons'],
    ['writer::', 'writer', ':'],
    [':secret', '', 'secret'],
    ['writer:', 'writer', ''],
    ['writer:tab\tnewline\nnul\0end', 'writer', 'tab\tnewline\nnul\0end'],
    ['grün:pässwörd€', 'grün', 'pässwörd€'],
  ])('%j', async (text, username, password) => {
    await rawRequest({ port: lab.server.port, path: '/app.git/HEAD', headers: [basic(text)] });
    expect(seen).toEqual([{ scheme: 'basic', username, password }]);
  });

  it('git itself comes in with such a password', async () => {
    const password = encodeURIComponent('right:with:colons');
    const url = lab.url('app.git').replace('://', `://reader:${password}@`);
    expect(await gitOk(['ls-remote', url, 'refs/heads/main'])).toContain(stage.oid);
  });
});

describe('S26: missing and forbidden look the same', () => {
  /** All that a client can see, but for the time of day. */
  const visible = ({ status, statusText, headers, body }: RawResponse): unknown => ({
    status,
    statusText,
    headers: headers.filter(([name]) => name !== 'Date'),
    body: body.toString('latin1'),
  });

  it.each<readonly [string, Headers, number]>([
    ['nobody', [], 401],
    ['a reader of other repositories', [basic('reader:right:with:colons')], 404],
    ['a writer of other repositories', [bearer('w-1')], 404],
    ['a stranger', [ticket('stranger')], 404],
    ['somebody with a wrong password', [basic('reader:wrong')], 401],
  ])(
    '%s: the same answer at every endpoint, after the same questions, and git does not run',
    async (_w, as, status) => {
      for (const endpoint of stage.endpoints) {
        const answers: unknown[] = [];
        const questions: string[][] = [];
        for (const path of ['/private.git', '/private', '/missing.git', '/missing']) {
          asked.length = 0;
          const answer = await ask(lab.server.port, path, endpoint, as);
          expect([nameOf(endpoint), answer.status]).toEqual([nameOf(endpoint), status]);
          answers.push(visible(answer));
          questions.push([...asked]);
        }
        expect(answers).toEqual(answers.map(() => answers.at(-1)));
        expect(questions).toEqual(questions.map(() => questions.at(-1)));
      }
      expect(git.started()).toEqual([]);
    },
  );

  it('malformed requests do not tell them apart either', async () => {
    const attempts: readonly { method: string; below: string; headers: Headers; body?: string }[] = [
      { method: 'GET', below: '/info/refs?service=git-nothing', headers: [] },
      { method: 'PUT', below: '/info/refs', headers: [] },
      { method: 'GET', below: '/git-receive-pack', headers: [] },
      { method: 'POST', below: '/git-receive-pack', headers: [['Content-Type', 'text/plain']], body: 'x' },
      { method: 'POST', below: '/git-upload-pack', headers: [['Content-Encoding', 'br']], body: 'x' },
      { method: 'POST', below: '/git-upload-pack', headers: [['Content-Length', '99999999999']] },
      {
        method: 'GET',
        below: '/HEAD',
        headers: [
          ['Range', 'bytes=9-1'],
          ['Expect', '100-continue'],
        ],
      },
      { method: 'OPTIONS', below: '/info/refs', headers: [['Origin', 'https://example.org']] },
    ];
    for (const { below, headers, ...rest } of attempts) {
      const answerOf = async (path: string): Promise<unknown> =>
        visible(
          await rawRequest({
            ...rest,
            port: lab.server.port,
            path: path + below,
            headers: [...headers, bearer('s-1')],
          }),
        );
      expect(await answerOf('/private.git')).toEqual(await answerOf('/missing.git'));
    }
    expect(git.started()).toEqual([]);
  });
});
