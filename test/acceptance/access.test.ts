import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startServer } from '../support/server.js';
import { openAccessFile } from '../../src/access/index.js';
import { DirectoryStore } from '../../src/index.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;

beforeEach(async () => {
  place = await createWorkspace();
  await place.addBare('app.git');
});

afterEach(() => place.close());

const commits = (): Promise<string> =>
  place.git('-C', join(place.root, 'app.git'), 'rev-list', '--count', 'main');

test('users push with plain, scrypt and bcrypt passwords, and the reflog names them', async () => {
  const passwords = { ann: 'p:w=1 #', bob: 'ünïcode', eve: 'trübe' };
  const { stdout } = await startPasswd('bob', passwords.bob);
  const file = await place.writeAccessFile(
    `[users]\nann = ${passwords.ann}\n${stdout}eve = ${hashSync(passwords.eve, 4)}\n` +
      '[access]\nann = app\nbob = app.git\neve = other, app\n',
  );
  await place.git('-C', join(place.root, 'app.git'), 'config', 'core.logAllRefUpdates', 'true');
  const server = await place.serve('--accessfile', file);
  expect(server.stdout()).toContain('Everybody may read; 3 users of ');
  for (const [name, password] of Object.entries(passwords)) {
    const { code, stderr } = await place.tryPush(
      withCredentials(`${server.url}app.git`, name, password),
      name,
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
  }
  expect(await commits()).toBe('4');
  const reflog = await place.git('-C', join(place.root, 'app.git'), 'log', '-g', '--format=%gn %ge', 'main');
  expect(reflog.split('\n').slice(0, 3)).toEqual(
    ['eve', 'bob', 'ann'].map((name) => `${name} ${name}@http.127.0.0.1`),
  );
});

async function startPasswd(name: string, password: string): Promise<{ stdout: string }> {
  const { runCommand } = await import('../support/command.js');
  return runCommand(['passwd', name], { input: `${password}\n` });
}

test('nobody else pushes: not without a name, not with a wrong password, not to what is not theirs', async () => {
  await place.addBare('application.git');
  await place.addBare('team/app.git');
  const file = await place.writeAccessFile('[users]\nann = x\nbob = y\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', file, '--realm', 'The "realm"');
  const app = `${server.url}app.git`;
  for (const url of [app, withCredentials(app, 'ann', 'y'), withCredentials(app, 'nobody', 'x')]) {
    const { code, stderr } = await place.tryPush(url);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/could not read Password|Authentication failed|could not read Username/);
  }
  for (const [name, url] of [
    ['bob', withCredentials(app, 'bob', 'y')],
    ['ann', withCredentials(`${server.url}application.git`, 'ann', 'x')],
    ['ann', withCredentials(`${server.url}team/app.git`, 'ann', 'x')],
  ] as const) {
    const { code, stderr } = await place.tryPush(url);
    expect({ name, code }).not.toEqual({ name, code: 0 });
    expect(stderr).toContain('remote: you are not allowed to push to this repository');
  }
  expect(await commits()).toBe('1');
  const challenge = await fetch(`${app}/info/refs?service=git-receive-pack`);
  expect(challenge.status).toBe(401);
  expect(challenge.headers.get('www-authenticate')).toBe('Basic realm="The \\"realm\\""');
  const direct = await fetch(`${app}/git-receive-pack`, { method: 'POST', body: '0000' });
  expect(direct.status).toBe(401);
});

test('everybody reads, but not with a password that is wrong', async () => {
  const file = await place.writeAccessFile('[users]\nann = x\n');
  const server = await place.serve('--accessfile', file);
  const app = `${server.url}app.git`;
  expect((await place.tryGit('ls-remote', app)).code).toBe(0);
  expect((await place.tryGit('ls-remote', withCredentials(app, 'ann', 'x'))).code).toBe(0);
  // curl first asks without the password; what is wrong shows when it is sent at once.
  const wrong = Buffer.from('ann:y').toString('base64');
  const answer = await fetch(`${app}/info/refs?service=git-upload-pack`, {
    headers: { Authorization: `Basic ${wrong}` },
  });
  expect(answer.status).toBe(401);
});

test('a file that changes while the server runs is in force with the next push', async () => {
  const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', file);
  const url = withCredentials(`${server.url}app.git`, 'ann', 'x');
  expect((await place.tryPush(url)).code).toBe(0);
  await place.writeAccessFile('[users]\nann = x\n');
  expect((await place.tryPush(url)).stderr).toContain('you are not allowed to push');
  expect(server.stderr()).toContain('was read again: 1 users');
  await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  expect((await place.tryPush(url)).code).toBe(0);
  expect(await commits()).toBe('3');
});

test('a file that breaks while the server runs is named with its line, and the last good one stays', async () => {
  const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', file);
  const url = withCredentials(`${server.url}app.git`, 'ann', 'x');
  await place.writeAccessFile('[users]\nann = x\nbob\n');
  expect((await place.tryPush(url)).code).toBe(0);
  const said = `${file}:3: this is not \\"name = value\\"`;
  expect(server.stderr()).toContain(said);
  expect(server.stderr()).toContain('what was read before stays in force');
  expect((await place.tryPush(url)).code).toBe(0);
  expect(server.stderr().split(said)).toHaveLength(2);
  await rm(file);
  expect((await place.tryPush(url)).code).toBe(0);
  expect(server.stderr()).toContain('there is no such file');
  await place.writeAccessFile('[users]\nbob = y\n');
  expect((await place.tryPush(url)).code).not.toBe(0);
});

test('the library takes the same file, with the functions that openAccessFile gives', async () => {
  const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  const store = new DirectoryStore({ root: place.root });
  const { authenticate, authorize } = await openAccessFile(file, { repositories: store });
  const server = await startServer({ repositories: store, publicRead: true, authenticate, authorize });
  try {
    const url = `${server.url}/app.git`;
    expect((await place.tryPush(withCredentials(url, 'ann', 'x'))).code).toBe(0);
    expect((await place.tryPush(withCredentials(url, 'ann', 'y'))).code).not.toBe(0);
  } finally {
    await server.close();
  }
});
