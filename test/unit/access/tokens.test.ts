import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { lstat, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openTokenFile, type TokenFile, type TokenFileError } from '../../../src/access/index.js';
import { OptionError } from '../../../src/errors.js';
import { makeTempDir, replaceFile, type TempDir } from '../../support/fixtures.js';
import { ask, basic, bearer, wanted, withOtherSecret } from './token-requests.js';

let folder: TempDir;
let file: string;
let problems: TokenFileError[];
let reloads: number[];

beforeEach(() => {
  folder = makeTempDir();
  file = join(folder.path, 'tokens.json');
  problems = [];
  reloads = [];
});

afterEach(() => folder.dispose());

const open = (): Promise<TokenFile> =>
  openTokenFile(file, {
    onProblem: (problem) => problems.push(problem),
    onReload: ({ tokenCount }) => reloads.push(tokenCount),
  });

describe('a token', () => {
  it.each([
    ['as a Basic password with any name', basic],
    ['as a Basic password with its own name', (token: string) => basic(token, 'ann')],
    ['as a Basic password without a name', (token: string) => basic(token, '')],
    ['as a Bearer token', bearer],
  ])('is recognised %s, with its scope', async (_what, credentialsOf) => {
    const tokens = await open();
    const writing = await tokens.create(wanted);
    const reading = await tokens.create({
      ...wanted,
      user: 'bob',
      scope: 'read',
      repositories: ['a/*', 'b'],
    });
    const ann = await ask(tokens, credentialsOf(writing.token));
    expect(ann).toMatchObject({ name: 'ann', details: { tokenId: writing.id } });
    expect(ann?.scope?.operations).toEqual(['read', 'write']);
    const bob = await ask(tokens, credentialsOf(reading.token));
    expect(bob).toMatchObject({ name: 'bob', scope: { operations: ['read'] } });
    expect(['a/x.git', 'b.git', 'a/x/y', 'c'].map((name) => bob?.scope?.includes(name))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is nobody when it is damaged, of an unknown id, has another secret, or was revoked', async () => {
    const tokens = await open();
    const { id, token } = await tokens.create(wanted);
    const bad = [`${token}x`, token.slice(0, -1), 'gtt_', withOtherSecret(id), withOtherSecret('0000000000')];
    for (const text of bad) {
      expect(await ask(tokens, basic(text))).toBeNull();
      expect(await ask(tokens, bearer(text))).toBeNull();
    }
    expect(await ask(tokens, bearer(token))).toMatchObject({ name: 'ann' });
    expect(await tokens.revoke([id])).toMatchObject([{ id, user: 'ann' }]);
    expect(await ask(tokens, bearer(token))).toBeNull();
    expect(await ask(tokens, basic(token))).toBeNull();
  });

  it('is nobody once its time is over, without any change of the file', async () => {
    const tokens = await open();
    const expires = new Date(Date.now() + 3_600_000);
    const { token } = await tokens.create({ ...wanted, expires });
    expect(await ask(tokens, bearer(token))).toMatchObject({ name: 'ann' });
    vi.useFakeTimers({ toFake: ['Date'], now: expires });
    try {
      expect(await ask(tokens, bearer(token))).toBeNull();
      expect(await ask(tokens, basic(token))).toBeNull();
    } finally {
      vi.useRealTimers();
    }
    expect(await tokens.list()).toHaveLength(1);
  });

  it('leaves to others what does not begin like one', async () => {
    const tokens = await open();
    await tokens.create(wanted);
    for (const credentials of [
      undefined,
      basic('password'),
      basic(''),
      bearer('eyJhbGciOi.x.y'),
      basic('x', 'gtt_name'),
      { scheme: 'other', header: 'Digest gtt_' } as const,
    ]) {
      expect(await ask(tokens, credentials)).toBeUndefined();
    }
  });
});

describe('making a token', () => {
  it.each<[string, unknown, string]>([
    ['user', '', 'user'],
    ['user', ' ann', 'user'],
    ['user', 'a\nb', 'user'],
    ['user', undefined, 'user'],
    ['scope', 'admin', 'scope'],
    ['repositories', [], 'repositories'],
    ['repositories', 'app', 'repositories'],
    ['repositories', ['app', '/x'], 'repositories'],
    ['expires', new Date(Number.NaN), 'expires'],
    ['expires', undefined, 'expires'],
    ['expires', null, 'expires'],
    ['expires', new Date(0), 'expires'],
    ['description', 'a\u001b[2J', 'description'],
    ['description', 'x'.repeat(201), 'description'],
  ])('refuses %s of %j', async (name, value, option) => {
    const tokens = await open();
    const refused = tokens.create({ ...wanted, [name]: value });
    await expect(refused).rejects.toThrow(OptionError);
    await expect(refused).rejects.toMatchObject({ option });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('stores nothing from which the token could be had, for nobody else to read', async () => {
    const tokens = await open();
    const { id, token } = await tokens.create({ ...wanted, description: 'for CI' });
    const content = readFileSync(file, 'utf8');
    expect(content).toContain(id);
    expect(content).not.toContain(token.slice(14, 30));
    expect(JSON.stringify(await tokens.list())).not.toMatch(/gtt_|hash/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual(['tokens.json']);
  });

  it('keeps what the group may do to the file, and takes it from others', async () => {
    const tokens = await open();
    await tokens.create(wanted);
    chmodSync(file, 0o644);
    await tokens.create(wanted);
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  it.runIf(process.getuid?.() === 0)('leaves the file to its owner', async () => {
    const { chown } = await import('node:fs/promises');
    const tokens = await open();
    await tokens.create(wanted);
    await chown(file, 1234, 2345);
    await tokens.create(wanted);
    expect(statSync(file)).toMatchObject({ uid: 1234, gid: 2345 });
  });

  it('writes through a link', async () => {
    const link = join(folder.path, 'link.json');
    const tokens = await open();
    await tokens.create(wanted);
    symlinkSync(file, link);
    const linked = await openTokenFile(link);
    await linked.create(wanted);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await tokens.list()).toHaveLength(2);
  });

  it('never overwrites a file that is not understood', async () => {
    const tokens = await open();
    writeFileSync(file, 'my notes');
    await expect(tokens.create(wanted)).rejects.toThrow('this is no token file');
    await expect(tokens.revoke(['0123456789'])).rejects.toThrow('this is no token file');
    await expect(tokens.list()).rejects.toThrow('this is no token file');
    expect(readFileSync(file, 'utf8')).toBe('my notes');
  });

  it('at the same time, by several that have the file open, loses none', async () => {
    const all = await Promise.all([open(), open(), open()]);
    const made = await Promise.all(
      all.flatMap((tokens) => Array.from({ length: 10 }, () => tokens.create(wanted))),
    );
    const ids = (await (await open()).list()).map(({ id }) => id);
    expect(ids.toSorted()).toEqual(made.map(({ id }) => id).toSorted());
  });
});

describe('a token file that changes', () => {
  it('is in force with the next request, also for others that have it open', async () => {
    const [command, server] = await Promise.all([open(), open()]);
    const { id, token } = await command.create(wanted);
    expect(await ask(server, bearer(token))).toMatchObject({ name: 'ann' });
    expect(reloads).toEqual([1]);
    expect(server.tokenCount).toBe(1);
    await command.revoke([id]);
    expect(await ask(server, bearer(token))).toBeNull();
    expect(reloads).toEqual([1, 0]);
  });

  it('is noticed even when its time and size stay the same', async () => {
    const tokens = await open();
    const one = await tokens.create(wanted);
    const old = new Date(Date.now() - 60_000);
    await utimes(file, old, old);
    expect(await ask(tokens, bearer(one.token))).toMatchObject({ name: 'ann' });
    const content = readFileSync(file, 'utf8').replace('"ann"', '"bob"');
    writeFileSync(`${file}.edited`, content);
    await utimes(`${file}.edited`, old, old);
    await rename(`${file}.edited`, file);
    expect(await ask(tokens, bearer(one.token))).toMatchObject({ name: 'bob' });
  });

  it('and breaks is told once, and what was read before stays in force', async () => {
    const tokens = await open();
    const { token } = await tokens.create(wanted);
    expect(await ask(tokens, bearer(token))).toMatchObject({ name: 'ann' });
    const good = readFileSync(file);
    replaceFile(file, '{');
    for (let i = 0; i < 3; i++) expect(await ask(tokens, bearer(token))).toMatchObject({ name: 'ann' });
    expect(problems.map(({ message }) => message)).toEqual([
      `${file}: this is no token file: it is not a JSON object`,
    ]);
    writeFileSync(file, good);
    expect(await ask(tokens, bearer(token))).toMatchObject({ name: 'ann' });
    await rm(file);
    expect(await ask(tokens, bearer(token))).toBeNull();
    expect(reloads).toEqual([1, 1, 0]);
  });
});

describe('opening a token file', () => {
  it('needs no file yet, but its folder', async () => {
    expect((await open()).tokenCount).toBe(0);
    await expect(openTokenFile(join(folder.path, 'none', 'tokens.json'))).rejects.toThrow(
      /none\/tokens\.json: there is no such file or folder$/,
    );
    await expect(openTokenFile(folder.path)).rejects.toThrow('this is a folder, not a file');
    await expect(openTokenFile('')).rejects.toThrow(OptionError);
    await expect(openTokenFile(file, { lastUsedIntervalMs: 0 })).rejects.toThrow('lastUsedIntervalMs');
  });
});
