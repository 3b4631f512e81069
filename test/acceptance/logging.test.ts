import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashPassword } from '../../src/access/index.js';
import { logLines, type LogLine } from '../support/command.js';
import { eventually } from '../support/server.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;

beforeEach(async () => {
  place = await createWorkspace();
  await place.addBare('app.git');
});

afterEach(() => place.close());

test('every request is one line of JSON, and a push is one more with its refs', async () => {
  const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', file);
  expect((await place.tryPush(withCredentials(`${server.url}app`, 'ann', 'x'))).code).toBe(0);
  const isPush = (line: LogLine): boolean =>
    line['method'] === 'POST' && line['service'] === 'git-receive-pack';
  await eventually('the push is logged', () => logLines(server).some((line) => 'refs' in line));
  await eventually('its request is logged', () => logLines(server).some(isPush));
  const requests = logLines(server).filter((line) => 'service' in line);
  expect(requests[0]).toMatchObject({
    level: 'info',
    method: 'GET',
    path: 'app',
    repository: 'app.git',
    service: 'git-upload-pack',
    phase: 'discovery',
    status: 200,
    bytes: expect.any(Number),
    ms: expect.any(Number),
    address: '127.0.0.1',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  expect(requests.find((line) => line['status'] === 401)).toMatchObject({ service: 'git-receive-pack' });
  expect(requests.find(isPush)).toMatchObject({
    user: 'ann',
    status: 200,
  });
  const push = logLines(server).find((line) => 'refs' in line);
  const main = await place.git('-C', join(place.root, 'app.git'), 'rev-parse', 'main');
  const old = await place.git('-C', join(place.root, 'app.git'), 'rev-parse', 'main~1');
  expect(push).toMatchObject({
    repository: 'app.git',
    user: 'ann',
    unpack: 'ok',
    refCount: 1,
    refs: [{ ref: 'refs/heads/main', old, new: main, result: 'ok' }],
    msg: 'push to /app.git by ann: refs/heads/main ok',
  });
});

test('a push that a hook refuses is logged with the reason', async () => {
  const hooks = join(place.root, 'app.git', 'hooks');
  await mkdir(hooks, { recursive: true });
  await writeFile(join(hooks, 'update'), '#!/bin/sh\necho "not on a friday" >&2\nexit 1\n');
  await chmod(join(hooks, 'update'), 0o755);
  const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', file);
  const { code, stderr } = await place.tryPush(withCredentials(`${server.url}app`, 'ann', 'x'));
  expect(code).not.toBe(0);
  expect(stderr).toContain('remote: not on a friday');
  await eventually('the push is logged', () => logLines(server).some((line) => 'refs' in line));
  const push = logLines(server).find((line) => 'refs' in line);
  expect(push?.['msg']).toBe('push to /app.git by ann: refs/heads/main rejected (hook declined)');
});

test('a failure of git is logged as an error with its cause, which the client does not see', async () => {
  await writeFile(join(place.root, 'app.git', 'config'), '[core\n');
  const server = await place.serve();
  const { stderr } = await place.tryGit('ls-remote', `${server.url}app.git`);
  expect(stderr).not.toContain(place.root);
  await eventually('it is logged', () => logLines(server).some((line) => line['level'] === 'error'));
  const error = logLines(server).find((line) => line['level'] === 'error');
  expect(error).toMatchObject({ code: 'ERR_GIT_FAILED', path: 'app.git' });
  expect(error?.['msg']).toContain('bad config line 1');
});

test('no secret is logged, not even at the level trace', async () => {
  const secrets = [
    'plain-secret-1',
    'hashed-secret-2',
    'wrong-secret-3',
    'bearer-secret-4',
    'query-secret-5',
  ];
  const [plain = '', hashed = '', wrong = '', bearer = '', query = ''] = secrets;
  const hash = await hashPassword(hashed);
  const file = await place.writeAccessFile(
    `[users]\nann = ${plain}\nbob = ${hash}\n[access]\nann = app\nbob = app\n`,
  );
  const server = await place.serve('--accessfile', file, '--log-level', 'trace');
  const app = `${server.url}app.git`;
  expect((await place.tryPush(withCredentials(app, 'ann', plain), 'a')).code).toBe(0);
  expect((await place.tryPush(withCredentials(app, 'bob', hashed), 'b')).code).toBe(0);
  expect((await place.tryPush(withCredentials(app, 'ann', wrong), 'c')).code).not.toBe(0);
  // Names may be passwords that were typed into the wrong field.
  expect((await place.tryPush(withCredentials(app, wrong, 'x'), 'd')).code).not.toBe(0);
  const discovery = `${app}/info/refs?service=git-receive-pack`;
  await fetch(discovery, { headers: { Authorization: `Bearer ${bearer}` } });
  await fetch(discovery, { headers: { Authorization: `Strange ${bearer}`, Cookie: `session=${bearer}` } });
  await fetch(`${discovery}&token=${query}`);
  await fetch(`${server.url}?token=${query}`);
  await fetch(`${server.url}http://ann:${query}@example.org/app.git`);
  await fetch(`${server.url}http://ann:${query}@example.org/app.git/info/refs`);
  await place.writeAccessFile(`[users]\nann = ${plain}\n${plain}\n`);
  await place.tryPush(withCredentials(app, 'ann', plain), 'e');
  await place.writeAccessFile(`[users]\nann = $6$salt$${plain}\n`);
  await place.tryPush(withCredentials(app, 'ann', plain), 'f');
  const { stdout, stderr } = await server.stop();
  const text = stdout + stderr;
  expect(text).toContain('access.ini:3: ');
  expect(text).toContain('access.ini:2: ');
  for (const secret of [...secrets, hash, ...secrets.map((value) => `ann:${value}`)]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
  }
  expect(text.toLowerCase()).not.toMatch(/authorization|cookie/);
});

test('characters that a terminal would obey are written out', async () => {
  const server = await place.serve();
  await fetch(`${server.url}%C2%9B31m%E2%80%AEx.git/info/refs`);
  await eventually('it is logged', () => logLines(server).some((line) => line['status'] === 404));
  const line = logLines(server).find((found) => found['status'] === 404);
  expect(line?.['path']).toBe('\\u{9b}31m\\u{202e}x.git');
  expect(server.stderr()).not.toMatch(/[\u009b\u202e]/);
});

test('the level decides what is logged', async () => {
  const server = await place.serve('--log-level', 'warn');
  expect((await place.tryGit('ls-remote', `${server.url}app.git`)).code).toBe(0);
  expect((await fetch(server.url)).status).toBe(200);
  const { stderr } = await server.stop();
  expect(stderr).toBe('');
});
