/** Which operation a request is, and that each one is allowed by itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Headers } from '../conformance/differential/case.js';
import { openLab, refOf, type Lab } from '../conformance/lab.js';
import { responsesIn } from '../conformance/raw-push.js';
import { gitOk, makeTempDir } from '../support/fixtures.js';
import { headerOf, openRaw, rawRequest, requestHead, type RawResponse } from '../support/raw-http.js';
import {
  ask,
  basic,
  nameOf,
  rawPush,
  stageRepository,
  typeOf,
  watchGit,
  type Stage,
  type WatchedGit,
} from './stage.js';

const folder = makeTempDir();
let git: WatchedGit;
/** Everybody may do everything. */
let open: Lab;
/** Ann may do everything, but only in app.git; nobody else may do anything. */
let guarded: Lab;
let stage: Stage;
const asked: string[] = [];

beforeAll(async () => {
  git = watchGit(`${folder.path}/git`);
  open = await openLab({ gitCommand: git.command });
  guarded = await openLab({
    gitCommand: git.command,
    publicRead: false,
    publicWrite: false,
    authenticate: ({ credentials }) =>
      credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
    authorize: ({ name, user, context }) => {
      asked.push(`${context.operation} ${name} ${user?.name ?? 'nobody'}`);
      return user?.name === 'ann' && name === 'app.git';
    },
  });
  stage = await stageRepository(open.at('app.git'));
  await gitOk(['clone', '-q', '--mirror', open.at('app.git'), guarded.at('app.git')]);
  await gitOk(['clone', '-q', '--mirror', open.at('app.git'), guarded.at('other.git')]);
});
afterAll(async () => {
  await open.close();
  await guarded.close();
  folder.dispose();
});

/** Programs of git that were started, but for the one that reads the configuration. */
const programs = (): string[][] => git.started().filter((args) => !args.includes('config'));
const get = (path: string, headers: Headers = []): Promise<RawResponse> =>
  rawRequest({ port: open.server.port, path, headers });

describe('S1: the service never becomes the command', () => {
  it.each([
    '',
    'upload-pack',
    'git-upload-archive',
    'git-shell',
    'git-daemon',
    'config',
    'GIT-UPLOAD-PACK',
    'git-upload-pack2',
    'git-upload-pack/',
    '../git-upload-pack',
    'git-upload-pack;touch',
    'git-upload-pack|id',
    'git-upload-pack --help',
    'git-upload-pack\n',
    'git-upload-pack\0',
    'git-upload-pack,git-receive-pack',
    '-h',
    '--exec-path=/tmp',
    '$(id)',
  ])('info/refs?service=%j is refused, as it is and encoded, and no program runs', async (service) => {
    git.started();
    // oxlint-disable-next-line no-control-regex
    const isSendable = !/[\u0000- ]/.test(service);
    for (const value of [encodeURIComponent(service), ...(isSendable ? [service] : [])]) {
      const answer = await get(`/app.git/info/refs?service=${value}`);
      expect({ status: answer.status, text: answer.body.toString() }).toEqual({
        status: 403,
        text: 'unsupported service\n',
      });
    }
    expect(programs()).toEqual([]);
  });

  it.each([
    'upload-pack',
    'git-shell',
    'git-upload-pack2',
    'git-upload-pack;id',
    'git-upload%00-pack',
    'git',
  ])('POST %s is not found, and no git runs at all', async (service) => {
    git.started();
    const request = { method: 'POST', path: `/app.git/${service}`, headers: typeOf(service), body: '0000' };
    expect((await rawRequest({ ...request, port: open.server.port })).status).toBe(404);
    expect(git.started()).toEqual([]);
  });

  it('all that is there to be had needs these commands of git, and no others', async () => {
    git.started();
    for (const endpoint of stage.endpoints) {
      expect([nameOf(endpoint), (await ask(open.server.port, '/app.git', endpoint)).status]).toEqual([
        nameOf(endpoint),
        200,
      ]);
    }
    const lsRefs = '0014command=ls-refs\n0000';
    const version: Headers = [['Git-Protocol', 'version=2']];
    const post = (service: string, body: string | Buffer): Promise<RawResponse> =>
      rawRequest({
        port: open.server.port,
        method: 'POST',
        path: `/app.git/${service}`,
        headers: [...typeOf(service), ...version],
        body,
      });
    expect((await post('git-upload-pack', lsRefs)).status).toBe(200);
    expect((await post('git-receive-pack', rawPush({ ref: 'refs/heads/s1', oid: stage.oid }))).status).toBe(
      200,
    );
    expect((await post('git-upload-archive', '0012argument main\n0000')).status).toBe(200);
    const dir = open.at('app.git');
    const commands = new Set(git.started().map((args) => args.join(' ')));
    commands.delete(`--git-dir ${dir} config --list -z --show-origin`);
    expect([...commands].sort()).toEqual([
      'cat-file --batch-check=%(objecttype)',
      `receive-pack --http-backend-info-refs ${dir}`,
      `receive-pack --stateless-rpc ${dir}`,
      `upload-archive ${dir}`,
      `upload-pack --http-backend-info-refs --strict ${dir}`,
      `upload-pack --stateless-rpc --strict ${dir}`,
    ]);
  });
});

describe('S2: every request is allowed by itself', () => {
  it('nothing is to be had without a name: no discovery, no POST out of the blue, no file, no HEAD', async () => {
    git.started();
    for (const endpoint of stage.endpoints) {
      asked.length = 0;
      const answer = await ask(guarded.server.port, '/app.git', endpoint);
      expect([nameOf(endpoint), answer.status]).toEqual([nameOf(endpoint), 401]);
      expect(headerOf(answer, 'www-authenticate')).toBe('Basic realm="Git"');
      expect(asked[0]).toBe(`${endpoint.operation} app.git nobody`);
    }
    expect(git.started()).toEqual([]);
  });

  it('a push without discovery before it changes nothing', async () => {
    const body = rawPush({ ref: 'refs/heads/s2', oid: stage.oid });
    const push = { port: guarded.server.port, method: 'POST', path: '/app.git/git-receive-pack', body };
    expect((await rawRequest({ ...push, headers: typeOf('git-receive-pack') })).status).toBe(401);
    expect(await refOf(guarded.at('app.git'), 'refs/heads/s2')).toBe('');
    const allowed = await rawRequest({ ...push, headers: [...typeOf('git-receive-pack'), basic('ann:x')] });
    expect(allowed.status).toBe(200);
    expect(await refOf(guarded.at('app.git'), 'refs/heads/s2')).toBe(stage.oid);
  });

  it('who was let in keeps nothing for the next request of the connection, nor for another repository', async () => {
    const connection = await openRaw(guarded.server.port);
    const read = { path: '/app.git/HEAD' };
    const post = { method: 'POST', path: '/app.git/git-receive-pack', headers: typeOf('git-receive-pack') };
    await connection.write(
      requestHead({ ...read, headers: [basic('ann:x')] }) +
        `${requestHead({ ...post, body: '0000' })}0000` +
        requestHead(read) +
        requestHead({ path: '/other.git/HEAD', headers: [basic('ann:x')] }) +
        requestHead({ ...read, headers: [basic('ann:x')] }),
    );
    await connection.until((received) => responsesIn(received).length >= 5);
    expect(responsesIn(connection.received).map(({ status }) => status)).toEqual([200, 401, 401, 404, 200]);
    connection.destroy();
  });
});

describe('S3: the query does not override the route', () => {
  it.each([
    ['POST', '/git-receive-pack?service=git-upload-pack', 'write'],
    ['POST', '/git-upload-pack?service=git-receive-pack', 'read'],
    ['POST', '/git-receive-pack?path=/other.git&operation=read', 'write'],
    ['GET', '/HEAD?service=git-receive-pack', 'read'],
    ['GET', '/info/refs?service=git-receive-pack', 'write'],
    ['GET', '/info/refs?x=service=git-receive-pack&service=git-upload-pack', 'read'],
    ['GET', '/info/refs?a=1;service=git-receive-pack', 'read'],
  ])('%s %s counts as the operation that it is: %s', async (method, below, operation) => {
    asked.length = 0;
    const [, service = ''] = /^\/(git-[a-z-]+)/.exec(below) ?? [];
    const headers = [...typeOf(service), ['X-HTTP-Method-Override', 'GET'] as const];
    await rawRequest({ port: guarded.server.port, method, path: `/app.git${below}`, headers, body: '0000' });
    expect(asked[0]).toBe(`${operation} app.git nobody`);
  });

  it.each([
    'service=git-upload-pack&service=git-receive-pack',
    'service=git-receive-pack&service=git-upload-pack',
    'service=git-upload-pack&service=git-upload-pack',
    'service=git-upload-pack&%73ervice=git-receive-pack',
    '%73ervice=git-receive-pack',
    'SERVICE=git-receive-pack',
    '+service=git-receive-pack',
    'service=git%2Dreceive%2Dpack',
    'service=git-upload-pack%26service=git-receive-pack',
    'service=git-upload-pack;service=git-receive-pack',
    'service=git-upload-pack+',
    'service',
  ])('info/refs?%s is refused, and no program runs', async (query) => {
    git.started();
    expect((await get(`/app.git/info/refs?${query}`)).status).toBe(403);
    expect(programs()).toEqual([]);
  });

  it('no header turns one method into another', async () => {
    const headers: Headers = [
      ['X-HTTP-Method-Override', 'POST'],
      ['X-HTTP-Method', 'POST'],
      ['X-Method-Override', 'POST'],
      ...typeOf('git-receive-pack'),
    ];
    expect((await get('/app.git/git-receive-pack?_method=POST', headers)).status).toBe(405);
  });
});
