import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CommandResult } from '../support/command.js';
import { eventually } from '../support/server.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;
beforeEach(async () => {
  place = await createWorkspace();
});
afterEach(() => place.close());

const repo = (...args: string[]): Promise<CommandResult> =>
  place.run('repo', ...args, '--gitbase', place.root);

/** Runs a command that must do well, and gives what it prints. */
async function good(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await repo(...args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

test('a repository is created, shown, changed, renamed, deleted and brought back while it is served', async () => {
  const server = await place.serve();
  const told = await good('create', 'team/app', '--description', 'An app', '--visibility', 'public');
  expect(told).toBe('created team/app.git\n');
  await place.git('ls-remote', `${server.url}team/app`);
  expect(await good('list')).toBe('team/app.git\n');
  expect(await good('default-branch', 'team/app', 'trunk')).toBe(
    'set the default branch of team/app to trunk\n',
  );
  expect(await good('visibility', 'team/app', 'authenticated')).toBe(
    'noted that team/app is authenticated\n',
  );
  expect((await place.tryGit('ls-remote', `${server.url}team/app`)).stderr).toContain('not found');
  expect(await good('visibility', 'team/app', 'public')).toBe('noted that team/app is public\n');
  expect(await good('describe', 'team/app', '')).toBe('removed the description of team/app\n');
  expect(await good('describe', 'team/app', 'Another app')).toBe('described team/app\n');
  expect(JSON.parse(await good('show', 'team/app', '--json'))).toEqual({
    name: 'team/app.git',
    defaultBranch: 'trunk',
    branches: [],
    description: 'Another app',
    visibility: 'public',
    objectFormat: 'sha1',
    sizeBytes: 0,
  });
  expect(await good('show', 'team/app')).toMatch(/^name: +team\/app\.git\ndescription: +Another app\n/);
  expect(await good('rename', 'team/app', 'app')).toBe('renamed to app.git\n');
  expect((await place.tryGit('ls-remote', `${server.url}team/app`)).stderr).toContain('not found');
  const deleted = await good('delete', 'app');
  const [, id = ''] = /gittyphoon repo restore (\S+) --gitbase \S+ brings it back/.exec(deleted) ?? [];
  expect((await place.tryGit('ls-remote', `${server.url}app`)).stderr).toContain('not found');
  const trashed = `${server.url}.gittyphoon-trash/${id}/app.git`;
  expect((await place.tryGit('ls-remote', trashed)).stderr).toContain('not found');
  expect(await good('list')).toBe('');
  expect(await good('list', '--trash')).toBe(`${id}  app.git\n`);
  expect(await good('restore', 'app')).toBe('restored app.git\n');
  await place.git('ls-remote', `${server.url}app`);
  expect(await good('delete', 'app', '--purge')).toBe('removed app.git for good\n');
  expect(await good('list', '--trash')).toBe('');
});

test('what cannot be done is said in one line, with a code for scripts', async () => {
  await good('create', 'app');
  for (const [args, code, text] of [
    [['create', 'app.git'], 1, '"app.git" exists already'],
    [['create', '../app'], 1, 'the name "../app" has a part that begins with "."'],
    [['create', 'app.git/x'], 1, 'inside another repository'],
    [['create', 'x', '--visibility', 'secret'], 2, 'Allowed choices are public, authenticated, private'],
    [['create', 'x', '--shared', '777'], 1, 'shared is umask, group, all'],
    [['show', 'nope'], 1, `there is no repository "nope" in ${place.root}\n`],
    [['default-branch', 'app', '-x'], 2, "unknown option '-x'"],
    [['restore', 'app'], 1, `there is no repository "app" in ${place.root}\n`],
    [['delete', 'nope', '--purge'], 1, 'there is no repository "nope"'],
    [['frobnicate'], 2, "unknown command 'frobnicate'"],
  ] as const) {
    const result = await repo(...args);
    expect({ args, code: result.code, stdout: result.stdout }).toEqual({ args, code, stdout: '' });
    expect(result.stderr).toContain(text);
    expect(result.stderr.split('\n')).toHaveLength(2);
  }
  const { code, stderr } = await place.run('repo', 'list', '--gitbase', join(place.root, 'nope'));
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no folder') });
  const inFile = await place.run('repo', 'list', '--gitbase', join(place.root, 'app.git', 'HEAD'));
  expect(inFile).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('HEAD is a file, not a folder; give'),
  });
});

test('what brings a deleted repository back is told as a shell takes it', async () => {
  const folder = join(place.folder, "it's here");
  mkdirSync(folder);
  await place.run('repo', 'create', 'app', '--gitbase', folder);
  const { stdout } = await place.run('repo', 'delete', 'app', '--gitbase', "it's here");
  const [, args = ''] =
    /^deleted app\.git; gittyphoon (repo restore .+) brings it back\n$/.exec(stdout) ?? [];
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const restored = execFileSync('sh', ['-c', `"$1" "$2" ${args}`, 'sh', process.execPath, main], {
    cwd: place.folder,
    encoding: 'utf8',
  });
  expect(restored).toBe('restored app.git\n');
  await place.run('repo', 'create', 'b');
  expect((await place.run('repo', 'delete', 'b')).stdout).toMatch(/repo restore \S+ brings it back\n$/);
});

test('the help of visibility says when rules read it', async () => {
  const { stdout } = await place.run('repo', 'visibility', '--help');
  expect(stdout).toContain('gittyphoon.visibility');
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('rules go by that where they say "noted"');
});

test('a create that is killed leaves nothing that is served, and the next one tidies up', async () => {
  // A git that makes the repository and then does not end.
  const bin = join(place.folder, 'bin');
  const started = join(place.folder, 'started');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'git'),
    `#!/bin/sh\nPATH='${process.env['PATH'] ?? ''}'\ngit "$@"\necho $$ > '${started}'\nexec sleep 100\n`,
  );
  chmodSync(join(bin, 'git'), 0o755);
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [main, 'repo', 'create', 'app', '--gitbase', place.root], {
    env: { PATH: bin },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  await eventually('git has made it', () => existsSync(started) && readFileSync(started, 'utf8') !== '');
  child.kill('SIGKILL');
  await ended;
  process.kill(Number(readFileSync(started, 'utf8')), 'SIGKILL');
  const staging = join(place.root, '.gittyphoon-new');
  const [left = ''] = readdirSync(staging);
  expect(existsSync(join(staging, left, 'HEAD'))).toBe(true);
  expect(await good('list')).toBe('');
  const server = await place.serve();
  expect(server.stdout()).toContain('There is no repository yet');
  const answer = await place.tryGit('ls-remote', `${server.url}.gittyphoon-new/${left}`);
  expect(answer.stderr).toContain('not found');
  await good('create', 'app');
  expect(readdirSync(staging)).toEqual([]);
});

test('with --create-on-push users create exactly what the access file names for them', async () => {
  const file = await place.writeAccessFile(
    '[users]\nann = x\nbob = y\n[access]\nann = team/app, lib.git\nbob = other\n',
  );
  const server = await place.serve('--accessfile', file, '--create-on-push');
  expect(server.stdout()).toContain(
    '\nA push creates its repository where the access file lets its user write.\n',
  );
  const work = join(place.folder, 'work');
  await place.git('init', '-q', '-b', 'main', work);
  await place.git('-C', work, 'commit', '-q', '--allow-empty', '-m', 'first');
  const push = async (user: string, password: string, name: string): Promise<string> => {
    const url = withCredentials(`${server.url}${name}`, user, password);
    const { code, stderr } = await place.tryGit('-C', work, 'push', url, 'main');
    return code === 0 ? 'ok' : stderr;
  };
  for (const name of ['team/app/x', 'team', 'lib2', 'other', 'team/app2']) {
    expect(await push('ann', 'x', name)).toContain('remote: repository not found');
  }
  expect(await push('ann', 'x', 'team/app')).toBe('ok');
  expect(await push('ann', 'x', 'lib')).toBe('ok');
  expect(await push('bob', 'y', 'team/app')).toContain('not allowed to push');
  expect(await push('bob', 'wrong', 'other')).toContain('Authentication failed');
  expect(await good('list')).toBe('lib.git\nteam/app.git\n');
  expect(server.stderr()).toContain('/team/app.git created by ann');
});

test('--create-on-push without an access file is refused', async () => {
  const { code, stderr } = await place.run(place.root, '--create-on-push');
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'gittyphoon: --create-on-push needs --accessfile or --rules, which say who may create what\n',
  });
});
