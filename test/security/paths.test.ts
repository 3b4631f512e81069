/** One path, read once: what is authorised is what is opened. */
import { mkdirSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLab, type Lab } from '../conformance/lab.js';
import { gitOk, makeTempDir } from '../support/fixtures.js';
import { rawRequest, type RawResponse } from '../support/raw-http.js';
import { startServer, type TestServer } from '../support/server.js';
import { ask, nameOf, stageRepository, watchGit, type Stage, type WatchedGit } from './stage.js';

const folder = makeTempDir();
let git: WatchedGit;
/** Only `open.git` and `sub/open.git` may be read. */
let lab: Lab;
/** The same repositories below `/git`. */
let mounted: TestServer;
let stage: Stage;
let asked: { name: string; gitDir: string | undefined }[] = [];

beforeAll(async () => {
  git = watchGit(`${folder.path}/git`);
  const policy = {
    gitCommand: git.command,
    publicRead: false,
    publicWrite: false,
    authorize: ({
      name,
      repository,
    }: {
      name: string;
      repository: { gitDir: string } | undefined;
    }): boolean => {
      asked.push({ name, gitDir: repository?.gitDir });
      return name === 'open.git' || name === 'sub/open.git';
    },
  };
  lab = await openLab(policy);
  mounted = await startServer({ ...policy, repositories: lab.root }, { prefix: '/git' });
  stage = await stageRepository(lab.at('secret.git'));
  mkdirSync(lab.at('sub'));
  for (const name of ['open.git', 'sub/open.git', 'sub/secret.git']) {
    await gitOk(['clone', '-q', '--mirror', lab.at('secret.git'), lab.at(name)]);
  }
});
afterAll(async () => {
  await mounted.close();
  await lab.close();
  folder.dispose();
});
beforeEach(() => {
  asked = [];
  git.started();
});

const discovery = '/info/refs?service=git-upload-pack';
const discover = (path: string, port = lab.server.port): Promise<RawResponse> =>
  rawRequest({ port, path: path + discovery });

describe('S5: there is one view of a path', () => {
  it.each([
    '//open.git',
    '/open.git/',
    '//sub/open.git',
    '/sub//open.git',
    '/./open.git',
    '/sub/./open.git',
    '/sub/../open.git',
    '/../served/open.git',
    '/%2e/open.git',
    '/sub/%2e%2e/open.git',
    '/sub/.%2E/open.git',
    '/%2fopen.git',
    '/sub%2fopen.git',
    '/sub%2Fopen.git',
    '/sub%5copen.git',
    '/sub\\open.git',
    '/sub\\..\\open.git',
    '/open.git%00',
    '/open.git%00/secret.git',
    '/open%00.git',
    '/open.git%0a',
    '/open.git%7f',
    '/open.git%0d%0aX:%20y',
    '/C:/open.git',
    '/c:open.git',
    '/%43%3a/open.git',
    '/sub/C:%5copen.git',
    '/open.git%',
    '/open.git%zz',
    '/%c0%ae%c0%ae/open.git',
    '/%c0%af/open.git',
    '/%ff/open.git',
    'open.git',
    'http://evil.example//open.git',
    'http://evil.example/../open.git',
    'http://evil.example\\open.git',
    'ftp://evil.example/open.git',
    `/${'a'.repeat(256)}/open.git`,
    `${'/a'.repeat(2100)}/open.git`,
  ])('%s names nothing: nobody is asked, and git does not run', async (path) => {
    const answer = await discover(path);
    expect([400, 404]).toContain(answer.status);
    expect(answer.body.includes('# service=')).toBe(false);
    expect(asked).toEqual([]);
    expect(git.started()).toEqual([]);
  });

  it.each([
    ['/%252e%252e/open.git', '%2e%2e/open.git'],
    ['/sub%252fopen.git', 'sub%2fopen.git'],
    ['/open.git%2500', 'open.git%00'],
    ['/.../open.git', '.../open.git'],
    ['/open.git;secret.git', 'open.git;secret.git'],
    ['/open.git+', 'open.git+'],
    ['/OPEN.git', 'OPEN.git'],
  ])('%s is decoded once, and is no repository', async (path, name) => {
    expect((await discover(path)).status).toBe(404);
    expect(asked).toEqual([{ name, gitDir: undefined }]);
    expect(git.started()).toEqual([]);
  });

  it.each([
    ['', ''],
    ['http://evil.example', ''],
    ['HTTPS://evil.example:99', ''],
    ['http://open.git', ''],
    ['http://user:password@open.git', ''],
    ['', '/git'],
    ['http://evil.example', '/git'],
  ])(
    '%s%s/…: every spelling of a repository is the same one to authorize as to git',
    async (origin, prefix) => {
      const port = prefix === '' ? lab.server.port : mounted.port;
      for (const [spelling, name, status] of [
        ['/secret.git', 'secret.git', 404],
        ['/secret', 'secret.git', 404],
        ['/%73ecret.git', 'secret.git', 404],
        ['/secret%2egit', 'secret.git', 404],
        ['/sub/secret.git', 'sub/secret.git', 404],
        ['/open.git', 'open.git', 200],
        ['/op%65n', 'open.git', 200],
        ['/sub/open', 'sub/open.git', 200],
      ] as const) {
        asked = [];
        git.started();
        const answer = await discover(origin + prefix + spelling, port);
        expect([spelling, answer.status]).toEqual([spelling, status]);
        expect(asked).toEqual([{ name, gitDir: lab.at(name) }]);
        const folders = new Set(git.started().flatMap((args) => args.filter((arg) => arg.startsWith('/'))));
        expect([...folders]).toEqual(status === 200 ? [lab.at(name)] : []);
      }
    },
  );

  it('the name stays the same at every endpoint', async () => {
    for (const endpoint of stage.endpoints) {
      asked = [];
      const answer = await ask(lab.server.port, '/%73ecret', endpoint);
      expect([nameOf(endpoint), answer.status]).toEqual([nameOf(endpoint), 404]);
      expect(asked[0]).toEqual({ name: 'secret.git', gitDir: lab.at('secret.git') });
    }
    expect(git.started()).toEqual([]);
  });

  it.each([
    '/gitopen.git',
    '/git//open.git',
    '/git/../open.git',
    '/git/../git/open.git',
    '/GIT/open.git',
    '/%67it/open.git',
    '//git/open.git',
    '/open.git',
    '/git\\open.git',
    '/git',
  ])('%s lies outside of the mounting prefix, or is no path below it', async (path) => {
    const answer = await discover(path, mounted.port);
    expect([400, 404]).toContain(answer.status);
    expect(asked.filter(({ gitDir }) => gitDir !== undefined)).toEqual([]);
    expect(git.started()).toEqual([]);
  });
});
