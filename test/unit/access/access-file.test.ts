import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  AccessFileError,
  hashPassword,
  openAccessFile,
  type AccessFile,
  type AccessFileOptions,
} from '../../../src/access/index.js';
import type { Credentials, Operation, Repository, RequestContext } from '../../../src/index.js';
import { DirectoryStore } from '../../../src/index.js';
import { replaceFile } from '../../support/fixtures.js';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gittyphoon-access-'));
  file = join(folder, 'access.ini');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function contextOf(operation: Operation, credentials: Credentials | undefined): RequestContext {
  return {
    id: '1',
    method: 'GET',
    path: 'app',
    operation,
    service: 'git-receive-pack',
    phase: 'discovery',
    protocolVersion: 0,
    headers: {},
    remoteAddress: '127.0.0.1',
    credentials,
    signal: new AbortController().signal,
  };
}

async function open(text: string, options: AccessFileOptions = {}): Promise<AccessFile> {
  await writeFile(file, text);
  return openAccessFile(file, options);
}

async function nameOf(access: AccessFile, username: string, password: string): Promise<string | undefined> {
  const user = await access.authenticate(contextOf('write', { scheme: 'basic', username, password }));
  return user?.name;
}

async function mayPush(access: AccessFile, user: string | undefined, name: string): Promise<boolean> {
  return mayDo(access, 'write', user, { name, gitDir: `/srv/${name}` });
}

async function mayDo(
  access: AccessFile,
  operation: Operation,
  user: string | undefined,
  repository: Repository | undefined,
): Promise<boolean> {
  return access.authorize({
    name: repository?.name ?? 'app',
    repository,
    user: user === undefined ? undefined : { name: user },
    context: contextOf(operation, undefined),
  });
}

describe('authentication by an access file', () => {
  test('recognises users by plain passwords, scrypt and bcrypt, and nobody by anything else', async () => {
    const access = await open(
      `[users]\nplain = p:1\nscrypt = ${await hashPassword('s:2')}\nbcrypt = ${hashSync('b:3', 4)}\n`,
    );
    const passwords = { plain: 'p:1', scrypt: 's:2', bcrypt: 'b:3' };
    for (const [name, right] of Object.entries(passwords)) {
      expect(await nameOf(access, name, right)).toBe(name);
      // What was right is remembered; what follows it must still be looked at.
      expect(await nameOf(access, name, right)).toBe(name);
      for (const wrong of ['', `${right} `, right.slice(1), right.toUpperCase()]) {
        expect(await nameOf(access, name, wrong)).toBeUndefined();
      }
      for (const stranger of ['', name.toUpperCase(), `${name} `, 'constructor', 'nobody']) {
        expect(await nameOf(access, stranger, right)).toBeUndefined();
      }
    }
    expect(access.userCount).toBe(3);
  });

  test('never takes a hash itself for the password', async () => {
    const [scrypt, bcrypt] = [await hashPassword('x'), hashSync('x', 4)];
    const access = await open(`[users]\na = ${scrypt}\nb = ${bcrypt}\n`);
    expect(await nameOf(access, 'a', scrypt)).toBeUndefined();
    expect(await nameOf(access, 'b', bcrypt)).toBeUndefined();
  });

  test('does not mix up the users that it remembers', async () => {
    const access = await open(
      `[users]\na = ${await hashPassword('one')}\nb = ${await hashPassword('two')}\n`,
    );
    expect(await nameOf(access, 'a', 'one')).toBe('a');
    expect(await nameOf(access, 'b', 'two')).toBe('b');
    expect(await nameOf(access, 'a', 'two')).toBeUndefined();
    expect(await nameOf(access, 'b', 'one')).toBeUndefined();
  });

  test('answers a crowd that comes at once, right and wrong, known and unknown', async () => {
    const access = await open(`[users]\na = ${await hashPassword('one')}\n`);
    const names = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        nameOf(access, index % 4 === 3 ? 'nobody' : 'a', index % 2 === 0 ? 'one' : 'wrong'),
      ),
    );
    expect(names).toEqual(names.map((_, index) => (index % 2 === 0 ? 'a' : undefined)));
  });

  test('asks for Basic credentials and takes no others', async () => {
    const access = await open('[users]\na = b\n');
    const others: (Credentials | undefined)[] = [
      undefined,
      { scheme: 'bearer', token: 'b' },
      { scheme: 'other', header: 'Negotiate b' },
    ];
    for (const credentials of others) {
      expect(await access.authenticate(contextOf('read', credentials))).toBeUndefined();
    }
  });

  test('recognises nobody when the file has no users', async () => {
    const access = await open('[users]\n');
    expect(await nameOf(access, 'nobody', 'nobody')).toBeUndefined();
  });
});

describe('rights by an access file', () => {
  test('allow pushes to exactly the repositories that are named', async () => {
    const access = await open('[users]\na = x\nb = y\n[access]\na = app, team/lib.git\n');
    expect(await mayPush(access, 'a', 'app')).toBe(true);
    expect(await mayPush(access, 'a', 'team/lib.git')).toBe(true);
    for (const name of [
      '',
      'ap',
      'app2',
      'App',
      'app/sub',
      'team',
      'team/lib',
      'team/lib.git.git',
      'x/app',
    ]) {
      expect({ name, may: await mayPush(access, 'a', name) }).toEqual({ name, may: false });
    }
    expect(await mayPush(access, 'b', 'app')).toBe(false);
    expect(await mayPush(access, undefined, 'app')).toBe(false);
    expect(await mayPush(access, 'constructor', 'app')).toBe(false);
  });

  test('say nothing about reading, nor about repositories that do not exist', async () => {
    const access = await open('[users]\na = x\n[access]\na = app\n');
    expect(await mayDo(access, 'read', 'a', { name: 'app', gitDir: '/srv/app' })).toBe(false);
    expect(await mayDo(access, 'write', 'a', undefined)).toBe(false);
  });

  test('reach the served folder itself by "." alone', async () => {
    const access = await open('[users]\na = x\nb = y\n[access]\na = .\nb = app\n');
    expect(await mayPush(access, 'a', '')).toBe(true);
    expect(await mayPush(access, 'b', '')).toBe(false);
    expect(await mayPush(access, 'a', 'app')).toBe(false);
  });

  test('mean app.git by "app" only while there is no repository app', async () => {
    const makeGitDirectory = async (path: string): Promise<void> => {
      await mkdir(join(folder, path, 'objects'), { recursive: true });
      await mkdir(join(folder, path, 'refs'));
      await writeFile(join(folder, path, 'HEAD'), 'ref: refs/heads/main\n');
    };
    await makeGitDirectory('team/app.git');
    const text = '[users]\na = x\nb = y\nc = z\n[access]\na = team/app\nb = team/app.git\nc = team\n';
    const access = await open(text, { repositories: new DirectoryStore({ root: folder }) });
    expect(await mayPush(access, 'a', 'team/app.git')).toBe(true);
    expect(await mayPush(access, 'b', 'team/app.git')).toBe(true);
    expect(await mayPush(access, 'c', 'team/app.git')).toBe(false);
    await makeGitDirectory('team/app/.git');
    expect(await mayPush(access, 'a', 'team/app.git')).toBe(false);
    expect(await mayPush(access, 'a', 'team/app')).toBe(true);
    expect(await mayPush(access, 'b', 'team/app.git')).toBe(true);
    expect(await mayPush(access, 'b', 'team/app')).toBe(false);
  });

  test('are canonical names and nothing else where the store is not known', async () => {
    const access = await open('[users]\na = x\n[access]\na = app\n');
    expect(await mayPush(access, 'a', 'app')).toBe(true);
    expect(await mayPush(access, 'a', 'app.git')).toBe(false);
  });
});

describe('a file that changes', () => {
  test('is in force with the next request, also when its size and time are the same as before', async () => {
    const seen: number[] = [];
    const access = await open('[users]\na = one\n', {
      onReload: ({ userCount }) => void seen.push(userCount),
    });
    const past = new Date(Date.now() - 3_600_000);
    await utimes(file, past, past);
    expect(await nameOf(access, 'a', 'one')).toBe('a');
    await writeFile(file, '[users]\na = two\n');
    await utimes(file, past, past);
    expect(await nameOf(access, 'a', 'one')).toBeUndefined();
    expect(await nameOf(access, 'a', 'two')).toBe('a');
    replaceFile(file, '[users]\na = 333\nb = 4\n');
    expect(await nameOf(access, 'a', 'two')).toBeUndefined();
    expect(await nameOf(access, 'b', '4')).toBe('b');
    expect(seen).toEqual([1, 2]);
  });

  test('takes back what had been remembered of passwords', async () => {
    const access = await open(`[users]\na = ${await hashPassword('one')}\n[access]\na = app\n`);
    expect(await nameOf(access, 'a', 'one')).toBe('a');
    expect(await mayPush(access, 'a', 'app')).toBe(true);
    replaceFile(file, `[users]\na = ${await hashPassword('two')}\n`);
    expect(await nameOf(access, 'a', 'one')).toBeUndefined();
    expect(await nameOf(access, 'a', 'two')).toBe('a');
    expect(await mayPush(access, 'a', 'app')).toBe(false);
    replaceFile(file, '[users]\n');
    expect(await nameOf(access, 'a', 'two')).toBeUndefined();
  });

  test('and is broken is told of once, with its line, and leaves what was read before in force', async () => {
    const problems: string[] = [];
    const access = await open('[users]\na = one\n', {
      onProblem: ({ message }) => void problems.push(message),
    });
    await writeFile(file, '[users]\nb = two\nbroken\n');
    expect(await nameOf(access, 'a', 'one')).toBe('a');
    expect(await nameOf(access, 'b', 'two')).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining(`${file}:3: `)]);
    await rm(file);
    expect(await nameOf(access, 'a', 'one')).toBe('a');
    expect(await nameOf(access, 'a', 'one')).toBe('a');
    expect(problems.slice(1)).toEqual([`${file}: there is no such file`]);
    replaceFile(file, '[access]\n');
    expect(await nameOf(access, 'a', 'one')).toBe('a');
    expect(problems.slice(2)).toEqual([`${file}: the section [users] is missing`]);
    replaceFile(file, '[users]\nb = two\n');
    expect(await nameOf(access, 'a', 'one')).toBeUndefined();
    expect(await nameOf(access, 'b', 'two')).toBe('b');
  });

  test('and is broken from the start is an error', async () => {
    await expect(open('[users]\nx\n')).rejects.toThrow(`${file}:2: `);
    await expect(openAccessFile(join(folder, 'none'))).rejects.toThrow(/none: there is no such file$/);
    await expect(openAccessFile(folder)).rejects.toBeInstanceOf(AccessFileError);
  });
});
