/** Repositories of every shape. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository, makeWorkTree } from '../support/fixtures.js';
import { clientOf, openLab, refOf, type Lab } from './lab.js';

const client = clientOf(2);
let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const roundTrip = async (name: string): Promise<void> => {
  const copy = lab.fresh();
  await client.ok(['clone', '-q', lab.url(name), copy]);
  await commitFile(copy, 'pushed', `${name}\n`);
  await client.ok(['push', '-q', 'origin', 'HEAD:refs/heads/pushed'], copy);
  await client.ok(['push', '-q', 'origin', '--delete', 'pushed'], copy);
};

it('a bare one, with and without .git in its URL', async () => {
  await makeBareRepository(lab.at('team/bare.git'));
  await roundTrip('team/bare.git');
  await roundTrip('team/bare');
  await roundTrip('team/bare.git/');
  await fsck(lab.at('team/bare.git'));
});

it('one with a working tree', async () => {
  await makeWorkTree(lab.at('work'));
  await roundTrip('work');
  await roundTrip('work/.git');
  await fsck(lab.at('work'));
});

it('one whose .git is a file that leads to it', async () => {
  await makeWorkTree(lab.at('separate'));
  await gitOk(['init', '-q', `--separate-git-dir=${lab.at('elsewhere.git')}`], { cwd: lab.at('separate') });
  await roundTrip('separate');
});

it('a linked working tree', async () => {
  await makeWorkTree(lab.at('linked-main'));
  await gitOk(['worktree', 'add', '-q', '-b', 'side', lab.at('linked')], { cwd: lab.at('linked-main') });
  await roundTrip('linked');
  const listed = await client.ok(['ls-remote', '--symref', lab.url('linked'), 'HEAD']);
  expect(listed).toContain('ref: refs/heads/side\tHEAD');
});

it('one that a link inside the folder leads to', async () => {
  await makeBareRepository(lab.at('target.git'));
  symlinkSync(lab.at('target.git'), lab.at('alias.git'));
  await roundTrip('alias.git');
});

it('none that a link leads to out of the folder, nor a .git file', async () => {
  const outside = lab.fresh();
  await makeBareRepository(outside);
  symlinkSync(outside, lab.at('escape.git'));
  mkdirSync(lab.at('escape-file'));
  writeFileSync(join(lab.at('escape-file'), '.git'), `gitdir: ${outside}\n`);
  for (const name of ['escape.git', 'escape', 'escape-file']) {
    const { stderr } = await client.try(['ls-remote', lab.url(name)]);
    expect(stderr).toContain('not found');
  }
});

it('names with spaces, other scripts, dots and dashes', async () => {
  for (const [folder, path] of [
    ['with space.git', 'with%20space.git'],
    ['größe/日本.git', 'gr%C3%B6%C3%9Fe/%E6%97%A5%E6%9C%AC.git'],
    ['-dash.git', '-dash.git'],
    ['~tilde.git', '~tilde.git'],
    ['....git', '....git'],
    ['a+b&c=d;e.git', 'a+b&c=d;e.git'],
    ['100%.git', '100%25.git'],
  ] as const) {
    await makeBareRepository(lab.at(folder), { commits: 1 });
    await roundTrip(path);
  }
});

it('one that borrows objects, and tells so to who pushes', async () => {
  await makeBareRepository(lab.at('lender.git'));
  await gitOk(['clone', '-q', '--bare', '--shared', lab.at('lender.git'), lab.at('fork.git')]);
  await gitOk(['update-ref', 'refs/heads/own', 'main~1'], { cwd: lab.at('lender.git') });
  const copy = lab.fresh();
  await client.ok(['clone', '-q', lab.url('fork.git'), copy]);
  await fsck(copy);
  await roundTrip('fork.git');
  const advertised = await fetch(`${lab.url('fork.git')}/info/refs?service=git-receive-pack`);
  expect(await advertised.text()).toContain(`${await refOf(lab.at('lender.git'), 'own')} .have`);
});

it('one with submodules, which come over HTTP too', async () => {
  await makeBareRepository(lab.at('part.git'));
  const whole = lab.fresh();
  await makeWorkTree(whole);
  await gitOk(['submodule', '--quiet', 'add', lab.url('part.git'), 'part'], { cwd: whole });
  // Relative to the URL of the repository itself (git-submodule).
  await gitOk(['config', '-f', '.gitmodules', 'submodule.part.url', '../part.git'], { cwd: whole });
  await gitOk(['commit', '-q', '-a', '-m', 'add a part'], { cwd: whole });
  await makeBareRepository(lab.at('whole.git'), { commits: 0 });
  await gitOk(['push', '-q', lab.url('whole.git'), 'main'], { cwd: whole });
  const copy = lab.fresh();
  await client.ok(['clone', '-q', '--recurse-submodules', lab.url('whole.git'), copy]);
  expect(await gitOk(['rev-parse', 'HEAD'], { cwd: join(copy, 'part') })).toBe(
    await refOf(lab.at('part.git'), 'main'),
  );
});

describe('a namespace', () => {
  it('shows and takes refs of its own, over one store of objects', async () => {
    const tenants = await openLab({
      environment: ({ context }) => ({ GIT_NAMESPACE: String(context.headers['x-tenant'] ?? '') }),
    });
    try {
      await makeBareRepository(tenants.at('shared.git'));
      const as = (tenant: string, ...args: string[]): Promise<string> =>
        client.ok(['-c', `http.extraHeader=X-Tenant: ${tenant}`, ...args], lab.root);
      const copy = lab.fresh();
      await gitOk(['clone', '-q', tenants.at('shared.git'), copy]);
      const oid = await refOf(copy, 'main');
      await as('red', '-C', copy, 'push', '-q', tenants.url('shared.git'), 'main:mine', 'v1');
      expect(await refOf(tenants.at('shared.git'), 'refs/namespaces/red/refs/heads/mine')).toBe(oid);
      expect(await as('red', 'ls-remote', '--heads', tenants.url('shared.git'))).toBe(
        `${oid}\trefs/heads/mine`,
      );
      expect(await as('blue', 'ls-remote', tenants.url('shared.git'))).toBe('');
      expect(
        await as('red', '-c', 'protocol.version=0', 'ls-remote', '--heads', tenants.url('shared.git')),
      ).toBe(`${oid}\trefs/heads/mine`);
      const dumb = await fetch(`${tenants.url('shared.git')}/info/refs`, { headers: { 'x-tenant': 'red' } });
      expect(await dumb.text()).toContain(`${oid}\trefs/heads/mine\n`);
      await as('red', 'clone', '-q', '-b', 'mine', tenants.url('shared.git'), lab.fresh());
    } finally {
      await tenants.close();
    }
  });
});
