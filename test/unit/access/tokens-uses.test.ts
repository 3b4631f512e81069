import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTokenFile, type TokenFile, type TokenFileError } from '../../../src/access/index.js';
import { makeTempDir, type TempDir } from '../../support/fixtures.js';
import { eventually } from '../../support/server.js';
import { ask, bearer, wanted, withOtherSecret } from './token-requests.js';

let folder: TempDir;
let file: string;
let problems: TokenFileError[];

beforeEach(() => {
  folder = makeTempDir();
  file = join(folder.path, 'tokens.json');
  problems = [];
});

afterEach(() => folder.dispose());

const open = (): Promise<TokenFile> =>
  openTokenFile(file, { onProblem: (problem) => problems.push(problem) });

describe('the time of last use', () => {
  const dates = (tokens: TokenFile): Promise<(Date | undefined)[]> =>
    tokens.list().then((all) => all.map(({ lastUsed }) => lastUsed));

  it('is written by itself, beside the file, and shown in lists', async () => {
    const tokens = await openTokenFile(file, { lastUsedIntervalMs: 20 });
    const before = new Date();
    const [used] = [await tokens.create(wanted), await tokens.create(wanted)];
    const inode = statSync(file).ino;
    await ask(tokens, bearer(used.token));
    await eventually('it is written', () => existsSync(`${file}.used`));
    const other = await open();
    await eventually('it is shown', async () => (await dates(other))[0] !== undefined);
    const [first, second] = await dates(other);
    expect(first?.getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(second).toBeUndefined();
    expect(statSync(file).ino).toBe(inode);
    expect(statSync(`${file}.used`).mode & 0o777).toBe(0o600);
  });

  it('of several workers comes together, and of revoked tokens is forgotten', async () => {
    const [a, b] = await Promise.all([open(), open()]);
    const [one, two, three] = [await a.create(wanted), await a.create(wanted), await a.create(wanted)];
    await ask(a, bearer(one.token));
    await ask(b, bearer(two.token));
    await ask(a, bearer(three.token));
    await Promise.all([a.close(), b.close()]);
    expect((await dates(a)).filter((date) => date === undefined)).toEqual([]);
    await a.revoke([one.id]);
    await ask(b, bearer(two.token));
    await b.close();
    const kept = JSON.parse(readFileSync(`${file}.used`, 'utf8')) as Record<string, string>;
    expect(Object.keys(kept).toSorted()).toEqual([two.id, three.id].toSorted());
  });

  it('is the latest, whichever worker writes last', async () => {
    const [a, b] = await Promise.all([open(), open()]);
    const { token } = await a.create(wanted);
    await ask(a, bearer(token));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const between = Date.now();
    await ask(b, bearer(token));
    await b.close();
    await a.close();
    expect((await dates(a))[0]?.getTime()).toBeGreaterThanOrEqual(between);
  });

  it('is not written for what was refused', async () => {
    const tokens = await open();
    const { id } = await tokens.create(wanted);
    await ask(tokens, bearer(withOtherSecret(id)));
    await tokens.close();
    expect(existsSync(`${file}.used`)).toBe(false);
  });

  it('that cannot be written is told once and stops nobody', async () => {
    const tokens = await open();
    const { token } = await tokens.create(wanted);
    writeFileSync(`${file}.used`, 'broken');
    for (let i = 0; i < 2; i++) {
      expect(await ask(tokens, bearer(token))).toMatchObject({ name: 'ann' });
      await tokens.close();
    }
    expect(problems.map(({ message }) => message)).toEqual([
      `${file}.used: this is no file of last uses; remove it`,
    ]);
  });
});
