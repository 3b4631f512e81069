import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RepositoryConfig, RepositoryConfigReader } from '../../../src/git/repository-config.js';
import { GitRunner } from '../../../src/git/runner.js';
import type { Repository } from '../../../src/repository/repository.js';
import { git, gitOk, hermetic, makeTempDir, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
let repository: Repository;
let configFile: string;

beforeAll(async () => {
  folder = makeTempDir();
  const gitDir = join(folder.path, 'app.git');
  await gitOk(['init', '-q', '--bare', gitDir]);
  repository = { name: 'app.git', gitDir };
  configFile = join(gitDir, 'config');
});
afterAll(() => folder.dispose());

const makeReader = (config: readonly (readonly [string, string])[] = []): RepositoryConfigReader =>
  new RepositoryConfigReader(
    new GitRunner({ command: 'git', environment: hermetic, config, killGraceMs: 1000 }),
  );

const values = (...all: readonly (string | undefined)[]): RepositoryConfig =>
  new RepositoryConfig(new Map([['a.b', all]]));

describe('a boolean', () => {
  const words =
    'true True TRUE yes YES on oN false False no NO off OFF 0 1 -1 +1 -0 +0 00 010 0x0 0x1 0X10 0xff 2 42 1k 0k 1K 0M 1G 2147483647 0x1k';
  const noWords = 't y truee maybe 1.0 1. 1e3 08 0x 0xg + - ++1 0k0 1kb 1t k ٣ １';
  const spellings = [...words.split(' '), ...noWords.split(' '), '', ' 1', '1 ', '+ 1'];

  test('is read as git reads it, and what git refuses is false', async () => {
    for (const spelling of spellings) {
      const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'a.b', GIT_CONFIG_VALUE_0: spelling };
      const { code, stdout } = await git(['config', '--type=bool', 'a.b'], { env });
      const byGit = code === 0 && stdout.trim() === 'true';
      expect([spelling, values(spelling).getBoolean('a.b')]).toEqual([spelling, byGit]);
    }
  });

  test('is true for a key without a value, and undefined for one that is not there', () => {
    expect(values(undefined).getBoolean('a.b')).toBe(true);
    expect(values('true').getBoolean('a.c')).toBeUndefined();
  });

  test('is the last of several', () => {
    expect(values('true', 'false').getBoolean('a.b')).toBe(false);
    expect(values('false', undefined).getBoolean('a.b')).toBe(true);
    expect(values('1', '2').get('a.b')).toBe('2');
  });
});

describe('the configuration of a repository', () => {
  test('is what git lists, values without =, with newlines and with subsections included', async () => {
    appendFileSync(
      configFile,
      '[x]\n\tbare\n\tempty =\n\ttwo = 1\n\ttwo = "a\\nb=c"\n[x "Sub.Key"]\n\tValue = 1\n',
    );
    const config = await makeReader().read(repository, {});
    expect(config.getBoolean('x.bare')).toBe(true);
    expect(config.get('x.bare')).toBeUndefined();
    expect(config.getBoolean('x.empty')).toBe(false);
    expect(config.get('x.two')).toBe('a\nb=c');
    expect(config.get('x.Sub.Key.value')).toBe('1');
    expect(config.objectFormat).toBe('sha1');
    expect(config.hasIncludes()).toBe(false);
  });

  test('is outranked by the configuration of the server', async () => {
    appendFileSync(configFile, '[http]\n\treceivepack = false\n');
    expect((await makeReader().read(repository, {})).getBoolean('http.receivepack')).toBe(false);
    const reader = makeReader([['http.receivepack', 'true']]);
    expect((await reader.read(repository, {})).getBoolean('http.receivepack')).toBe(true);
  });

  test('is remembered until its file changes', async () => {
    const reader = makeReader();
    const first = await reader.read(repository, {});
    expect(await reader.read(repository, {})).toBe(first);
    appendFileSync(configFile, '[x]\n\tnew = 1\n');
    const second = await reader.read(repository, {});
    expect(second).not.toBe(first);
    expect(second.get('x.new')).toBe('1');
    expect(await reader.read(repository, {})).toBe(second);
  });

  test('is another one for another home', async () => {
    const reader = makeReader();
    writeFileSync(join(folder.path, 'global'), '[x]\n\tglobal = 1\n');
    const env = { GIT_CONFIG_GLOBAL: join(folder.path, 'global') };
    expect((await reader.read(repository, env)).get('x.global')).toBe('1');
    expect((await reader.read(repository, {})).get('x.global')).toBeUndefined();
    writeFileSync(join(folder.path, 'global'), '[x]\n\tglobal = 2\n');
    expect((await reader.read(repository, env)).get('x.global')).toBe('2');
  });

  test('with includes is read anew each time', async () => {
    const reader = makeReader();
    appendFileSync(configFile, `[include]\n\tpath = ${join(folder.path, 'later')}\n`);
    expect((await reader.read(repository, {})).get('x.later')).toBeUndefined();
    writeFileSync(join(folder.path, 'later'), '[x]\n\tlater = 1\n');
    const config = await reader.read(repository, {});
    expect(config.get('x.later')).toBe('1');
    expect(config.hasIncludes()).toBe(true);
  });

  test('that git cannot read is a failure without a path in it', async () => {
    writeFileSync(configFile, '[broken');
    const reading = makeReader().read(repository, {});
    await expect(reading).rejects.toMatchObject({
      code: 'ERR_GIT_FAILED',
      message: 'git failed on the server',
    });
  });
});

test('the object format is read without regard to case', () => {
  expect(new RepositoryConfig(new Map([['extensions.objectformat', ['SHA256']]])).objectFormat).toBe(
    'sha256',
  );
});
