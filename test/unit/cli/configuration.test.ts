import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterAll, describe, expect, test } from 'vitest';
import {
  tryReadConfiguration,
  type ReadConfiguration,
} from '../../../src/cli/configuration/configuration.js';
import { libraryOptions } from '../../../src/cli/configuration/library-options.js';
import { printConfiguration } from '../../../src/cli/configuration/print.js';
import {
  flagOf,
  settingNames,
  settings,
  variableOf,
  type SettingName,
} from '../../../src/cli/configuration/settings.js';
import { resolveOptions } from '../../../src/resolve-options.js';
import { makeTempDir } from '../../support/fixtures.js';

const folder = makeTempDir();
const file = join(folder.path, 'gittyphoon.toml');

afterAll(() => folder.dispose());

/** Reads a file with this text, beside an environment and flags. */
async function read(
  toml: string,
  environment: Record<string, string> = {},
  flags: Partial<Record<SettingName, unknown>> = {},
): Promise<ReadConfiguration> {
  await writeFile(file, toml);
  const given = Object.entries(flags).map(
    ([name, value]) =>
      [name as SettingName, { value, source: { from: 'flag', flag: `--${name}` } as const }] as const,
  );
  return tryReadConfiguration({ given: new Map(given), file }, environment);
}

const mistakesIn = async (toml: string, environment?: Record<string, string>): Promise<string[]> =>
  (await read(toml, environment)).mistakes.map(({ text }) => text.replace(file, 'FILE'));

describe('of several sources', () => {
  const toml = '[access]\nrealm = "file"\n';
  const environment = { GITTYPHOON_ACCESS_REALM: 'environment' };

  test.each([
    ['nobody says anything', '', {}, {}, 'Git', { from: 'default' }],
    ['the file stands over the default', toml, {}, {}, 'file', { from: 'file', file, line: 2 }],
    [
      'the environment stands over the file',
      toml,
      environment,
      {},
      'environment',
      { from: 'environment', variable: 'GITTYPHOON_ACCESS_REALM' },
    ],
    ['a flag stands over all', toml, environment, { 'access.realm': 'flag' }, 'flag', { from: 'flag' }],
    ['an empty variable says nothing', toml, { GITTYPHOON_ACCESS_REALM: '' }, {}, 'file', { from: 'file' }],
  ])('%s', async (_what, text, variables, flags, value, source) => {
    const { configuration, mistakes } = await read(text, variables, flags);
    expect(mistakes).toEqual([]);
    expect(configuration.values['access.realm']).toBe(value);
    expect(configuration.sourceOf('access.realm')).toMatchObject(source);
  });
});

describe('a mistake in a file is told with its line and what to do', () => {
  test.each([
    ['a value', '\n[listen]\nport = "x"\n', ['FILE:3: listen.port: give a number from 0 to 65535']],
    [
      'an unknown key',
      '[listen]\nprot = 1\n',
      ['FILE:2: "listen.prot" is not known; did you mean listen.port?'],
    ],
    ['an unknown table', '[limit]\nx = 1\n', ['FILE:1: "limit" is not known; did you mean limits?']],
    [
      'a key in another table',
      '[access]\nmax-push-size = "1m"\n',
      ['FILE:2: "access.max-push-size" is not known; did you mean limits.max-push-size?'],
    ],
    [
      'a key that is like none',
      'something = 1\n',
      ['FILE:1: "something" is not known; "gittyphoon config print" shows what there is'],
    ],
    ['a table that is none', 'limits = 1\n', ['FILE:1: "limits" is a table; write [limits]']],
    [
      'several at once',
      '[listen]\nport = 99999\nhots = "x"\n[log]\nlevel = "loud"\n',
      [
        'FILE:2: listen.port: give a number from 0 to 65535',
        'FILE:3: "listen.hots" is not known; did you mean listen.host?',
        'FILE:5: log.level: give one of fatal, error, warn, info, debug, trace, silent',
      ],
    ],
    ['a dotted key', 'listen.port = true\n', ['FILE:1: listen.port: give a number from 0 to 65535']],
    ['a quoted name', '"listen.port" = 1\n', [expect.stringContaining('FILE:1: "listen.port" is not known')]],
    ['no TOML', '[listen]\nport = \n', [expect.stringMatching(/^FILE:2: this is not TOML: /)]],
  ])('%s', async (_what, toml, mistakes) => {
    expect(await mistakesIn(toml)).toEqual(mistakes);
  });

  test('a file that is not there', async () => {
    const { mistakes } = await tryReadConfiguration({ given: new Map(), file: `${file}.no` }, {});
    expect(mistakes.map(({ text }) => text)).toEqual([`${file}.no: there is no such file`]);
  });

  test('the value of none is said: it may be a secret', async () => {
    const toml = '[git]\nconfig = "secret-1"\n[access]\nauth-url = ["secret-2"]\n[listen]\nport = "secret-3"';
    const mistakes = await mistakesIn(toml, { GITTYPHOON_LOG_LEVEL: 'secret-4' });
    expect(mistakes).toHaveLength(4);
    expect(mistakes.join('\n')).not.toContain('secret-');
  });
});

test('a variable that is perhaps mistyped is doubted, and one that a container system makes is not', async () => {
  const { doubts, mistakes } = await read('', {
    GITTYPHOON_LISTEN_PROT: '1',
    GITTYPHOON_PORT_8080_TCP_ADDR: '10.0.0.1',
    GITTYPHOON_TOKENS: 'tokens.json',
  });
  expect(mistakes).toEqual([]);
  expect(doubts).toEqual(['GITTYPHOON_LISTEN_PROT is no setting; did you mean GITTYPHOON_LISTEN_PORT?']);
});

describe('the table', () => {
  test('has one variable for each setting, and no flag twice', () => {
    const variables = settingNames.map(variableOf);
    const flags = settingNames.map(flagOf).filter((flag) => flag !== undefined);
    expect(new Set(variables).size).toBe(settingNames.length);
    expect(new Set(flags).size).toBe(flags.length);
    expect(flags.length).toBeGreaterThan(15);
  });

  test('has defaults which its own parsers take, in the form in which they are shown', () => {
    for (const name of settingNames) {
      const { kind, default: value, isSecret } = settings[name];
      if (value === undefined || isSecret) continue;
      const shown = (parse(`value = ${kind.toToml(value)}`) as { value: unknown }).value;
      expect([name, kind.fromToml(shown, `${process.cwd()}/x`)]).toEqual([
        name,
        name === 'repositories.root' ? process.cwd() : value,
      ]);
    }
  });

  test('has the same defaults as the library', async () => {
    const { configuration } = await read('');
    const own = resolveOptions({ repositories: folder.path, ...libraryOptions(configuration) });
    const plain = resolveOptions({ repositories: folder.path });
    const comparable = (options: typeof own): unknown => JSON.parse(JSON.stringify(options));
    expect(comparable(own)).toEqual(comparable(plain));
  });
});

const everything = `
[listen]
port = 9000
[create-on-push]
shared = "group"
[access.throttle]
delay = "0s"
shared-addresses = ["10.0.0.0/8"]
[limits]
max-push-size = "3k"
push-rate = "30/60"
[git.config]
uploadpack.allowFilter = true
[cors]
origins = "*"
`;

test('what is printed is TOML with a source for each value, and read again it says the same', async () => {
  const first = await read(everything, { GITTYPHOON_LOG_LEVEL: 'warn' }, { 'git.dumb-http': false });
  const printed = printConfiguration(first.configuration);
  expect(printed).toContain(`\nmax-push-size = "3k" # ${file} line 10\n`);
  expect(printed).toContain('\nlevel = "warn" # GITTYPHOON_LOG_LEVEL\n');
  expect(printed).toContain('\ndumb-http = false # --git.dumb-http\n');
  expect(printed).toContain('\nspool-threshold = "1m" # default\n');
  expect(printed).toContain('\n# host is not set: all addresses\n');
  const again = await read(printed);
  expect(again.mistakes).toEqual([]);
  // The folder is now told from that of the file, and values that may be secret are not printed.
  expect(first.configuration.differences(again.configuration)).toEqual(['repositories.root', 'git.config']);
});

test('settings become the options of the library', async () => {
  const { configuration } = await read(everything);
  const mebibyte = 1024 ** 2;
  expect(libraryOptions(configuration)).toMatchObject({
    pushLimits: { maxPushBytes: 3 * 1024, rate: { pushes: 30, seconds: 60 } },
    gitConfig: { 'uploadpack.allowFilter': 'true' },
    cors: { origins: '*', credentials: false, maxAgeSeconds: 600 },
    limits: { maxFetchRequestBytes: 64 * mebibyte, requestIdleTimeoutMs: 120_000 },
    hooks: 'repository',
  });
});
