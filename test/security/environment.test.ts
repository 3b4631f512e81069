/** What of a request, and of the server's own environment, reaches git and its hooks. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorkspace, withCredentials } from '../acceptance/workspace.js';
import { type Headers } from '../conformance/differential/case.js';
import { openLab, refOf, writeHook, type Lab } from '../conformance/lab.js';
import { startCommand } from '../support/command.js';
import { gitOk, makeBareRepository } from '../support/fixtures.js';
import { openRaw, rawRequest, requestHead, type RawResponse } from '../support/raw-http.js';
import { basic, planted, rawPush, typeOf } from './stage.js';

let lab: Lab;
let oid = '';
let note = '';
let count = 0;
let ref = '';

/** The environment that a hook has found, and left in a file. */
function environmentIn(file: string): Record<string, string> {
  const entries = readFileSync(file, 'utf8').split('\0').slice(0, -1);
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

beforeAll(async () => {
  lab = await openLab({
    authenticate: ({ credentials }) =>
      credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
  });
  await makeBareRepository(lab.at('app.git'), { commits: 1 });
  await gitOk(['config', 'receive.advertisePushOptions', 'true'], { cwd: lab.at('app.git') });
  oid = await refOf(lab.at('app.git'), 'main');
  note = lab.fresh();
  writeHook(lab.at('app.git'), 'pre-receive', `cat >/dev/null; env -0 >'${note}'`);
});
afterAll(() => lab.close());
beforeEach(() => {
  ref = `refs/heads/new-${(count += 1)}`;
  rmSync(note, { force: true });
});

const push = (headers: Headers, options?: readonly string[]): Promise<RawResponse> =>
  rawRequest({
    port: lab.server.port,
    method: 'POST',
    path: '/app.git/git-receive-pack',
    headers: [...typeOf('git-receive-pack'), ...headers],
    body: rawPush({ ref, oid, ...(options ? { options } : {}) }),
  });

/** The variables of push options, in order. */
function optionsIn(environment: Readonly<Record<string, string>>): string[] {
  const names = Object.keys(environment).filter((name) => /^GIT_PUSH_OPTION_\d+$/.test(name));
  expect(environment['GIT_PUSH_OPTION_COUNT']).toBe(String(names.length));
  return names.map((_name, index) => environment[`GIT_PUSH_OPTION_${index}`] ?? 'missing');
}

describe('S10: push options stay what they are', () => {
  const hostile = [
    'a\nGIT_PUSH_OPTION_COUNT=9\nrails_env=x',
    'x;touch pwned',
    '$(touch pwned)',
    '`touch pwned`',
    'a=b|touch pwned&touch pwned>pwned',
    '\'"\\\\ \t%s%n{}',
    'ü€\u2028\u202e\u001b[31m',
    '--receive-pack=touch pwned',
    '',
  ];

  it('with newlines, semicolons and the marks of shells: hooks and events see each as it was sent', async () => {
    expect((await push([], hostile)).body.toString()).toContain(`ok ${ref}`);
    expect(optionsIn(environmentIn(note))).toEqual(hostile);
    expect(lab.server.events.push.at(-1)?.pushOptions).toEqual(hostile);
    expect(planted(lab.root)).toEqual([]);
  });

  it('with a NUL: no option becomes two, and none becomes another variable', async () => {
    expect((await push([], ['a\0b', 'x\0GIT_DIR=/nowhere'])).status).toBe(200);
    const seen = environmentIn(note);
    // A variable ends where the text does in C.
    expect(optionsIn(seen)).toEqual(['a', 'x']);
    expect(seen['GIT_DIR']).toBe('.');
    expect(lab.server.events.push.at(-1)?.pushOptions).toHaveLength(2);
  });

  it('where they are not offered, they reach nobody', async () => {
    await gitOk(['config', 'receive.advertisePushOptions', 'false'], { cwd: lab.at('app.git') });
    const before = lab.server.events.push.length;
    await push([], hostile);
    await gitOk(['config', 'receive.advertisePushOptions', 'true'], { cwd: lab.at('app.git') });
    const told = lab.server.events.push.slice(before).flatMap(({ pushOptions }) => pushOptions);
    expect(told).toEqual([]);
    const seen = existsSync(note) ? readFileSync(note, 'utf8') : '';
    expect(seen).not.toContain('pwned');
    expect(planted(lab.root)).toEqual([]);
  });
});

describe('S12: headers enter the environment by a pattern, or not at all', () => {
  it.each([
    ['version=1', 'version=1'],
    ['version=1:key:other=value2', 'version=1:key:other=value2'],
    ['version=1;touch pwned', undefined],
    ['version=$(touch pwned)', undefined],
    ['`touch pwned`', undefined],
    ['version=1|id', undefined],
    ["version=1'", undefined],
    ['version=1 GIT_DIR=/nowhere', undefined],
    ['version=1\tx', undefined],
    ['version==1', undefined],
    ['=1', undefined],
    ['=', undefined],
    [':', undefined],
    ['version=1:', undefined],
    ['version=1::key', undefined],
    ['VERSION=1', undefined],
    ['version=1\u00e9', undefined],
    [`version=1:${'k'.repeat(300)}`, undefined],
    [`version=1${':a'.repeat(4000)}`, undefined],
    ['', undefined],
  ])('Git-Protocol: %.40s', async (value, expected) => {
    expect((await push([['Git-Protocol', value]])).body.toString()).toContain(`ok ${ref}`);
    expect(environmentIn(note)['GIT_PROTOCOL']).toBe(expected);
    expect(planted(lab.root)).toEqual([]);
  });

  it('two of them are not joined into one', async () => {
    await push([
      ['Git-Protocol', 'version=1'],
      ['Git-Protocol', 'a'],
    ]);
    expect(environmentIn(note)['GIT_PROTOCOL']).toBeUndefined();
  });

  it.each([
    ['a folded line', 'version=1\r\n GIT_DIR=/nowhere'],
    ['a bare line feed', 'version=1\nGIT_DIR=/nowhere'],
    ['a bare carriage return', 'version=1\rGIT_DIR=/nowhere'],
    ['a NUL', 'version=1\0GIT_DIR=/nowhere'],
  ])('%s in a header is refused before anybody reads it', async (_what, value) => {
    const connection = await openRaw(lab.server.port);
    const body = rawPush({ ref, oid });
    const headers = [...typeOf('git-receive-pack'), ['Git-Protocol', value] as const];
    await connection.write(requestHead({ method: 'POST', path: '/app.git/git-receive-pack', headers, body }));
    await connection.write(body);
    expect((await connection.response()).status).toBe(400);
    connection.destroy();
    expect(existsSync(note)).toBe(false);
  });

  it('no other header becomes a variable, and no secret does', async () => {
    const secret = 'do-not-tell-3f9a';
    const names = [
      'Proxy',
      'X-Forwarded-For',
      'X-Forwarded-User',
      'Remote-User',
      'Git-Dir',
      'GIT_SSH_COMMAND',
      'User-Agent',
      'Cookie',
      'X-Secret',
    ];
    const headers = names.map((name) => [name, secret] as const);
    await push([...headers, basic(`ann:${secret}`)]);
    const seen = environmentIn(note);
    expect(seen).toMatchObject({ REMOTE_USER: 'ann', GIT_COMMITTER_NAME: 'ann' });
    expect(Object.keys(seen).filter((name) => /proxy|^HTTP_|AUTH|COOKIE/i.test(name))).toEqual([]);
    expect(JSON.stringify(seen)).not.toContain(secret);
    expect(JSON.stringify(seen)).not.toContain(Buffer.from(`ann:${secret}`).toString('base64'));
  });

  it('a name with newlines and brackets stays one name', async () => {
    await push([basic('ann\nGIT_DIR=/x <root@example.org>\0y:pw')]);
    const seen = environmentIn(note);
    expect(seen['REMOTE_USER']).toBe('ann\nGIT_DIR=/x <root@example.org>y');
    expect(seen['GIT_DIR']).toBe('.');
    expect(seen['GIT_COMMITTER_NAME']).toBe('annGIT_DIR=/x root@example.orgy');
  });

  it('what the server was started with reaches neither git nor hooks', async () => {
    const place = await createWorkspace();
    await place.addBare('app.git');
    const repository = join(place.root, 'app.git');
    const seenThere = join(place.folder, 'seen');
    writeHook(repository, 'pre-receive', `cat >/dev/null; env -0 >'${seenThere}'`);
    const file = await place.writeAccessFile('[users]\nann = pass-word-7\n[access]\nann = app\n');
    const inherited = {
      AWS_SECRET_ACCESS_KEY: 'secret-1',
      DATABASE_URL: 'secret-2',
      GIT_DIR: '/secret-3',
      GIT_SSH_COMMAND: 'secret-4',
      GIT_CONFIG_PARAMETERS: "'core.hooksPath'='/secret-5'",
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.hooksPath',
      GIT_CONFIG_VALUE_0: '/secret-6',
      GIT_TRACE: join(place.folder, 'secret-7'),
      GIT_EXEC_PATH_SECRET: 'secret-8',
      HTTP_PROXY: 'http://secret-9',
      https_proxy: 'http://secret-10',
      BASH_ENV: '/secret-11',
      ENV: '/secret-12',
      NODE_OPTIONS: '--title=secret-13',
    };
    const server = await startCommand([place.root, '--accessfile', file], {
      env: { HOME: place.folder, ...inherited },
    });
    const pushed = await place.tryPush(withCredentials(`${server.url}app`, 'ann', 'pass-word-7'));
    await server.stop();
    expect(pushed.code).toBe(0);
    const seen = environmentIn(seenThere);
    // Ours, then what git adds for hooks, then what their shell adds.
    const known =
      /^(?:PATH|HOME|LC_ALL|GIT_TERMINAL_PROMPT|REMOTE_(?:USER|ADDR)|GIT_COMMITTER_(?:NAME|EMAIL)|GIT_PROTOCOL|GIT_DIR|GIT_EXEC_PATH|GIT_PUSH_OPTION_COUNT|GIT_(?:ALTERNATE_)?OBJECT_DIRECTOR(?:Y|IES)|GIT_QUARANTINE_PATH|PWD|OLDPWD|SHLVL|_)$/;
    expect(Object.keys(seen).filter((name) => !known.test(name))).toEqual([]);
    expect(JSON.stringify(seen)).not.toMatch(/secret-|pass-word-7/);
    expect(planted(place.folder, 'secret-7')).toEqual([]);
    await place.close();
  });
});
