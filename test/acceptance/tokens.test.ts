import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTokenFile } from '../../src/access/index.js';
import type { RunningCommand } from '../support/command.js';
import { eventually } from '../support/server.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;
let file: string;

beforeEach(async () => {
  place = await createWorkspace();
  file = join(place.folder, 'tokens.json');
  await place.addBare('app.git');
});

afterEach(() => place.close());

const accessFile = '[users]\nann = x\nbob = y\n[access]\nann = app, other\n';

/** Makes a token for 30 days; the command that does the same is tested elsewhere. */
async function create(scope: 'read' | 'write', repository = 'app', user = 'ann'): Promise<string> {
  const expires = new Date(Date.now() + 30 * 24 * 3_600_000);
  const tokens = await openTokenFile(file);
  return (await tokens.create({ user, scope, repositories: [repository], expires })).token;
}

async function serve(...more: string[]): Promise<RunningCommand> {
  const access = await place.writeAccessFile(accessFile);
  return place.serve('--accessfile', access, '--tokens', file, ...more);
}

const idOf = (token: string): string => token.slice(4, 14);

/** Clones and pushes with the same flags; resolves with what came of the push. */
async function pushWith(url: string, ...config: string[]): Promise<{ code: number | null; stderr: string }> {
  const clone = join(place.folder, `with-${Math.random()}`);
  await place.git(...config, 'clone', '-q', url, clone);
  await place.git('-C', clone, 'commit', '-q', '--allow-empty', '-m', 'new');
  return place.tryGit('-C', clone, ...config, 'push', url, 'HEAD:refs/heads/main');
}

describe('git clones and pushes with a token', () => {
  test('as the password in the URL, with any name or its own, and the reflog names its user', async () => {
    const token = await create('write');
    await place.git('-C', join(place.root, 'app.git'), 'config', 'core.logAllRefUpdates', 'true');
    const server = await serve();
    expect(server.stdout()).toContain(`Access tokens: 1, in ${file}`);
    for (const name of ['ann', 'x-token', 'bob']) {
      const { code, stderr } = await pushWith(withCredentials(`${server.url}app`, name, token));
      expect({ code, stderr }).toMatchObject({ code: 0 });
    }
    const reflog = await place.git('-C', join(place.root, 'app.git'), 'log', '-g', '--format=%gn', 'main');
    expect(reflog.split('\n').slice(0, 3)).toEqual(['ann', 'ann', 'ann']);
  });

  test('as Bearer in http.extraHeader', async () => {
    const token = await create('write');
    const server = await serve();
    const header = `http.extraHeader=Authorization: Bearer ${token}`;
    expect(await pushWith(`${server.url}app.git`, '-c', header)).toMatchObject({ code: 0 });
    const wrong = await place.tryGit('-c', `${header}x`, 'ls-remote', `${server.url}app.git`);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain('remote: the user name, password or token is not valid');
  });

  test('from a credential helper', async () => {
    const token = await create('write');
    const server = await serve();
    const helper = join(place.folder, 'helper');
    await writeFile(helper, `#!/bin/sh\ntest "$1" = get && printf 'username=ci\\npassword=${token}\\n'\n`, {
      mode: 0o755,
    });
    expect(await pushWith(`${server.url}app.git`, '-c', `credential.helper=${helper}`)).toMatchObject({
      code: 0,
    });
  });
});

describe('a token opens no more', () => {
  test('than its scope, its repositories, and the rights of its user', async () => {
    const [reading, writing, ofBob] = [
      await create('read'),
      await create('write'),
      await create('write', '**', 'bob'),
    ];
    await place.addBare('other.git');
    const server = await serve();
    for (const [token, name] of [
      [reading, 'app'],
      [writing, 'other'],
      [ofBob, 'app'],
    ] as const) {
      const { code, stderr } = await place.tryPush(withCredentials(`${server.url}${name}`, 'ann', token));
      expect(code).not.toBe(0);
      expect(stderr).toContain('remote: you are not allowed to push to this repository');
    }
    // The password beside it still opens what it opened.
    expect(await place.tryPush(withCredentials(`${server.url}other`, 'ann', 'x'))).toMatchObject({ code: 0 });
  });

  test('than reading, where there is no access file', async () => {
    const token = await create('write');
    const server = await place.serve('--tokens', file);
    const { code, stderr } = await place.tryPush(withCredentials(`${server.url}app`, 'ann', token));
    expect(code).not.toBe(0);
    expect(stderr).toContain('remote: nobody may push to this server');
  });

  test('after it was revoked while the server runs', async () => {
    const server = await serve('--log-level', 'info');
    expect(server.stdout()).toContain(`There is no access token in ${file} yet`);
    const token = await create('write');
    const url = withCredentials(`${server.url}app`, 'ann', token);
    expect(await place.tryPush(url)).toMatchObject({ code: 0 });
    const revoked = await place.run('token', 'revoke', idOf(token), '--tokens', file);
    expect(revoked).toMatchObject({ code: 0, stdout: `revoked ${idOf(token)} of ann\n` });
    expect((await place.tryPush(url)).stderr).toContain('Authentication failed');
    expect(server.stderr()).toContain('was read again: 0 tokens');
  });
});

test('nothing of a token is in any log, list or file, at any level; its last use is', async () => {
  const token = await create('write', 'app');
  const damaged = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`;
  const server = await serve('--log-level', 'trace');
  const url = `${server.url}app`;
  expect(await place.tryPush(withCredentials(url, 'ann', token))).toMatchObject({ code: 0 });
  for (const wrong of [damaged, token.slice(0, -9)]) {
    const { stderr } = await place.tryPush(withCredentials(url, 'ann', wrong));
    expect(stderr).toContain('Authentication failed');
    const header = { Authorization: `Bearer ${wrong}` };
    expect((await fetch(`${url}/info/refs?service=git-upload-pack`, { headers: header })).status).toBe(401);
  }
  await writeFile(`${file}.new`, 'left over by a crash');
  await place.run(
    'token',
    'create',
    '--user',
    'ann',
    '--scope',
    'read',
    '--repo',
    '*',
    '--expires',
    'never',
    '--tokens',
    file,
  );
  await server.stop();
  const lists = [
    await place.run('token', 'list', '--tokens', file),
    await place.run('token', 'list', '--json', '--tokens', file),
  ];
  const texts = [
    server.stdout(),
    server.stderr(),
    readFileSync(file, 'utf8'),
    ...lists.map(({ stdout }) => stdout),
  ];
  for (const text of texts) {
    expect(text).not.toContain('gtt_');
    expect(text).not.toContain(token.slice(14, 40));
    expect(text).not.toContain(Buffer.from(`ann:${token}`).toString('base64').slice(20, 50));
  }
  const [used, unused] = JSON.parse(lists[1]?.stdout ?? '') as { lastUsed: string | null }[];
  expect(used?.lastUsed).toMatch(/^\d{4}-/);
  expect(unused?.lastUsed).toBeNull();
  expect(existsSync(`${file}.new`)).toBe(false);
});

test('a broken file ends the start of a server, and does not end a server that runs', async () => {
  const token = await create('write');
  const server = await serve();
  await writeFile(file, 'x');
  expect(await place.tryPush(withCredentials(`${server.url}app`, 'ann', token))).toMatchObject({ code: 0 });
  await eventually('it is told', () => server.stderr().includes('this is no token file'));
  const second = await place.run(place.root, '--port', '0', '--tokens', file);
  expect(second).toMatchObject({
    code: 1,
    stderr: `gittyphoon: ${file}: this is no token file: it is not a JSON object\n`,
  });
});
