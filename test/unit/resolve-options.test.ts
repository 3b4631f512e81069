import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RequestContext } from '../../src/context.js';
import { OptionError } from '../../src/errors.js';
import type { GitServerOptions, ResolvedOptions } from '../../src/options.js';
import type { Repository } from '../../src/repository/repository.js';
import { resolveOptions } from '../../src/resolve-options.js';
import { gitOk, makeTempDir, type TempDir } from '../support/fixtures.js';

let folder: TempDir;
let root: string;

beforeAll(async () => {
  folder = makeTempDir();
  root = join(folder.path, 'root');
  mkdirSync(root);
  await gitOk(['init', '-q', '--bare', join(root, 'app.git')]);
  writeFileSync(join(folder.path, 'file'), '');
});
afterAll(() => folder.dispose());

const context = {} as RequestContext;

/** Options as somebody gives them who does not use TypeScript. */
const resolved = (options: Record<string, unknown> = {}): ResolvedOptions =>
  resolveOptions({ repositories: root, ...options });

/** The option that is refused, and why. */
function refusalOf(options: unknown): OptionError | undefined {
  try {
    resolveOptions(options as GitServerOptions);
    return undefined;
  } catch (error) {
    if (error instanceof OptionError) return error;
    throw error;
  }
}

test('everything but the repositories has a default', () => {
  const { find, policy, environment, pushPolicy, limits: _limits, ...rest } = resolved();
  expect(pushPolicy).toMatchObject({ callbackTimeoutMs: 30_000, ownHooks: true });
  expect(find).toBeTypeOf('function');
  expect(environment({ context, user: undefined, repository: { name: '', gitDir: '' } })).toEqual({});
  expect({ ...policy, challenge: policy.challenge(context) }).toEqual({
    authenticate: undefined,
    authorize: undefined,
    challenge: 'Basic realm="Git"',
    publicRead: true,
    publicWrite: false,
  });
  expect(rest).toEqual({
    gitCommand: 'git',
    gitConfig: [],
    gitProcesses: { nice: undefined, limiter: [] },
    highestProtocolVersion: 2,
    dumbHttp: true,
    cors: undefined,
  });
});

test('an option that is undefined counts as not given', () => {
  const names = [
    'publicRead',
    'publicWrite',
    'authenticate',
    'authorize',
    'realm',
    'challenge',
    'gitCommand',
  ];
  const more = ['gitConfig', 'environment', 'hooks', 'highestProtocolVersion', 'dumbHttp', 'cors', 'limits'];
  const all = Object.fromEntries([...names, ...more, 'requireExportOk'].map((name) => [name, undefined]));
  const { limits, ...rest } = resolved(all);
  expect(limits).toEqual(resolved().limits);
  expect(rest).toMatchObject({ gitCommand: 'git', dumbHttp: true, highestProtocolVersion: 2 });
  expect(resolved({ limits: { killGraceMs: undefined } }).limits.killGraceMs).toBe(5_000);
});

describe('an option that cannot be used is named', () => {
  const no = (): undefined => undefined;
  test.each<[option: string, options: unknown]>([
    ['repositories', undefined],
    ['repositories', null],
    ['repositories', '/srv/git'],
    ['repositories', []],
    ['repositories', {}],
    ['repositories', { repositories: undefined }],
    ['repositories', { repositories: null }],
    ['repositories', { repositories: 1 }],
    ['repositories', { repositories: [] }],
    ['repositories', { repositories: {} }],
    ['repositories', { repositories: { find: 'x' } }],
    ['repositories', { repositories: '' }],
    ['repositories', { repositories: '/nonexistent/folder' }],
    ['repositories', { repositories: '/tmp\0' }],
    ['requireExportOk', { repositories: no, requireExportOk: true }],
    ['requireExportOk', { repositories: { find: no }, requireExportOk: false }],
    ['publicread', { repositories: no, publicread: true }],
    ['toString', { repositories: no, toString: 1 }],
  ])('%s in %j', (option, options) => {
    const refusal = refusalOf(options);
    expect(refusal).toBeInstanceOf(TypeError);
    expect(refusal?.option).toBe(option);
    expect(refusal?.message).toContain(`option "${option}" `);
  });

  test.each<[option: string, options: Record<string, unknown>]>([
    ['requireExportOk', { requireExportOk: 'yes' }],
    ['publicRead', { publicRead: 1 }],
    ['publicRead', { publicRead: null }],
    ['publicWrite', { publicWrite: 'false' }],
    ['dumbHttp', { dumbHttp: 0 }],
    ['authenticate', { authenticate: 'basic' }],
    ['authenticate', { authenticate: null }],
    ['authorize', { authorize: true }],
    ['challenge', { challenge: 'Basic' }],
    ['environment', { environment: {} }],
    ['environment', { environment: null }],
    ['realm', { realm: '' }],
    ['realm', { realm: 7 }],
    ['realm', { realm: 'a\r\nX: y' }],
    ['realm', { realm: 'größe' }],
    ['realm', { realm: '\u007f' }],
    ['gitCommand', { gitCommand: '' }],
    ['gitCommand', { gitCommand: 'git\0' }],
    ['gitCommand', { gitCommand: ['git'] }],
    ['hooks', { hooks: 'all' }],
    ['hooks', { hooks: false }],
    ['hooks', { hooks: null }],
    ['highestProtocolVersion', { highestProtocolVersion: 3 }],
    ['highestProtocolVersion', { highestProtocolVersion: '2' }],
    ['highestProtocolVersion', { highestProtocolVersion: null }],
    ['gitConfig', { gitConfig: [] }],
    ['gitConfig', { gitConfig: null }],
    ['gitConfig', { gitConfig: 'a.b=c' }],
    ['gitConfig.core', { gitConfig: { core: 'x' } }],
    ['gitConfig.', { gitConfig: { '': 'x' } }],
    ['gitConfig.a.b\nc.d', { gitConfig: { 'a.b\nc.d': 'x' } }],
    ['gitConfig.a.b\n', { gitConfig: { 'a.b\n': 'x' } }],
    ['gitConfig.a.1', { gitConfig: { 'a.1': 'x' } }],
    ['gitConfig.a_b.c', { gitConfig: { 'a_b.c': 'x' } }],
    ['gitConfig.a.b', { gitConfig: { 'a.b': true } }],
    ['gitConfig.a.b', { gitConfig: { 'a.b': undefined } }],
    ['gitConfig.a.b', { gitConfig: { 'a.b': ['x', 1] } }],
    ['gitConfig.a.b', { gitConfig: { 'a.b': 'x\0' } }],
    ['cors', { cors: true }],
    ['cors', { cors: null }],
    ['cors', { cors: ['*'] }],
    ['cors.origin', { cors: { origin: '*' } }],
    ['cors.origins', { cors: {} }],
    ['cors.origins', { cors: { origins: [] } }],
    ['cors.origins', { cors: { origins: 'https://a.example' } }],
    ['cors.origins', { cors: { origins: ['*'] } }],
    ['cors.origins', { cors: { origins: ['https://a.example/'] } }],
    ['cors.origins', { cors: { origins: ['https://a.example', 'a.example'] } }],
    ['cors.origins', { cors: { origins: ['https://A.example'] } }],
    ['cors.origins', { cors: { origins: ['null'] } }],
    ['cors.origins', { cors: { origins: [undefined] } }],
    ['cors.credentials', { cors: { origins: '*', credentials: true } }],
    ['cors.credentials', { cors: { origins: ['https://a.example'], credentials: 1 } }],
    ['cors.maxAgeSeconds', { cors: { origins: '*', maxAgeSeconds: -1 } }],
    ['cors.maxAgeSeconds', { cors: { origins: '*', maxAgeSeconds: 0.5 } }],
    ['cors.maxAgeSeconds', { cors: { origins: '*', maxAgeSeconds: '600' } }],
    ['limits', { limits: null }],
    ['limits', { limits: 5 }],
  ])('%s in %j', (option, options) => {
    const refusal = refusalOf({ repositories: root, ...options });
    expect(refusal?.option).toBe(option);
    expect(refusal?.message).toContain(`option "${option}" `);
  });

  test('a file where a folder is wanted', () => {
    const file = join(folder.path, 'file');
    expect(refusalOf({ repositories: file })?.option).toBe('repositories');
  });
});

describe('repositories are found', () => {
  const app = (): Repository => ({ name: 'app.git', gitDir: join(root, 'app.git') });

  test('in a folder', async () => {
    expect(await resolved().find('app', context)).toEqual(app());
    expect(await resolved({ requireExportOk: true }).find('app', context)).toBeUndefined();
  });

  test('by a function, which is told the path and the context', async () => {
    const asked: unknown[] = [];
    const { find } = resolved({
      repositories: (...all: unknown[]) => {
        asked.push(all);
        return all[0] === 'mine' ? join(root, 'app.git') : all[0] === 'null' ? null : undefined;
      },
    });
    expect(await find('mine', context)).toEqual({ ...app(), name: 'mine' });
    expect(await find('null', context)).toBeUndefined();
    expect(await find('other', context)).toBeUndefined();
    expect(asked).toEqual([
      ['mine', context],
      ['null', context],
      ['other', context],
    ]);
  });

  test('by a store, whose method keeps its this', async () => {
    class Store {
      readonly #found = app();
      find(): Promise<Repository> {
        return Promise.resolve(this.#found);
      }
    }
    expect(await resolved({ repositories: new Store() }).find('x', context)).toEqual(app());
  });
});

test('who decides about reading makes it private, unless it is said to be public', () => {
  const authorize = (): boolean => true;
  expect(resolved({ authorize }).policy.publicRead).toBe(false);
  expect(resolved({ authorize, publicRead: true }).policy.publicRead).toBe(true);
  expect(resolved({ publicRead: false }).policy.publicRead).toBe(false);
});

test('a realm is quoted, and a challenge of your own replaces it', () => {
  expect(resolved({ realm: 'a "b" \\c' }).policy.challenge(context)).toBe('Basic realm="a \\"b\\" \\\\c"');
  const challenge = (): string => 'Bearer';
  expect(resolved({ challenge }).policy.challenge(context)).toBe('Bearer');
});

test('configuration becomes pairs in their order; no hooks comes behind all of them', () => {
  const gitConfig = { 'a.list': ['1', '2'], 'a.Sub.Section.key': '', 'core.hooksPath': '/hooks' };
  const pairs = resolved({ gitConfig, hooks: 'none' }).gitConfig;
  expect(pairs.slice(0, 5)).toEqual([
    ['a.list', '1'],
    ['a.list', '2'],
    ['a.Sub.Section.key', ''],
    ['core.hooksPath', '/hooks'],
    ['core.hooksPath', '/dev/null'],
  ]);
  // Hooks that newer gits take from configuration.
  expect(pairs.slice(5)).toContainEqual(['hook.pre-receive.enabled', 'false']);
  expect(resolved({ gitConfig: { 'a.b': [] }, hooks: 'repository' }).gitConfig).toEqual([]);
});

test('what the caller does to the options afterwards changes nothing', () => {
  const options = {
    repositories: root,
    publicRead: false,
    gitConfig: { 'a.b': ['1'] } as Record<string, string[]>,
    cors: { origins: ['https://a.example'], credentials: false },
    limits: { killGraceMs: 1 },
  };
  const before = resolveOptions(options);
  const copy = structuredClone({ cors: before.cors, limits: before.limits, gitConfig: before.gitConfig });
  options.publicRead = true;
  options.gitConfig['a.b']?.push('2');
  options.gitConfig['c.d'] = ['3'];
  options.cors.origins.push('https://b.example');
  options.cors.credentials = true;
  options.limits.killGraceMs = 2;
  expect(before.policy.publicRead).toBe(false);
  expect({ cors: before.cors, limits: before.limits, gitConfig: before.gitConfig }).toEqual(copy);
  // One server's limits are not the next one's defaults either.
  expect(resolved().limits.killGraceMs).toBe(5_000);
});

test('frozen options do', () => {
  const options = Object.freeze({
    repositories: root,
    gitConfig: Object.freeze({ 'a.b': Object.freeze(['1']) }),
    limits: Object.freeze({ killGraceMs: 1 }),
    cors: Object.freeze({ origins: Object.freeze(['https://a.example']) }),
  });
  expect(resolveOptions(options)).toMatchObject({
    gitConfig: [['a.b', '1']],
    limits: { killGraceMs: 1 },
    cors: { origins: ['https://a.example'], credentials: false, maxAgeSeconds: 600 },
  });
});
