/** What a repository says of itself, and who may read it then. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunningCommand } from '../support/command.js';
import { replaceFile } from '../support/fixtures.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;
const names = ['silent', 'open', 'inside', 'hidden'] as const;
const passwords: Readonly<Record<string, string>> = { ann: 'a', eve: 'e' };

async function note(name: string, visibility: string): Promise<void> {
  const { code } = await place.run('repo', 'visibility', name, visibility, '--gitbase', place.root);
  expect(code).toBe(0);
}

beforeEach(async () => {
  place = await createWorkspace();
  for (const name of names) await place.addBare(`${name}.git`);
  await note('open', 'public');
  await note('inside', 'authenticated');
  await note('hidden', 'private');
});
afterEach(() => place.close());

const users = '[users]\nann = a\neve = e\n[access]\nann = hidden, silent\n';

async function reads(server: RunningCommand, user: string | undefined, name: string): Promise<boolean> {
  const url = server.url + name;
  const named = user === undefined ? url : withCredentials(url, user, passwords[user] ?? '');
  return (await place.tryGit('ls-remote', named)).code === 0;
}

/** Who reads what. */
async function readable(server: RunningCommand, ...callers: (string | undefined)[]): Promise<unknown> {
  const rows = callers.map(async (user) => {
    const found = await Promise.all(names.map((name) => reads(server, user, name)));
    return [user ?? 'nobody', names.filter((_name, index) => found[index]).join(' ')] as const;
  });
  return Object.fromEntries(await Promise.all(rows));
}

test('without any flag, everybody reads what says nothing or says so, and a change is in force at once', async () => {
  const server = await place.serve();
  expect(await readable(server, undefined)).toEqual({ nobody: 'silent open' });
  await note('silent', 'private');
  await note('hidden', 'public');
  expect(await readable(server, undefined)).toEqual({ nobody: 'open hidden' });
  const push = await place.tryPush(`${server.url}open`);
  expect(push.stderr).toContain('nobody may push to this server');
  const refused = await place.tryGit('push', `${server.url}inside`, ':refs/heads/x');
  expect(refused.stderr).not.toContain('nobody may push to this server');
});

test('with an access file, those who may push to a private repository read it, and nobody else', async () => {
  const server = await place.serve('--accessfile', await place.writeAccessFile(users));
  expect(await readable(server, undefined, 'ann', 'eve')).toEqual({
    nobody: 'silent open',
    ann: 'silent open inside hidden',
    eve: 'silent open inside',
  });
  const url = withCredentials(`${server.url}hidden`, 'ann', 'a');
  await place.git('clone', '--quiet', url, 'copy');
  await place.git('-C', 'copy', 'push', '--quiet', url, 'HEAD:refs/heads/next');
});

test('pages show what everybody may read, and the rest like what is missing', async () => {
  const server = await place.serve('--accessfile', await place.writeAccessFile(users));
  const page = async (name: string): Promise<string> => {
    const answer = await fetch(server.url + name);
    return `${answer.status} ${(await answer.text()).replaceAll(name, 'NAME')}`;
  };
  expect(await page('open')).toMatch(/^200 This is the git repository NAME\.git/);
  expect(await page('silent')).toMatch(/^200 /);
  for (const name of ['inside', 'hidden']) expect(await page(name)).toBe(await page('missing'));
});

test('rules go by notes where they say so, and nowhere else', async () => {
  const rules = join(place.folder, 'rules.toml');
  const file = await place.writeAccessFile(users);
  const visibility = (word: string): string => `[[repositories]]\nname = "**"\nvisibility = "${word}"\n`;
  await writeFile(rules, visibility('noted'));
  const server = await place.serve('--accessfile', file, '--rules', rules);
  expect(await readable(server, undefined, 'ann')).toEqual({ nobody: 'open', ann: 'open inside' });
  replaceFile(rules, visibility('public'));
  expect(await readable(server, undefined)).toEqual({ nobody: 'silent open inside hidden' });
});

test('the command explains which note has decided, and where it has not looked', async () => {
  const rules = join(place.folder, 'rules.toml');
  await writeFile(
    rules,
    '[[repositories]]\nname = "**"\nvisibility = "noted"\n\n[[rules]]\nwho = "ann"\nrepositories = "open.git"\nallow = "write"\n',
  );
  const explain = async (...args: string[]): Promise<readonly [stdout: string, stderr: string]> => {
    const asked = ['access', 'explain', ...args, '--action', 'read', '--rules', rules];
    const { code, stdout, stderr } = await place.run(...asked);
    expect(code).toBe(0);
    return [stdout.replaceAll(rules, 'FILE'), stderr.replaceAll(place.root, 'DIR')];
  };
  const within = ['--gitbase', place.root];
  const answer = (head: string, text: string): readonly [string, string] => [
    `${head}\n  read: ${text}\n`,
    '',
  ];
  const entry = 'FILE:1, repositories entry 1: ';
  expect(await explain('eve', 'inside', ...within)).toEqual(
    answer('eve in inside.git', `yes (${entry}the repository is noted as authenticated)`),
  );
  expect(await explain('anonymous', 'inside', ...within)).toEqual(
    answer('anonymous in inside.git', `no (${entry}the repository is noted as authenticated)`),
  );
  expect(await explain('eve', 'silent', ...within)).toEqual(
    answer('eve in silent.git', `no (${entry}nothing is noted in the repository, so that it is private)`),
  );
  expect(await explain('eve', 'inside')).toEqual(
    answer(
      'eve in inside',
      `no (${entry}private unless the repository is noted otherwise, which --gitbase DIR looks up)`,
    ),
  );
  // The rule is for the name that the repository has.
  expect(await explain('ann', 'open', ...within)).toEqual(answer('ann in open.git', 'yes (FILE:5, rule 1)'));
  const [, stderr] = await explain('ann', 'missing', ...within);
  expect(stderr).toBe(
    'gittyphoon: there is no repository "missing" in DIR; the answers are for one of this very name\n',
  );
  const [json] = await explain('eve', 'open', ...within, '--json');
  expect(JSON.parse(json)).toMatchObject([{ allowed: true, decidedBy: 'note', noted: 'public', line: 1 }]);
  const nowhere = await place.run('access', 'explain', 'eve', 'x', '--rules', rules, '--gitbase', 'nowhere');
  expect(nowhere.code).toBe(2);
});
