/** What belongs to node:http alone: pipelines, broken answers of HTTP/1.0, functions of an embedder that throw. */
import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createGitServer,
  nodeHandler,
  type GitServer,
  type NodeHandlerOptions,
  type RequestEvent,
} from '../../src/index.js';
import { openFiles } from '../conformance/leftovers.js';
import { killedAfter, makeScriptedGit, onRpc, when } from '../conformance/scripted-git.js';
import { fetchType, lsRefs } from '../conformance/raw-push.js';
import { addManyRefs, gitOk, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { systemProcesses } from '../support/processes.js';
import { openRaw, rawRequest, requestHead } from '../support/raw-http.js';
import { eventually } from '../support/server.js';

const folder = makeTempDir();
const script = makeScriptedGit(join(folder.path, 'git'));
const repositories = join(folder.path, 'served');
const discovery = '/app.git/info/refs?service=git-upload-pack';
const opened: { git: GitServer; http: Server }[] = [];

beforeAll(async () => {
  await makeBareRepository(join(repositories, 'app.git'));
  await addManyRefs(join(repositories, 'app.git'), 20_000);
  await gitOk(['repack', '-adq'], { cwd: join(repositories, 'app.git') });
});
afterAll(() => folder.dispose());
afterEach(async () => {
  script.tell();
  for (const { git, http } of opened.splice(0)) {
    await git.close({ graceMs: 100 });
    http.closeAllConnections();
    http.close();
  }
});

async function open(
  options: NodeHandlerOptions = {},
): Promise<{ git: GitServer; port: number; requests: RequestEvent[]; errors: string[] }> {
  const git = createGitServer({ repositories, gitCommand: script.command });
  const requests: RequestEvent[] = [];
  const errors: string[] = [];
  git.on('request', (event) => void requests.push(event));
  git.on('error', ({ error }) => void errors.push(String(error)));
  const handler = nodeHandler(git, options);
  const http = createServer(handler);
  http.on('checkContinue', handler.checkContinue);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  opened.push({ git, http });
  return { git, port: (http.address() as AddressInfo).port, requests, errors };
}

/** The served repository's pack. */
const packName = (): string =>
  readdirSync(join(repositories, 'app.git', 'objects', 'pack')).find((name) => name.endsWith('.pack')) ?? '';

const gitsThere = (): string[] =>
  systemProcesses()
    .filter(({ cwd, isZombie }) => !isZombie && cwd.startsWith(repositories))
    .map(({ command }) => command);

describe('a connection with many requests at once whose client reads nothing and leaves', () => {
  it.each([
    ['advertisements', () => discovery],
    ['refs of the dumb protocol', () => '/app.git/info/refs'],
    ['packs', () => `/app.git/objects/pack/${packName()}`],
  ])('leaves no git and no file behind: %s', async (_what, pathOf) => {
    const path = pathOf();
    const { port, requests } = await open();
    await rawRequest({ port, path });
    await eventually('git has ended', () => gitsThere().length === 0);
    const files = openFiles();
    const connection = await openRaw(port);
    connection.socket.pause();
    await connection.write(requestHead({ path }).repeat(10));
    await eventually('they are under way', () => requests.length + gitsThere().length > 1);
    connection.socket.resetAndDestroy();
    await eventually('all are told of', () => requests.length === 11);
    await eventually('git has ended', () => gitsThere().length === 0);
    await eventually('files are closed', () => openFiles() <= files);
    expect(requests.every(({ status }) => status === 200 || status === 400)).toBe(true);
  });
});

it('an answer of HTTP/1.0 that breaks off does not look whole', async () => {
  const { port } = await open();
  const request = {
    method: 'POST',
    path: '/app.git/git-upload-pack',
    headers: fetchType,
    body: lsRefs,
  } as const;
  const whole = await rawRequest({ ...request, port, httpVersion: '1.0' });
  expect(whole.complete).toBe(true);
  script.tell(when(onRpc, killedAfter(100_000)));
  const connection = await openRaw(port);
  let failure: string | undefined;
  connection.socket.on('error', ({ message }) => (failure = message));
  await connection.write(requestHead({ ...request, httpVersion: '1.0' }) + lsRefs);
  await connection.closed;
  expect(connection.received.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
  // Node.js reports a reset as an end when it comes right behind bytes. After a real end one could still write.
  failure ??= await new Promise((resolve) =>
    connection.socket.write('x', (error) => resolve(error?.message)),
  );
  expect(failure).toMatch(/ECONNRESET|EPIPE/);
});

describe('a function that throws', () => {
  const fail = (): never => {
    throw new Error('mine');
  };

  it.each([
    ['remoteAddress', { remoteAddress: fail }, discovery],
    ['fallback', { fallback: fail }, '/page'],
    ['fallback outside of the prefix', { fallback: fail, prefix: '/git' }, '/page'],
  ])('%s: a 500 and an error event, and the server lives', async (_name, options, path) => {
    const { port, errors } = await open(options);
    for (let time = 0; time < 2; time += 1) {
      const answer = await rawRequest({ port, path });
      expect([answer.status, answer.body.toString()]).toEqual([
        500,
        'the server failed to handle this request\n',
      ]);
    }
    expect(errors).toEqual(['Error: mine', 'Error: mine']);
  });

  it('is named when it is none, and so is an option that does not exist', async () => {
    const git = createGitServer({ repositories });
    expect(() => nodeHandler(git, { fallback: 5 as never })).toThrow('option "fallback" must be a function');
    expect(() => nodeHandler(git, { prefx: '/git' } as never)).toThrow('option "prefx" is not known');
  });
});

it('a page is told of a client that waits before it sends its body', async () => {
  const { port } = await open({
    fallback: (request, response) => void request.pipe(response),
  });
  const connection = await openRaw(port);
  const headers = [['Expect', '100-continue']] as const;
  await connection.write(requestHead({ method: 'POST', path: '/page', headers, body: 'hello' }));
  await connection.until((received) => received.includes('100 Continue'));
  await connection.write('hello');
  const answer = await connection.response();
  expect(answer.body.toString()).toBe('hello');
  connection.destroy();
});
