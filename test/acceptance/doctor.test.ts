import { chmod, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../../src/cli/doctor/finding.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;
beforeEach(async () => {
  place = await createWorkspace();
});
afterEach(() => place.close());

test('a healthy folder and its server have no problem, and nothing in it is changed', async () => {
  await place.addBare('app.git');
  const server = await place.serve();
  const before = await readdir(place.root, { recursive: true });
  const { code, stdout, stderr } = await place.run('doctor', place.root, '--url', server.url);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ok {9}git: \d/m);
  expect(stdout).toContain(`${server.url}app.git is a repository; no proxy names itself\n`);
  expect(stdout).not.toMatch(/^problem/m);
  expect((await readdir(place.root, { recursive: true })).sort()).toEqual(before.sort());
});

test('a problem is told with advice, for people and for programs, and makes the command fail', async () => {
  await place.addBare('app.git');
  await chmod(join(place.root, 'app.git', 'objects'), 0o777);
  const people = await place.run('doctor', '--gitbase', place.root);
  expect(people.code).toBe(1);
  expect(people.stdout).toMatch(/^problem {4}permissions: everybody .*\n {11}→ chmod o-w .*objects$/m);
  const programs = await place.run('doctor', place.root, '--json');
  expect(programs.code).toBe(1);
  const findings = JSON.parse(programs.stdout) as readonly Finding[];
  expect(findings.filter(({ state }) => state === 'problem').map(({ what }) => what)).toEqual([
    'permissions',
  ]);
});

test('credentials come from the URL or from a helper of git, and are never printed', async () => {
  await place.addBare('app.git');
  await place.git('-C', join(place.root, 'app.git'), 'config', 'gittyphoon.visibility', 'authenticated');
  const access = await place.writeAccessFile('[users]\nann = pencil\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', access);
  const url = `${server.url}app.git`;
  const without = await place.run('doctor', '--url', url);
  expect(without.code).toBe(1);
  expect(without.stdout).toContain('a password is asked for');
  const wrong = await place.run('doctor', '--url', withCredentials(url, 'ann', 'wrong'));
  expect(wrong.stdout).toContain('the password is refused');
  const given = await place.run('doctor', '--url', withCredentials(url, 'ann', 'pencil'));
  expect(given.stdout).toContain('question for a password: 401 and WWW-Authenticate come');
  expect(given.code).toBe(0);
  expect(given.stdout).not.toContain('pencil');
  await place.git(
    'config',
    '--global',
    'credential.helper',
    '!f() { echo username=ann; echo password=pencil; }; f',
  );
  expect((await place.run('doctor', '--url', url)).code).toBe(0);
});

test('what is no repository, or no server, is told of', async () => {
  const server = await place.serve();
  const nothing = await place.run('doctor', '--url', `${server.url}nothing.git`);
  expect(nothing.code).toBe(1);
  expect(nothing.stdout).toContain('status 404');
  await server.stop();
  const gone = await place.run('doctor', '--url', server.url);
  expect(gone.stdout).toMatch(/^problem {4}server: no answer from .*ECONNREFUSED/m);
  expect((await place.run('doctor', '--url', 'ssh://host/app')).code).toBe(2);
});

test('folders and git are those of the settings of the server', async () => {
  await place.addBare('app.git');
  const file = join(place.folder, 'server.toml');
  const settings = { 'repositories.root': place.root, 'limits.temporary-directory': place.folder };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  await writeFile(file, lines.join(''));
  const { code, stdout, stderr } = await place.run('doctor', '--config', file);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(`temporary folder: ${place.folder} can be used\n`);
  expect(stdout).toContain('repositories: 1 repository is looked at\n');
});
