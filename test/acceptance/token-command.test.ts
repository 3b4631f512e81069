import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTokenFile } from '../../src/access/index.js';
import { runCommand, type CommandResult } from '../support/command.js';
import { makeTempDir, type TempDir } from '../support/fixtures.js';

let folder: TempDir;
let file: string;

beforeEach(() => {
  folder = makeTempDir();
  file = join(folder.path, 'tokens.json');
});

afterEach(() => folder.dispose());

const token = (...args: string[]): Promise<CommandResult> =>
  runCommand(['token', ...args], { env: { GITTYPHOON_TOKENS: file } });

const whole = ['--user', 'ann', '--scope', 'write', '--repo', 'app', '--expires', '12h'];

describe('gittyphoon token', () => {
  test('makes a token, says what it is beside it, and lists it', async () => {
    const more = ['--repo', 'team/*', '--description', 'nightly build'];
    const made = await token('create', ...whole, ...more);
    expect(made.stdout).toMatch(/^gtt_\w{59}\n$/);
    const id = made.stdout.slice(4, 14);
    expect(made.stderr).toMatch(
      new RegExp(`^Token ${id} of ann: write, app team/\\*, until 20\\d\\d-.*Z\\.\n`),
    );
    expect((await token('create', ...whole, '--user', 'bob', '--expires', 'never')).code).toBe(0);
    const { stdout } = await token('list');
    expect(stdout.split('\n')[0]).toMatch(
      /^ID +USER +SCOPE +REPOSITORIES +CREATED +EXPIRES +LAST USED +DESCRIPTION$/,
    );
    expect(stdout).toMatch(new RegExp(`^${id}  ann   write  app team/\\* .* never      nightly build$`, 'm'));
    const json = JSON.parse((await token('list', '--json', '--user', 'ann')).stdout) as unknown[];
    expect(json).toEqual([
      {
        id,
        user: 'ann',
        scope: 'write',
        repositories: ['app', 'team/*'],
        created: expect.any(String),
        expires: expect.any(String),
        lastUsed: null,
        description: 'nightly build',
      },
    ]);
    const { created, expires } = json[0] as { created: string; expires: string };
    const hours = (Date.parse(expires) - Date.parse(created)) / 3_600_000;
    expect(Math.abs(hours - 12)).toBeLessThan(0.1);
  });

  test('revokes by ids or whole tokens, and says what was not there', async () => {
    const tokens = await openTokenFile(file);
    const wanted = { user: 'ann', scope: 'read', repositories: ['**'], expires: 'never' } as const;
    const [one, two, three] = [
      await tokens.create(wanted),
      await tokens.create(wanted),
      await tokens.create(wanted),
    ];
    const { code, stdout, stderr } = await token('revoke', one.id, 'nothing', two.token);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `revoked ${one.id} of ann\nrevoked ${two.id} of ann\n`,
    });
    expect(stderr).toBe(
      'gittyphoon: there is no token nothing; "gittyphoon token list" shows what there is\n',
    );
    expect((await tokens.list()).map(({ id }) => id)).toEqual([three.id]);
    const damaged = await token('revoke', `${three.token}x`);
    expect(damaged).toMatchObject({ code: 2, stdout: '' });
    expect(damaged.stderr).not.toContain(three.token.slice(0, 20));
    expect(await tokens.list()).toHaveLength(1);
  });

  test('lists nothing without complaint', async () => {
    expect(await token('list')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: `There are no tokens: there is no file ${file} yet.\n`,
    });
    expect(await token('list', '--json')).toMatchObject({ code: 0, stdout: '[]\n', stderr: '' });
    const made = await token('create', ...whole);
    await token('revoke', made.stdout.trim());
    expect(await token('list')).toMatchObject({ code: 0, stdout: '', stderr: 'There are no tokens.\n' });
  });

  test.each<[readonly string[], number, string]>([
    [['create'], 2, "required option '--user <NAME>' not specified"],
    [['create', ...whole, '--scope', 'admin'], 2, 'Allowed choices are read, write'],
    [['create', ...whole, '--expires', '30'], 2, 'Give days as 30d, hours as 12h'],
    [['create', ...whole, '--expires', '0d'], 2, 'Give days as 30d, hours as 12h'],
    [['create', ...whole, '--expires', '99999d'], 2, 'at most 36500d'],
    [['create', ...whole, '--repo', '/app'], 2, '--repo holds "/app", which begins with "/"'],
    [['create', ...whole, '--repo', 'a['], 2, '--repo holds "a[", which is no pattern'],
    [['create', ...whole, '--user', ''], 2, '--user must be a text'],
    [['create', ...whole, '--description', '\u001b[1m'], 2, '--description holds a control character'],
    [['create', ...whole, '--tokens', ''], 2, 'give --tokens FILE or set GITTYPHOON_TOKENS'],
    [
      ['list', '--tokens', '/nowhere/tokens.json'],
      1,
      '/nowhere/tokens.json: there is no such file or folder',
    ],
    [['revoke'], 2, "missing required argument 'ID'"],
    [['remove'], 2, "unknown command 'remove'"],
    [['lst', '--tokens', 'F'], 2, "unknown command 'lst' (Did you mean list?)"],
  ])('%j ends with %i and one line that says why', async (args, code, message) => {
    const result = await token(...args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toMatch(/^gittyphoon: [^\n]+\n$/);
    expect(result.stderr).toContain(message);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

/** A process that makes tokens one after the other and prints each id once it is stored. */
function startMaker(): { readonly ids: () => readonly string[]; readonly kill: () => Promise<void> } {
  const access = new URL('../../dist/access/index.js', import.meta.url).href;
  const script = `
    const { openTokenFile } = await import(${JSON.stringify(access)});
    const tokens = await openTokenFile(process.argv[1]);
    for (;;) {
      const { id } = await tokens.create({ user: 'ann', scope: 'read', repositories: ['app'], expires: 'never' });
      process.stdout.write(id + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return {
    ids: () => text.split('\n').slice(0, -1),
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('the token file', () => {
  test('loses nothing when several processes write at once', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => token('create', ...whole)));
    expect(results.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 0));
    const made = results.map(({ stdout }) => stdout.slice(4, 14));
    const ids = (await (await openTokenFile(file)).list()).map(({ id }) => id);
    expect(ids.toSorted()).toEqual(made.toSorted());
    expect(readdirSync(folder.path)).toEqual(['tokens.json']);
  });

  test('is readable and complete whenever a writer is killed, and the next writer goes on', async () => {
    const known: string[] = [];
    for (let round = 0; round < 4; round++) {
      // Two at once, so that one is often killed while the other waits for it.
      const makers = [startMaker(), startMaker()];
      await until(() => makers.every((maker) => maker.ids().length > round));
      // Each round at another point of what a writer does.
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      for (const maker of makers) await maker.kill();
      for (const maker of makers) known.push(...maker.ids());
      expect(readFileSync(file, 'utf8')).toMatch(/\}\n$/);
      const ids = new Set((await (await openTokenFile(file)).list()).map(({ id }) => id));
      expect(known.filter((id) => !ids.has(id))).toEqual([]);
    }
    expect((await token('create', ...whole)).code).toBe(0);
    expect(readdirSync(folder.path)).toEqual(['tokens.json']);
  });
});
