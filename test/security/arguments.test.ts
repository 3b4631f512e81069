/** Names that would be options of git, or commands of a shell, if they were let. */
import { cpSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pkt } from '../conformance/differential/case.js';
import { openLab, refOf, writeHook, type Lab } from '../conformance/lab.js';
import { commitFile, gitOk, makeBareRepository, makeTempDir, refsOf } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import { planted, rawPush, typeOf, watchGit, type WatchedGit } from './stage.js';

const folder = makeTempDir();
let git: WatchedGit;
let lab: Lab;
let template = '';
let oid = '';

beforeAll(async () => {
  git = watchGit(`${folder.path}/git`);
  lab = await openLab({
    gitCommand: git.command,
    publicWrite: false,
    // git gives its name only when it is asked for it.
    authorize: ({ name, user }) => user !== undefined || !name.startsWith('for-'),
    authenticate: ({ credentials }) =>
      credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
  });
  template = await makeBareRepository(lab.fresh(), { commits: 1 });
  cpSync(template, lab.at('app.git'), { recursive: true });
  oid = await refOf(template, 'main');
});
afterAll(async () => {
  await lab.close();
  folder.dispose();
});
beforeEach(() => void git.started());

const flags: ReadonlySet<string> = new Set([
  '--git-dir',
  '--list',
  '-z',
  '--show-origin',
  '--stateless-rpc',
  '--strict',
  '--http-backend-info-refs',
]);

/** Every argument of git is a word of ours or the absolute path of the repository. */
function expectOwnArguments(repository: string): void {
  const all = git.started();
  expect(all.length).toBeGreaterThan(0);
  const words = new Set([...flags, 'config', 'upload-pack', 'receive-pack', 'upload-archive']);
  expect(all.flat().filter((arg) => !words.has(arg) && arg !== repository)).toEqual([]);
  expect(repository.startsWith('/')).toBe(true);
}

/** Clones, commits and pushes; gives what was made that must not be there. */
async function useRepository(name: string): Promise<string[]> {
  cpSync(template, lab.at(name), { recursive: true });
  const url = lab.url(name.split('/').map(encodeURIComponent).join('/'));
  const copy = lab.fresh();
  await gitOk(['clone', '-q', url, copy]);
  const tip = await commitFile(copy, 'new', 'new\n');
  await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
  expect(await refOf(lab.at(name), 'main')).toBe(tip);
  expectOwnArguments(lab.at(name));
  return planted(lab.root);
}

describe('S11: a name that begins with a dash is no option', () => {
  it.each([
    '-h.git',
    '--help.git',
    '-c.git',
    '--git-dir=x.git',
    '--upload-pack=touch pwned.git',
    '-',
    '--',
    '-folder/-x.git',
  ])('a repository %s is cloned and pushed to like any other', async (name) => {
    expect(await useRepository(name)).toEqual([]);
  });

  it.each([
    'refs/heads/-h',
    'refs/heads/--help',
    'refs/heads/--upload-pack=pwned',
    'refs/heads/-/--exec=pwned',
    'refs/heads/--end-of-options',
  ])('a ref %s is pushed, listed, fetched and deleted like any other', async (ref) => {
    const copy = lab.fresh();
    await gitOk(['clone', '-q', lab.url('app.git'), copy]);
    await gitOk(['push', '-q', 'origin', `main:${ref}`], { cwd: copy });
    expect(await gitOk(['ls-remote', lab.url('app.git'), ref])).toBe(`${oid}\t${ref}`);
    await gitOk(['fetch', '-q', 'origin', `${ref}:refs/fetched`], { cwd: copy });
    await gitOk(['push', '-q', 'origin', `:${ref}`], { cwd: copy });
    expect(await refsOf(lab.at('app.git'))).not.toContain(ref);
    expectOwnArguments(lab.at('app.git'));
  });

  it.each(['-h', '--help', '--all', '--upload-pack=touch pwned', 'refs/-x', 'HEAD --exec=pwned'])(
    'a push to %j itself is refused by git as a name, and runs nothing else',
    async (ref) => {
      const before = await refsOf(lab.at('app.git'));
      const answer = await rawRequest({
        port: lab.server.port,
        method: 'POST',
        path: '/app.git/git-receive-pack',
        headers: typeOf('git-receive-pack'),
        body: rawPush({ ref, oid }),
      });
      expect(answer.body.toString()).toContain(`ng ${ref} `);
      expect(await refsOf(lab.at('app.git'))).toBe(before);
      expectOwnArguments(lab.at('app.git'));
    },
  );

  it.each([
    '--output=pwned',
    '--exec=touch pwned',
    '--remote=.',
    '--remote=ext::touch pwned',
    '-o pwned',
    '--format=tar;touch pwned',
  ])('an argument %s of an archive writes and runs nothing here', async (argument) => {
    await gitOk(['config', 'http.uploadarchive', 'true'], { cwd: lab.at('app.git') });
    const answer = await rawRequest({
      port: lab.server.port,
      method: 'POST',
      path: '/app.git/git-upload-archive',
      headers: typeOf('git-upload-archive'),
      body: `${argument
        .split(' ')
        .map((part) => pkt(`argument ${part}\n`))
        .join('')}${pkt('argument main\n')}0000`,
    });
    expect(answer.status).toBe(200);
    expect(answer.body.includes('pax_global_header')).toBe(false);
    expect(planted(lab.root)).toEqual([]);
    expectOwnArguments(lab.at('app.git'));
  });
});

describe('S25: there is no shell', () => {
  const marks = [
    '$(touch pwned)',
    '`touch pwned`',
    'a;touch pwned;',
    'a|touch pwned',
    'a&&touch pwned&',
    'a>pwned',
    '\'"; touch pwned; "\'',
    '${IFS}*?[!a]~',
    '%s%n!!',
  ];

  it.each(marks)('a repository %s is a name', async (name) => {
    expect(await useRepository(`${name}.git`)).toEqual([]);
  });

  it.each(marks)('a user %s is a name', async (user) => {
    const name = `for-${marks.indexOf(user)}.git`;
    cpSync(template, lab.at(name), { recursive: true });
    const note = lab.fresh();
    writeHook(lab.at(name), 'post-receive', `cat >/dev/null; printf '%s' "$REMOTE_USER" >'${note}'`);
    const copy = lab.fresh();
    const url = lab.url(name).replace('://', `://${encodeURIComponent(user)}:x@`);
    await gitOk(['clone', '-q', url, copy]);
    await commitFile(copy, 'new', 'new\n');
    await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
    expect(readFileSync(note, 'utf8')).toBe(user);
    expectOwnArguments(lab.at(name));
    expect(planted(lab.root)).toEqual([]);
  });

  it.each([
    '$(touch$IFS"pwned")',
    '`pwned`',
    'a;pwned',
    'a|pwned',
    'a&pwned',
    'a>pwned',
    '\'"',
    '!!',
    '%s%n',
  ])('a branch %s is a name', async (branch) => {
    const ref = `refs/heads/${branch}`;
    const note = lab.fresh();
    writeHook(lab.at('app.git'), 'update', `printf '%s' "$1" >'${note}'`);
    const copy = lab.fresh();
    await gitOk(['clone', '-q', lab.url('app.git'), copy]);
    await gitOk(['push', '-q', 'origin', `main:${ref}`], { cwd: copy });
    expect(readFileSync(note, 'utf8')).toBe(ref);
    await gitOk(['clone', '-q', '-b', branch, lab.url('app.git'), lab.fresh()]);
    expectOwnArguments(lab.at('app.git'));
    expect(planted(lab.root)).toEqual([]);
  });
});
