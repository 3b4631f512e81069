/** The configuration of the built command: sources, `config check` and `config print`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand, startCommand, type CommandResult } from '../support/command.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;

beforeEach(async () => {
  place = await createWorkspace();
});

afterEach(() => place.close());

async function write(name: string, text: string): Promise<string> {
  const file = join(place.folder, name);
  await writeFile(file, text);
  return file;
}

function run(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
  return runCommand(args, { cwd: place.folder, env: { HOME: join(place.folder, 'home'), ...env } });
}

/** The name that a password prompt would show. */
async function realmOf(args: readonly string[], env: Record<string, string> = {}): Promise<string | null> {
  const server = await startCommand([place.root, ...args], { cwd: place.folder, env });
  try {
    const answer = await fetch(`${server.url}app.git/info/refs?service=git-receive-pack`);
    await answer.arrayBuffer();
    return answer.headers.get('www-authenticate');
  } finally {
    await server.stop();
  }
}

test('a flag is stronger than the environment, that than the file, and that than the default', async () => {
  await place.addBare('app.git');
  await write('access.ini', '[users]\nann = x\n[access]\nann = app\n');
  const file = await write('g.toml', '[access]\nfile = "access.ini"\nrealm = "from the file"\n');
  const env = { GITTYPHOON_ACCESS_REALM: 'from the environment' };
  expect(await realmOf(['--accessfile', 'access.ini'])).toBe('Basic realm="Git"');
  expect(await realmOf(['--config', file])).toBe('Basic realm="from the file"');
  expect(await realmOf(['--config', file], env)).toBe('Basic realm="from the environment"');
  expect(await realmOf(['--realm', 'a flag'], { ...env, GITTYPHOON_CONFIG: file })).toBe(
    'Basic realm="a flag"',
  );
});

test('a file in the served folder is not read by itself', async () => {
  await writeFile(join(place.root, 'gittyphoon.toml'), 'this is no configuration');
  const server = await startCommand([], { cwd: place.root });
  expect((await server.stop()).code).toBe(0);
});

test('all of a server can stand in the file, and paths in it are those of its folder', async () => {
  await mkdir(join(place.folder, 'etc'));
  await place.addBare('app.git');
  await write('etc/access.ini', '[users]\nann = x\n[access]\nann = app\n');
  const file = await write(
    'etc/g.toml',
    `[repositories]\nroot = "../repositories"\n[access]\nfile = "access.ini"\npublic-read = false\n` +
      `[limits]\nmax-ref-updates = 1\n[git]\ndumb-http = false\n[git.config]\nuploadpack.allowFilter = true\n` +
      `[cors]\norigins = ["https://page.example"]\n`,
  );
  const server = await startCommand(['--config', file], { cwd: place.folder });
  try {
    expect(server.stdout()).toContain('Everybody with a name may read; 1 user of ');
    expect((await place.tryGit('ls-remote', `${server.url}app.git`)).code).not.toBe(0);
    const url = withCredentials(`${server.url}app.git`, 'ann', 'x');
    await place.git('clone', '--quiet', '--filter=blob:none', url, 'copy');
    expect(await place.git('-C', 'copy', 'config', 'remote.origin.partialclonefilter')).toBe('blob:none');
    const push = await place.tryGit('-C', 'copy', 'push', url, 'HEAD:one', 'HEAD:two');
    expect(push.stderr).toContain('a push may change 1 here');
    const dumb = await fetch(`${server.url}app.git/HEAD`, {
      headers: { Authorization: `Basic ${btoa('ann:x')}`, Origin: 'https://page.example' },
    });
    await dumb.arrayBuffer();
    expect(dumb.status).toBe(403);
    expect(dumb.headers.get('access-control-allow-origin')).toBe('https://page.example');
  } finally {
    await server.stop();
  }
});

test('a server does not start with a mistake, and says one and how many there are', async () => {
  const file = await write('g.toml', '[listen]\nport = "x"\nhots = "x"\n');
  expect(await run([place.root, '--config', file])).toEqual({
    code: 1,
    signal: null,
    stdout: '',
    stderr: `gittyphoon: ${file}:2: listen.port: give a number from 0 to 65535 (and 1 more; "gittyphoon config check" shows all)\n`,
  });
});

test('config check tells every mistake with its place, also those in the files that are named', async () => {
  await write('access.ini', '[users]\nann\n');
  await write('rules.toml', '[[rules]]\nwho = "ann"\n');
  const file = await write(
    'g.toml',
    `[listen]\nprot = 1\n[repositories]\nroot = "nowhere"\n[access]\nfile = "access.ini"\nrules = "rules.toml"\n` +
      `tokens = "."\n[access.throttle]\nmax-delay = "2m"\n[webhooks]\nfile = "hooks.toml"\n`,
  );
  const first = await run(['config', 'check', file]);
  expect(first).toMatchObject({ code: 1, stdout: '' });
  expect(first.stderr.split('\n').filter((line) => line !== '')).toEqual([
    `${file}:2: "listen.prot" is not known; did you mean listen.port?`,
    expect.stringMatching(/g\.toml:4: repositories\.root: there is no folder .*nowhere/),
  ]);
  const { code, stderr } = await run(['config', 'check', file, '--gitbase', place.root]);
  expect(code).toBe(1);
  for (const expected of [
    /g\.toml:6: access\.file: .*access\.ini:2: /,
    /g\.toml:7: access\.rules: .*rules\.toml:\d+: /,
    /g\.toml:8: access\.tokens: /,
    /g\.toml:10: access\.throttle\.max-delay: must be .*60000/,
    /g\.toml:12: webhooks\.file: .*hooks\.toml: there is no such file/,
  ]) {
    expect(stderr).toMatch(expected);
  }
});

test('config check says yes to what can be used, and doubts variables that are perhaps mistyped', async () => {
  const file = await write('g.toml', '[listen]\nport = 9000\n[log]\nlevel = "warn"\n');
  const env = { GITTYPHOON_LISTEN_PROT: '1' };
  expect(await run(['config', 'check', file], env)).toMatchObject({
    code: 0,
    stdout: `${file} can be used: 2 settings\n`,
    stderr: 'GITTYPHOON_LISTEN_PROT is no setting; did you mean GITTYPHOON_LISTEN_PORT?\n',
  });
});

test('config print shows what is in force and why, and no secret', async () => {
  const file = await write(
    'g.toml',
    '[access]\nauth-url = "https://ann:secret-1@example.org/ask?key=secret-2"\n[git.config]\n"http.extraHeader" = "secret-3"\n',
  );
  const env = { GITTYPHOON_LIMITS_MAX_PUSH_SIZE: '1m', GITTYPHOON_LOG_LEVEL: 'warn' };
  const { code, stdout } = await run(
    ['config', 'print', '--config', file, '--log-level', 'error', place.root],
    env,
  );
  expect(code).toBe(0);
  expect(stdout).toContain(`\nauth-url = "https://example.org/ask" # ${file} line 2\n`);
  expect(stdout).toContain('\nmax-push-size = "1m" # GITTYPHOON_LIMITS_MAX_PUSH_SIZE\n');
  expect(stdout).toContain('\nlevel = "error" # --log-level\n');
  expect(stdout).toContain('\nrealm = "Git" # default\n');
  expect(stdout).toContain(`\nroot = "${place.root}" # DIR\n`);
  expect(stdout).not.toContain('secret-');
  expect(parse(stdout)).toMatchObject({ listen: { port: 8080 } });
});

test('public-read stands over what repositories have noted, or is for those that have noted nothing', async () => {
  await place.addBare('app.git');
  await place.addBare('hidden.git');
  await place.addBare('open.git');
  for (const [name, visibility] of [
    ['hidden', 'private'],
    ['open', 'public'],
  ] as const) {
    await place.run('repo', 'visibility', name, visibility, '--gitbase', place.root);
  }
  const readable = async (env: Record<string, string>): Promise<boolean[]> => {
    const server = await startCommand([place.root], { cwd: place.folder, env });
    const names = ['app', 'hidden', 'open'];
    const answers = await Promise.all(
      names.map((name) => place.tryGit('ls-remote', `${server.url}${name}.git`)),
    );
    await server.stop();
    return answers.map(({ code }) => code === 0);
  };
  expect(await readable({})).toEqual([true, false, true]);
  expect(await readable({ GITTYPHOON_ACCESS_PUBLIC_READ: 'true' })).toEqual([true, true, true]);
  expect(await readable({ GITTYPHOON_ACCESS_PUBLIC_READ: 'false' })).toEqual([false, false, true]);
});
