/** The ways to say who one is, as flags of the server, with rules that say what they may. */
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunningCommand } from '../support/command.js';
import { replaceFile, type GitResult } from '../support/fixtures.js';
import { startOidcHost } from '../support/oidc.js';
import { makeKey } from '../support/signing-key.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;
let rules: string;
const servers: Server[] = [];

beforeEach(async () => {
  place = await createWorkspace();
  await place.addBare('app.git');
  rules = join(place.folder, 'rules.toml');
  await writeFile(rules, '[[rules]]\nwho = "ann"\nallow = "write"\n');
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await place.close();
});

/** An endpoint as for nginx's auth_request: it knows ann and her password. */
async function startEndpoint(): Promise<string> {
  const expected = `Basic ${Buffer.from('ann:tulip').toString('base64')}`;
  const server = createServer((request, response) => {
    const isRight = request.headers.authorization === expected;
    response.writeHead(isRight ? 204 : 401, isRight ? { 'Remote-User': 'ann' } : {}).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth`;
}

/** What a flag and its value are. */
type Flags = () => string[] | Promise<string[]>;

const byHtpasswd: Flags = async () => {
  const hash = execFileSync('openssl', ['passwd', '-6', 'tulip'], { encoding: 'utf8' }).trim();
  const file = join(place.folder, 'htpasswd');
  await writeFile(file, `ann:${hash}\n`);
  return ['--htpasswd', file];
};
const byEndpoint: Flags = async () => ['--auth-url', await startEndpoint()];

const list = (server: RunningCommand, password: string): Promise<GitResult> =>
  place.tryGit('ls-remote', withCredentials(`${server.url}app.git`, 'ann', password));

describe.each([
  ['--htpasswd', byHtpasswd],
  ['--auth-url', byEndpoint],
] as const)('%s', (_flag, flags) => {
  test('lets in who has the password, and nobody else', async () => {
    const server = await place.serve('--rules', rules, ...(await flags()));
    expect(server.stdout()).toMatch(/1 rule of .* decide; .+ can log in\.$/m);
    expect((await list(server, 'tulip')).code).toBe(0);
    expect((await list(server, 'rose')).stderr).toContain('Authentication failed');
    expect(server.stderr()).not.toMatch(/tulip|rose/);
  });

  test('without rules is named at the start, with who may push', async () => {
    const given = await flags();
    const who = /1 user of .*htpasswd|those whom --auth-url knows/.source;
    const alone = await place.serve(...given);
    expect(alone.stdout()).toMatch(
      new RegExp(`^Everybody may read; (?:${who}) can log in, but nobody may push: --rules FILE or`, 'm'),
    );
    const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
    const both = await place.serve(...given, '--accessfile', file);
    expect(both.stdout()).toMatch(
      new RegExp(
        `^Everybody may read; 1 user of .*, (?:${who}) can log in, and push where .* says so\\.$`,
        'm',
      ),
    );
    expect((await place.tryPush(withCredentials(`${both.url}app.git`, 'ann', 'tulip'))).code).toBe(0);
  });
});

test('--oidc lets in jobs with a token of their issuer, within what the token is for', async () => {
  const host = await startOidcHost(await makeKey('first'));
  try {
    const audience = 'https://git.example.org';
    const file = join(place.folder, 'oidc.toml');
    const lines = [
      '[[issuer]]',
      `issuer = "${host.issuer}"`,
      `audience = "${audience}"`,
      'user = "<repository>"',
      'userPrefix = "ci:"',
      'groups = "teams"',
      'repositories = ["app.git"]',
      'operations = { read = true }',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    await writeFile(rules, '[groups]\nbuilders = []\n[[rules]]\nwho = "@builders"\nallow = "write"\n');
    await place.addBare('other.git');
    const server = await place.serve('--rules', rules, '--oidc', file);
    const token = await host.token(audience);
    const git = (...args: string[]): Promise<GitResult> =>
      place.tryGit('-c', `http.extraHeader=Authorization: Bearer ${token}`, ...args);
    expect((await git('clone', '--quiet', `${server.url}app.git`, 'copy')).code).toBe(0);
    expect((await git('-C', 'copy', 'push', 'origin', 'HEAD:refs/heads/x')).stderr).toContain(
      'not allowed to push',
    );
    expect((await git('ls-remote', `${server.url}other.git`)).stderr).toContain('not found');
    expect(server.stderr()).toContain('ci:team/app');
    expect(server.stderr()).not.toContain(token);
  } finally {
    await host.stop();
  }
});

test('--oidc notices a changed file, refuses a wrong one with its line, and keeps the keys of issuers that stay', async () => {
  const host = await startOidcHost(await makeKey('first'));
  try {
    const file = join(place.folder, 'oidc.toml');
    const [first, second] = ['https://one.example.org', 'https://two.example.org'] as const;
    const table = (audience: string): string =>
      `[[issuer]]\nissuer = "${host.issuer}"\naudience = "${audience}"\nuser = "<repository>"\nuserPrefix = "ci:"\n`;
    await writeFile(file, table(first));
    await writeFile(rules, '[[rules]]\nwho = "ci:team/app"\nallow = "read"\n');
    const server = await place.serve('--rules', rules, '--oidc', file);
    const [one, two] = [await host.token(first), await host.token(second)];
    const lets = async (token: string): Promise<boolean> => {
      const how = ['-c', `http.extraHeader=Authorization: Bearer ${token}`];
      return (await place.tryGit(...how, 'ls-remote', `${server.url}app.git`)).code === 0;
    };
    expect([await lets(one), await lets(two)]).toEqual([true, false]);
    const other = '[[issuer]]\nissuer = "https://issuer.example.org"\naudience = "x"\n';
    const before = host.keyReads();
    replaceFile(file, other + table(first));
    expect(await lets(await host.token(first))).toBe(true);
    expect(host.keyReads()).toBe(before);
    expect(server.stderr()).toContain('was read again: 2 issuers');
    replaceFile(file, `${table(first)}audiences = "two"\n`);
    expect([await lets(one), await lets(two)]).toEqual([true, false]);
    expect(server.stderr()).toContain(`${file}:6: [[issuer]] number 1: option \\"audiences\\" is not known`);
    replaceFile(file, table(second));
    expect([await lets(one), await lets(two)]).toEqual([false, true]);
    // One issuer, twice.
    replaceFile(file, table(second) + table(first));
    expect([await lets(one), await lets(two)]).toEqual([true, true]);
    replaceFile(file, 'issuer = []\n');
    expect(await lets(two)).toBe(false);
  } finally {
    await host.stop();
  }
});

test.each([
  ['issuer = 5', 'there is no issuer in it'],
  ['[[issuer]]\naudience = "y"\nissuer = "x"', ':3: [[issuer]] number 1: option "issuer"'],
  ['[[issuer', ':1: this is not TOML: '],
  ['[[issuers]]\nx = 1', ':1: "issuers" is not known'],
  ['', 'there is no issuer in it'],
])('--oidc with %j is refused', async (text, message) => {
  const file = join(place.folder, 'oidc.toml');
  await writeFile(file, text);
  const { code, stderr } = await place.run('--oidc', file, place.root);
  expect(stderr).toContain(message);
  expect(stderr).toContain(file);
  expect(code).toBe(1);
});

test('--oidc with a file that is missing says so', async () => {
  const { code, stderr } = await place.run('--oidc', 'nope.toml', place.root);
  expect({ code, stderr }).toEqual({ code: 1, stderr: 'gittyphoon: nope.toml: there is no such file\n' });
});

test('--trusted-proxy and --user-header let a proxy name the user, from its own address alone', async () => {
  const asAnn = ['-c', 'http.extraHeader=X-User: ann', 'ls-remote'];
  const trusted = await place.serve(
    '--rules',
    rules,
    '--trusted-proxy',
    '127.0.0.1',
    '--user-header',
    'X-User',
  );
  expect((await place.tryGit(...asAnn, `${trusted.url}app.git`)).code).toBe(0);
  expect((await place.tryGit('ls-remote', `${trusted.url}app.git`)).code).not.toBe(0);
  const other = await place.serve(
    '--rules',
    rules,
    '--trusted-proxy',
    '192.0.2.1',
    '--user-header',
    'X-User',
  );
  expect((await place.tryGit(...asAnn, `${other.url}app.git`)).code).not.toBe(0);
});

test.each([
  [['--user-header', 'X-User'], '--user-header needs --trusted-proxy'],
  [['--trusted-proxy', 'x', '--user-header', 'X-User'], '--trusted-proxy must hold addresses'],
  [['--auth-url', 'ftp://x'], '--auth-url must be an http or https URL'],
])('%j cannot be used, and says why', async (flags, message) => {
  const { code, stderr } = await place.run(...flags, place.root);
  expect(stderr).toContain(`gittyphoon: ${message}`);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});
