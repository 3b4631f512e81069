import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFile } from '../support/fixtures.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;
let rulesFile: string;

beforeEach(async () => {
  place = await createWorkspace();
  rulesFile = join(place.folder, 'rules.toml');
});

afterEach(() => place.close());

const rules = `[groups]
maintainers = ["ann"]

[[repositories]]
name = "open"
visibility = "public"

[[repositories]]
name = "inside"
visibility = "authenticated"

[[rules]]
who = "@maintainers"
allow = "all"

[[rules]]
who = "*"
refs = "main"
deny = "write"
message = "protected: ask a maintainer"

[[rules]]
who = "bob"
repositories = ["open", "hidden"]
allow = "write"
`;

async function start(text = rules): ReturnType<Workspace['serve']> {
  await writeFile(rulesFile, text);
  // What [access] says must not count beside rules.
  const file = await place.writeAccessFile(
    '[users]\nann = a\nbob = b\neve = e\n[access]\neve = open, hidden\n',
  );
  return place.serve('--accessfile', file, '--rules', rulesFile);
}

const passwords: Readonly<Record<string, string>> = { ann: 'a', bob: 'b', eve: 'e' };

function urlFor(base: string, user: string | undefined, name: string): string {
  return user === undefined ? base + name : withCredentials(base + name, user, passwords[user] ?? '');
}

test('three users and somebody without a name each read and push what the rules say', async () => {
  for (const name of ['open.git', 'inside.git', 'hidden.git']) await place.addBare(name);
  const server = await start();
  expect(server.stdout()).toContain('3 rules of ');
  expect(server.stdout()).not.toContain('Everybody may read');
  const work = join(place.folder, 'work');
  await place.git('clone', '--quiet', urlFor(server.url, 'ann', 'hidden.git'), work);
  const rights: Record<string, string> = {};
  for (const user of [undefined, 'eve', 'bob', 'ann']) {
    for (const name of ['open', 'inside', 'hidden']) {
      const url = urlFor(server.url, user, name);
      const read = await place.tryGit('ls-remote', url);
      const push = await place.tryGit(
        '-C',
        work,
        'push',
        '--force',
        url,
        `HEAD:refs/heads/of-${user ?? 'nobody'}`,
      );
      rights[`${user ?? 'nobody'} ${name}`] = `${read.code === 0 ? 'r' : '-'}${push.code === 0 ? 'w' : '-'}`;
    }
  }
  expect(rights).toEqual({
    'nobody open': 'r-',
    'nobody inside': '--',
    'nobody hidden': '--',
    'eve open': 'r-',
    'eve inside': 'r-',
    'eve hidden': '--',
    'bob open': 'rw',
    'bob inside': 'r-',
    'bob hidden': 'rw',
    'ann open': 'rw',
    'ann inside': 'rw',
    'ann hidden': 'rw',
  });
});

test('a branch that is protected is refused with the words of its rule, and others go through', async () => {
  await place.addBare('open.git');
  const server = await start();
  const work = join(place.folder, 'work');
  await place.git('clone', '--quiet', `${server.url}open`, work);
  await place.git('-C', work, 'commit', '--quiet', '--allow-empty', '-m', 'next');
  const push = (user: string, ...args: string[]): ReturnType<Workspace['tryGit']> =>
    place.tryGit('-C', work, 'push', ...args, urlFor(server.url, user, 'open'), 'HEAD:main', 'HEAD:topic');
  const refused = await push('bob');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('! [remote rejected] HEAD -> main (protected: ask a maintainer)');
  const oid = await place.git('-C', work, 'rev-parse', 'HEAD');
  const heads = (): Promise<string> => place.git('ls-remote', '--heads', `${server.url}open`);
  expect(await heads()).toContain(`${oid}\trefs/heads/topic`);
  expect(await heads()).not.toContain(`${oid}\trefs/heads/main`);
  const atomic = await push('bob', '--atomic', '--force');
  expect(atomic.code).toBe(1);
  expect((await push('ann')).code).toBe(0);
  expect(await heads()).toContain(`${oid}\trefs/heads/main`);
});

test('whoever only reads is told so, and what is hidden is as if it were not there', async () => {
  await place.addBare('open.git');
  await place.addBare('hidden.git');
  const server = await start();
  const work = join(place.folder, 'work');
  await place.git('clone', '--quiet', `${server.url}open`, work);
  const refused = await place.tryGit(
    '-C',
    work,
    'push',
    urlFor(server.url, 'eve', 'open'),
    'HEAD:refs/heads/x',
  );
  expect(refused.stderr).toContain('remote: you are not allowed to push to this repository');
  const said = async (user: string | undefined, name: string): Promise<string> => {
    const { stderr } = await place.tryGit('ls-remote', urlFor(server.url, user, name));
    return stderr.replaceAll(/(?:hidden|missing)/g, 'NAME');
  };
  expect(await said('eve', 'hidden')).toBe(await said('eve', 'missing'));
  expect(await said('eve', 'hidden')).toContain('not found');
  expect(await said(undefined, 'hidden')).toBe(await said(undefined, 'missing'));
  // A page for browsers does not tell either, nor does a direct POST.
  const page = async (name: string): Promise<string> => {
    const answer = await fetch(server.url + name);
    return `${answer.status} ${(await answer.text()).replaceAll(name, 'NAME')}`;
  };
  expect(await page('hidden')).toBe(await page('missing'));
  for (const [service, name] of [
    ['git-upload-pack', 'hidden'],
    ['git-receive-pack', 'open'],
  ]) {
    const answer = await fetch(`${server.url}${name}/${service}`, { method: 'POST', body: '0000' });
    expect(answer.status).toBe(401);
  }
});

test('a change of the rules is in force with the next request, and a mistake is named with its line', async () => {
  await place.addBare('open.git');
  const server = await start();
  const reads = async (): Promise<boolean> =>
    (await place.tryGit('ls-remote', `${server.url}open`)).code === 0;
  expect(await reads()).toBe(true);
  replaceFile(rulesFile, rules.replace('"public"', '"private"'));
  expect(await reads()).toBe(false);
  expect(server.stderr()).toContain('was read again: 3 rules');
  replaceFile(rulesFile, rules.replace('"public"', '"open"'));
  expect(await reads()).toBe(false);
  expect(server.stderr()).toContain(`${rulesFile}:6: this is no visibility`);
  replaceFile(rulesFile, rules);
  expect(await reads()).toBe(true);
});

test('a server does not start with rules that cannot be used', async () => {
  await writeFile(rulesFile, `${rules}allow = "read"\n`);
  const { code, stderr } = await place.run(place.root, '--rules', rulesFile, '--port', '0');
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^gittyphoon: .*rules\.toml:26: this is not TOML: .*\n$/),
  });
});

test('the command explains for every action, for one, and for programs', async () => {
  await writeFile(rulesFile, rules);
  const explain = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await place.run('access', 'explain', ...args, '--rules', rulesFile);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.replaceAll(rulesFile, 'FILE');
  };
  const no = 'no (FILE:16, rule 2); the user reads: protected: ask a maintainer';
  expect(await explain('bob', 'open.git', 'main')).toBe(
    [
      'bob in open.git',
      '  read: yes (FILE:22, rule 3)',
      `  create refs/heads/main: ${no}`,
      `  update refs/heads/main: ${no}`,
      `  force-push refs/heads/main: ${no}`,
      `  delete refs/heads/main: ${no}`,
      '',
    ].join('\n'),
  );
  expect(await explain('anonymous', 'open')).toBe(
    'anonymous in open\n  read: yes (FILE:4, visibility in repositories entry 1)\n  write: no (nothing in FILE allows it)\n',
  );
  expect(await explain('ann', 'x', 'tags/v1', '--action', 'delete')).toBe(
    'ann (@maintainers) in x\n  delete refs/tags/v1: yes (FILE:12, rule 1, as a change of a tag)\n',
  );
  const answers: unknown = JSON.parse(await explain('job', 'x', '--group', 'maintainers', '--json'));
  expect(answers).toMatchObject([
    { action: 'read', allowed: true, file: 'FILE', line: 12, number: 1, groups: ['maintainers'] },
    { action: 'write', allowed: true, decidedBy: 'rule' },
  ]);
});

test('the command checks a file', async () => {
  await writeFile(rulesFile, rules);
  expect(await place.run('access', 'check', rulesFile)).toMatchObject({
    code: 0,
    stdout: `${rulesFile} can be used: 1 group, 2 repositories entries, 3 rules\n`,
  });
  await writeFile(rulesFile, rules.replace('"bob"', '"@bobs"'));
  expect(await place.run('access', 'check', rulesFile)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${rulesFile}:23: there is no group "bobs"`),
  });
  const wrong = await place.run('access', 'explain', 'bob', 'open', '--rules', rulesFile, '--action', 'push');
  expect(wrong.code).toBe(2);
  expect((await place.run('access', 'explain', 'bob', 'open')).code).toBe(2);
});

test('a group that the rules do not declare is told of', async () => {
  await writeFile(rulesFile, '[groups]\nteam = []\n[[rules]]\nwho = "@team"\nallow = "read"\n');
  const warnings = async (user: string, ...groups: string[]): Promise<string> => {
    const flags = groups.flatMap((group) => ['--group', group]);
    const asked = ['access', 'explain', user, 'open', '--rules', rulesFile, ...flags, '--json'];
    const { code, stdout, stderr } = await place.run(...asked);
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.any(Array)]);
    return stderr;
  };
  expect(await warnings('eve', 'team')).toBe('');
  expect(await warnings('eve', 'team', 'taem')).toBe(
    'gittyphoon: the rules declare no group "taem", so that it changes nothing\n',
  );
  expect(await warnings('anonymous', 'team')).toBe(
    'gittyphoon: those without a name are in no group; --group is not looked at\n',
  );
});
