import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  AccessFileError,
  openHtpasswdFile,
  type HtpasswdFile,
  type HtpasswdFileOptions,
} from '../../../src/access/index.js';
import { basic, contextOf } from './contexts.js';
import { replaceFile } from '../../support/fixtures.js';

// Made with "openssl passwd -5", "-6" and "-apr1".
const hashes = {
  'two:2': '$5$rounds=1000$saltsalt$70HZd4SzztTUYkzn9TepvagFhYafRePE9ZOZ.cII9QC',
  thrée:
    '$6$rounds=1000$saltsalt$Bsb2aPIZOl2Z4WpA0JjLuDu47Y.rwiomyqftunW8IaY1gekiV3RxVxkeYr9rnyvrETfsBQmr7YqlAaR3kO6vr1',
  'f 4': '$apr1$saltsalt$NbFE6MQ5K5PLZBjURBvq51',
} as const;
const bcrypt = (password: string): string => hashSync(password, 4).replace(/^\$2b/, '$2y');

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gittyphoon-htpasswd-'));
  file = join(folder, 'htpasswd');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function open(text: string, options: HtpasswdFileOptions = {}): Promise<HtpasswdFile> {
  await writeFile(file, text);
  return openHtpasswdFile(file, options);
}

async function nameOf(opened: HtpasswdFile, user: string, password: string): Promise<string | undefined> {
  return (await opened.authenticate(contextOf({ credentials: basic(user, password) })))?.name;
}

test('users are recognised by bcrypt, SHA-crypt and apr1, and nobody by anything else', async () => {
  const opened = await open(
    `# made by hand\n\nann:${bcrypt('one')}\r\nbob:${hashes['two:2']}\ncy d:${hashes.thrée}:a remark\neve:${hashes['f 4']}`,
  );
  expect(opened.userCount).toBe(4);
  const passwords = { ann: 'one', bob: 'two:2', 'cy d': 'thrée', eve: 'f 4' };
  for (const [name, right] of Object.entries(passwords)) {
    expect(await nameOf(opened, name, right)).toBe(name);
    // What was right is remembered; what follows it must still be looked at.
    expect(await nameOf(opened, name, right)).toBe(name);
    for (const wrong of ['', `${right} `, right.slice(1), right.toUpperCase()]) {
      expect(await nameOf(opened, name, wrong)).toBeUndefined();
    }
    for (const stranger of ['', name.toUpperCase(), `${name} `, 'constructor', '# made by hand']) {
      expect(await nameOf(opened, stranger, right)).toBeUndefined();
    }
  }
  expect(await nameOf(opened, 'eve', hashes['f 4'])).toBeUndefined();
});

test('only Basic credentials are looked at', async () => {
  const opened = await open(`ann:${bcrypt('one')}\n`);
  expect(await opened.authenticate(contextOf())).toBeUndefined();
  expect(
    await opened.authenticate(contextOf({ credentials: { scheme: 'bearer', token: 'one' } })),
  ).toBeUndefined();
});

describe('a file is refused, with its line and without the password, for', () => {
  test.each([
    ['plain text', 'ann:tellmenot', ':2: the password of "ann" is in plain text or hashed with DES'],
    ['DES', 'ann:rqXexS6ZhobKA', ':2: the password of "ann" is in plain text or hashed with DES'],
    ['{SHA}', 'ann:{SHA}tellmenot', ':2: hashes of the kind {SHA} are not supported'],
    ['MD5-crypt', 'ann:$1$tellmenot$x', ':2: hashes of the kind $1$ are not supported'],
    ['yescrypt', 'ann:$y$tellmenot$x', ':2: hashes of the kind $y$ are not supported'],
    ['a damaged hash', 'ann:$2y$05$tellmenot', ':2: the bcrypt hash is damaged'],
    ['too much work', `ann:$2y$17$${'tellmenot'.repeat(6).slice(0, 53)}`, ':2: the cost of a bcrypt hash'],
    ['no hash', 'ann:', ':2: the hash of "ann" is missing'],
    ['no colon', 'tellmenot', ':2: this is not "user:hash"'],
    ['no user', ':tellmenot', ':2: the user before ":" is missing'],
    ['a control character', 'a\u0007n:tellmenot', ':2: the user holds a control character'],
    ['a user twice', 'first:tellmenot', ':2: "first" is already in line 1'],
  ])('%s', async (_what, line, problem) => {
    const attempt = open(`first:${hashes['f 4']}\n${line}\n`);
    await expect(attempt).rejects.toThrow(file + problem);
    await expect(attempt).rejects.toBeInstanceOf(AccessFileError);
    await expect(attempt).rejects.not.toThrow('tellmenot');
  });

  test('bytes that are not UTF-8', async () => {
    await writeFile(file, Buffer.from('größe:x\n', 'latin1'));
    await expect(openHtpasswdFile(file)).rejects.toThrow(`${file}:1: the line is not UTF-8`);
  });

  test('not being there', async () => {
    await expect(openHtpasswdFile(file)).rejects.toThrow(`${file}: there is no such file`);
  });
});

describe('a file that changes', () => {
  test('is in force with the next request; taking out the last user is such a change', async () => {
    const seen: number[] = [];
    const opened = await open(`ann:${bcrypt('one')}\n`, {
      onReload: ({ userCount }) => void seen.push(userCount),
    });
    expect(await nameOf(opened, 'ann', 'one')).toBe('ann');
    replaceFile(file, `ann:${bcrypt('two')}\nbob:${hashes['f 4']}\n`);
    expect(await nameOf(opened, 'ann', 'one')).toBeUndefined();
    expect(await nameOf(opened, 'ann', 'two')).toBe('ann');
    expect(await nameOf(opened, 'bob', 'f 4')).toBe('bob');
    replaceFile(file, '# Nobody\n');
    expect(await nameOf(opened, 'ann', 'two')).toBeUndefined();
    expect(seen).toEqual([2, 0]);
    expect(opened.userCount).toBe(0);
  });

  test('and is broken is told of once, and leaves what was read before in force', async () => {
    const problems: string[] = [];
    const opened = await open(`ann:${bcrypt('one')}\n`, {
      onProblem: ({ message }) => void problems.push(message),
    });
    await writeFile(file, `ann:${bcrypt('two')}\nbob\n`);
    expect(await nameOf(opened, 'ann', 'two')).toBeUndefined();
    expect(await nameOf(opened, 'ann', 'one')).toBe('ann');
    expect(problems).toEqual([`${file}:2: this is not "user:hash"`]);
    await rm(file);
    expect(await nameOf(opened, 'ann', 'one')).toBe('ann');
    expect(problems.slice(1)).toEqual([`${file}: there is no such file`]);
    await writeFile(file, `ann:${bcrypt('two')}\n`);
    expect(await nameOf(opened, 'ann', 'two')).toBe('ann');
    expect(problems).toHaveLength(2);
  });
});
