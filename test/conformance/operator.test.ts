/** What the operator learns of a request, and what an embedder's own functions may not break. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GitTyphoonError, type GitServerOptions } from '../../src/index.js';
import { commitRandom, git, gitOk, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { headerOf, openRaw, rawRequest, requestHead } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { flush, pkt } from './differential/case.js';
import { clientOf, openLab, refOf, writeHook, type Lab } from './lab.js';
import { fetchType, lsRefs, pushBody, pushType } from './raw-push.js';
import { dies, makeScriptedGit, onRpc, when } from './scripted-git.js';

const folder = makeTempDir();
const script = makeScriptedGit(join(folder.path, 'git'));
const labs: Lab[] = [];
async function open(options: Partial<GitServerOptions> = {}): Promise<Lab> {
  const lab = await openLab(options);
  labs.push(lab);
  await makeBareRepository(lab.at('app.git'));
  return lab;
}
afterEach(async () => {
  script.tell();
  for (const lab of labs.splice(0)) await lab.close();
});

const discovery = '/app.git/info/refs?service=git-upload-pack';
const fetchPath = { method: 'POST', path: '/app.git/git-upload-pack', headers: fetchType } as const;

/** The causes of the errors that were reported. */
const causes = ({ server }: Lab): string[] =>
  server.events.error.map(({ error }) => String((error as Error).cause ?? error));

describe('a git that fails behind its first byte', () => {
  it.each([
    ['by an exit code', `git "$@" | head -c 5000; ${dies}`, 'fatal: /srv/private/app.git is broken'],
    ['by a signal', 'git "$@" | head -c 5000; kill -KILL $$', 'was ended by SIGKILL'],
  ])('%s is reported with what it said', async (_how, lines, said) => {
    const lab = await open({ gitCommand: script.command });
    const work = lab.fresh();
    await gitOk(['clone', '-q', lab.at('app.git'), work]);
    await commitRandom(work, 'large', 100_000);
    await gitOk(['push', '-q', 'origin', 'main'], { cwd: work });
    script.tell(when(onRpc, lines));
    expect((await clientOf(0).try(['clone', '-q', lab.url('app.git'), lab.fresh()])).code).not.toBe(0);
    await eventually('it is reported', () => lab.server.events.error.length > 0);
    expect(causes(lab)).toEqual([expect.stringContaining(said)]);
  });

  it('because of what the client asked for, or because the client left, is no error of the server', async () => {
    const lab = await open();
    const { port } = lab.server;
    const body = `${pkt('command=fetch')}0001${pkt(`want ${'1'.repeat(40)}\n`)}${pkt('done\n')}${flush}`;
    const answer = await rawRequest({ ...fetchPath, port, body });
    expect(answer.body.toString()).toContain('ERR upload-pack: not our ref');
    const connection = await openRaw(port);
    await connection.write(requestHead({ path: discovery }));
    connection.destroy();
    await eventually('both are told', () => lab.server.events.request.length === 2);
    expect(lab.server.events.error).toEqual([]);
  });
});

it('HEAD is answered as whole, and counts no bytes', async () => {
  const lab = await open();
  const answer = await rawRequest({ port: lab.server.port, method: 'HEAD', path: discovery });
  expect(answer.status).toBe(200);
  await rawRequest({ port: lab.server.port, path: discovery });
  const told = lab.server.events.request.map(({ aborted, responseBytes }) => ({ aborted, responseBytes }));
  const body = (await rawRequest({ port: lab.server.port, path: discovery })).body.length;
  expect(told).toEqual([
    { aborted: false, responseBytes: 0 },
    { aborted: false, responseBytes: body },
  ]);
});

it('commands that stand before a push certificate are refused, whatever the certificate says', async () => {
  const lab = await open();
  const work = lab.fresh();
  await gitOk(['clone', '-q', lab.at('app.git'), work]);
  await commitRandom(work, 'new', 100);
  const { oid, body } = await pushBody(work, 'refs/heads/shown');
  const zero = '0'.repeat(40);
  const certificate = [
    pkt(`${zero} ${oid} refs/heads/smuggled`),
    pkt('push-cert\0report-status\n'),
    ...['certificate version 0.1', 'pusher x', '', `${zero} ${oid} refs/heads/shown`].map((line) =>
      pkt(`${line}\n`),
    ),
    pkt('push-cert-end\n'),
    flush,
  ].join('');
  const pack = body.subarray(body.indexOf('PACK'));
  const answer = await rawRequest({
    port: lab.server.port,
    method: 'POST',
    path: '/app.git/git-receive-pack',
    headers: pushType,
    body: Buffer.concat([Buffer.from(certificate), pack]),
  });
  expect(answer.status).toBe(400);
  expect(answer.body.toString()).toBe('bad push: commands before a push certificate\n');
  expect(await refOf(lab.at('app.git'), 'refs/heads/smuggled')).toBe('');
  expect(lab.server.events.push).toEqual([]);
});

it('a certificate that holds no commands is the mistake of the client', async () => {
  const lab = await open();
  const certificate = `${pkt('push-cert\0report-status\n')}${pkt('nothing\n')}${pkt('push-cert-end\n')}${flush}`;
  const path = '/app.git/git-receive-pack';
  const request = { port: lab.server.port, method: 'POST', path, headers: pushType, body: certificate };
  const answer = await rawRequest(request);
  expect(answer.status).toBe(400);
  expect(answer.body.toString()).toBe('bad push: the push certificate has no commands\n');
  expect(lab.server.events.error).toEqual([]);
});

describe("an embedder's function", () => {
  it('cannot switch hooks on again by its environment', async () => {
    const environment = (): Record<string, string> => ({ GIT_CONFIG_COUNT: '0' });
    const lab = await open({ hooks: 'none', environment });
    writeHook(lab.at('app.git'), 'pre-receive', 'touch ran');
    const answer = await rawRequest({ port: lab.server.port, path: discovery });
    expect(answer.status).toBe(500);
    expect(causes(lab)).toEqual([
      'TypeError: environment() may not set GIT_CONFIG_COUNT; use the option "gitConfig"',
    ]);
  });

  it.each([
    ['environment', { environment: () => ({ NAME: 'a\0b' }) }, 'must give texts without NUL; "NAME" is none'],
    ['authenticate', { authenticate: () => true as never }, 'must return a user with a name, or nothing'],
    [
      'challenge',
      { publicRead: false, authenticate: () => undefined, challenge: () => 'Basic realm="é\n"' },
      'Invalid character in header content ["WWW-Authenticate"]',
    ],
    [
      'authorize',
      {
        publicRead: false,
        authorize: () => {
          throw new GitTyphoonError('ERR_FORBIDDEN', { headers: [['X', 'a\nb']] });
        },
      },
      'Invalid character in header content ["X"]',
    ],
  ] satisfies [string, Partial<GitServerOptions>, string][])(
    '%s that gives nonsense is a 500 and an error that says so, and no more',
    async (_name, options, text) => {
      const lab = await open(options);
      for (let time = 0; time < 2; time += 1) {
        const answer = await rawRequest({ port: lab.server.port, path: discovery });
        expect(answer.status).toBe(500);
        expect(answer.body.toString()).toBe('the server failed to handle this request\n');
      }
      expect(causes(lab)).toEqual([expect.stringContaining(text), expect.stringContaining(text)]);
    },
  );

  it('that throws a 401 makes git ask for a password', async () => {
    const lab = await open({
      publicRead: false,
      authorize: ({ context }) => {
        if (context.credentials) return true;
        throw new GitTyphoonError('ERR_UNAUTHENTICATED', { message: 'who are you?' });
      },
    });
    const answer = await rawRequest({ port: lab.server.port, path: discovery });
    expect(answer.status).toBe(401);
    expect(headerOf(answer, 'www-authenticate')).toBe('Basic realm="Git"');
    const named = lab.url('app.git').replace('://', '://ann:x@');
    expect(await git(['ls-remote', named])).toMatchObject({ code: 0 });
  });
});

it('no git starts once the server has closed', async () => {
  const lab = await open();
  const connection = await openRaw(lab.server.port);
  await connection.write(requestHead({ ...fetchPath, body: lsRefs }));
  await connection.write(lsRefs.slice(0, 10));
  await eventually('it is being read', () => lab.server.git.close({ graceMs: 1 }).then(() => true));
  await connection.write(lsRefs.slice(10));
  const answer = await connection.response();
  expect(answer.status).toBe(503);
  expect(answer.body.toString()).toBe('the server is shutting down; try again shortly\n');
  connection.destroy();
});
