/** Requests that other sites could make, and files that nobody should be able to name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Headers } from '../conformance/differential/case.js';
import { openLab, refOf, type Lab } from '../conformance/lab.js';
import { gitOk, makeTempDir } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import {
  ask,
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
let lab: Lab;
let stage: Stage;
beforeAll(async () => {
  git = watchGit(`${folder.path}/git`);
  lab = await openLab({ gitCommand: git.command });
  stage = await stageRepository(lab.at('app.git'));
});
afterAll(async () => {
  await lab.close();
  folder.dispose();
});

describe.each(['git-upload-pack', 'git-receive-pack', 'git-upload-archive'])(
  'S15: %s is not for forms and scripts of other sites',
  (service) => {
    const right = `application/x-${service}-request`;
    const other = service === 'git-upload-pack' ? 'git-receive-pack' : 'git-upload-pack';
    const types: readonly (readonly [string, Headers])[] = [
      ['none', []],
      ['an empty one', [['Content-Type', '']]],
      ['one of a form', [['Content-Type', 'application/x-www-form-urlencoded']]],
      ['one of a form with a file', [['Content-Type', 'multipart/form-data; boundary=x']]],
      ['plain text', [['Content-Type', 'text/plain']]],
      ['plain text that mentions the right one', [['Content-Type', `text/plain; a="${right}"`]]],
      ['the right one with a parameter', [['Content-Type', `${right}; charset=utf-8`]]],
      ['the right one in a list', [['Content-Type', `${right}, text/plain`]]],
      ['the right one in capitals', [['Content-Type', right.toUpperCase()]]],
      ['the right one behind another', [['Content-Type', 'text/plain'], ...typeOf(service)]],
      ['that of its answer', [['Content-Type', `application/x-${service}-result`]]],
      ['that of another service', typeOf(other)],
    ];
    const body = (): Buffer =>
      service === 'git-receive-pack'
        ? rawPush({ ref: 'refs/heads/forged', oid: stage.oid })
        : Buffer.from(
            service === 'git-upload-pack' ? '0014command=ls-refs\n0000' : '0012argument main\n0000',
          );

    it.each(types)('type: %s', async (_what, headers) => {
      git.started();
      const request = { port: lab.server.port, method: 'POST', path: `/app.git/${service}` };
      const answer = await rawRequest({ ...request, headers, body: body() });
      expect(answer.status).toBe(415);
      expect(git.started().filter((args) => !args.includes('config'))).toEqual([]);
      expect(await refOf(lab.at('app.git'), 'refs/heads/forged')).toBe('');
    });

    it('the right one, so that it was the type which was refused', async () => {
      const headers = [...typeOf(service), ['Git-Protocol', 'version=2'] as const];
      const request = { port: lab.server.port, method: 'POST', path: `/app.git/${service}` };
      expect((await rawRequest({ ...request, headers, body: body() })).status).toBe(200);
      await gitOk(['update-ref', '-d', 'refs/heads/forged'], { cwd: lab.at('app.git') });
    });
  },
);

describe('S16: objects that no ref reaches', () => {
  it('are handed out by the dumb protocol, as is documented', async () => {
    const { unreachable } = stage;
    const path = `/app.git/objects/${unreachable.slice(0, 2)}/${unreachable.slice(2)}`;
    expect((await rawRequest({ port: lab.server.port, path })).status).toBe(200);
  });

  /** What is to be had of the repository; real git must still be able to clone it. */
  const servedBy = async (closed: Lab, { endpoints }: Stage): Promise<string[]> => {
    await gitOk(['clone', '-q', closed.url('app.git'), closed.fresh()]);
    const served: string[] = [];
    for (const endpoint of endpoints) {
      const { status, body } = await ask(closed.server.port, '/app.git', endpoint);
      const isRefused = status === 403 && !/[0-9a-f]{40}/.test(body.toString('latin1'));
      if (!isRefused) served.push(nameOf(endpoint));
    }
    return served;
  };
  const smart = ({ endpoints }: Stage): string[] =>
    endpoints.filter(({ kind }) => kind === 'smart').map(nameOf);

  it('stay here with dumbHttp: false; no file is given out, whatever its name', async () => {
    const closed = await openLab({ dumbHttp: false });
    const staged = await stageRepository(closed.at('app.git'));
    expect(await servedBy(closed, staged)).toEqual(smart(staged));
    await closed.close();
  });

  it('stay here with http.getanyfile=false in the repository', async () => {
    const closed = await openLab();
    const staged = await stageRepository(closed.at('app.git'));
    await gitOk(['config', 'http.getanyfile', 'false'], { cwd: closed.at('app.git') });
    expect(await servedBy(closed, staged)).toEqual(smart(staged));
    await closed.close();
  });

  it.each([
    'config',
    'packed-refs',
    'description',
    'hooks/pre-receive',
    'refs/heads/main',
    'logs/HEAD',
    'index',
  ])('and %s is no file of the dumb protocol at all', async (file) => {
    git.started();
    expect((await rawRequest({ port: lab.server.port, path: `/app.git/${file}` })).status).toBe(404);
    expect(git.started()).toEqual([]);
  });
});
