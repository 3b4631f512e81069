/** Ways out of the served folder, and repositories that somebody has planted inside of others. */
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLab, refOf, type Lab } from '../conformance/lab.js';
import { git, gitOk, makeBareRepository, makeWorkTree } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { ask, nameOf, rawPush, stageRepository, typeOf, type Stage } from './stage.js';

let lab: Lab;
/** Beside the served folder, with a name that begins as that folder's does. */
let beside = '';
let stage: Stage;
const asked: string[] = [];

beforeAll(async () => {
  lab = await openLab({
    publicRead: false,
    publicWrite: false,
    authorize: ({ name, context }) => {
      asked.push(`${context.operation} ${name}`);
      return name !== 'private.git';
    },
  });
  beside = `${lab.root}-x`;
  mkdirSync(beside);
  stage = await stageRepository(join(beside, 'outside.git'));
});
afterAll(() => lab.close());

/** What is to be had of a repository at these paths. */
async function foundAt(...paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    for (const endpoint of stage.endpoints) {
      const { status } = await ask(lab.server.port, path, endpoint);
      if (status !== 404) found.push(`${status} for ${nameOf(endpoint)} of ${path}`);
    }
  }
  return found;
}

describe('S6: nothing leads out of the served folder', () => {
  it('not a folder whose name begins like it', async () => {
    // The name that a careless comparison of texts would take for one below the root.
    symlinkSync(beside, lab.at('link'));
    const paths = ['/link/outside.git', '/../served-x/outside.git', '/-x/outside.git'];
    expect(await foundAt(...paths)).toEqual([]);
  });

  it.each([
    ['a link to a repository', 'one.git', (at: string) => symlinkSync(join(beside, 'outside.git'), at)],
    ['a relative link', 'two.git', (at: string) => symlinkSync('../served-x/outside.git', at)],
    [
      'a link to a link',
      'three.git',
      (at: string) => {
        symlinkSync(join(beside, 'outside.git'), join(beside, 'hop'));
        symlinkSync(join(beside, 'hop'), at);
      },
    ],
    ['a .git file', 'four/.git', (at: string) => writeFileSync(at, `gitdir: ${beside}/outside.git\n`)],
    [
      'a .git file with dots',
      'five/.git',
      (at: string) => writeFileSync(at, 'gitdir: ../../served-x/outside.git\n'),
    ],
    ['a .git link', 'six/.git', (at: string) => symlinkSync(join(beside, 'outside.git'), at)],
    [
      'a common folder',
      'seven.git',
      (at: string) => {
        mkdirSync(at);
        writeFileSync(join(at, 'HEAD'), 'ref: refs/heads/main\n');
        writeFileSync(join(at, 'commondir'), `${beside}/outside.git\n`);
      },
    ],
  ])('not %s', async (_what, name, plant) => {
    mkdirSync(dirname(lab.at(name)), { recursive: true });
    plant(lab.at(name));
    expect(await foundAt(`/${name}`, `/${name.replace(/\/?\.git$/, '')}`)).toEqual([]);
  });

  it('a link inside of it is the repository that it leads to, and is asked for by that name', async () => {
    await makeBareRepository(lab.at('private.git'), { commits: 1 });
    symlinkSync(lab.at('private.git'), lab.at('harmless.git'));
    asked.length = 0;
    expect(await foundAt('/harmless.git')).toEqual([]);
    expect([...new Set(asked)].sort()).toEqual(['read private.git', 'write private.git']);
  });

  it('a file of the dumb protocol is no link to other files', async () => {
    await stageRepository(lab.at('links.git'));
    const oid = 'ab'.repeat(20);
    const objects = join(lab.at('links.git'), 'objects');
    writeFileSync(join(beside, 'secret'), 'secret');
    mkdirSync(join(objects, 'ab'), { recursive: true });
    symlinkSync(join(beside, 'secret'), join(objects, 'ab', oid.slice(2)));
    symlinkSync(join(beside, 'secret'), join(objects, 'pack', `pack-${oid}.pack`));
    for (const path of [`ab/${oid.slice(2)}`, `pack/pack-${oid}.pack`]) {
      const answer = await rawRequest({ port: lab.server.port, path: `/links.git/objects/${path}` });
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });
});

describe('S6: there is no repository inside of a repository', () => {
  it('a whole one that was pushed into a working tree, hooks and all, is not served', async () => {
    await makeWorkTree(lab.at('tree'));
    await gitOk(['config', 'receive.denyCurrentBranch', 'updateInstead'], { cwd: lab.at('tree') });
    const copy = lab.fresh();
    await gitOk(['clone', '-q', lab.url('tree'), copy]);
    const evil = join(copy, 'sub', 'evil.git');
    await makeBareRepository(evil, { commits: 1 });
    // git keeps no empty folders.
    for (const kept of ['refs', 'objects']) writeFileSync(join(evil, kept, 'kept'), '');
    const proof = lab.fresh();
    for (const hook of ['pre-receive', 'reference-transaction', 'post-receive']) {
      writeFileSync(join(evil, 'hooks', hook), `#!/bin/sh\ntouch '${proof}'\n`);
      chmodSync(join(evil, 'hooks', hook), 0o755);
    }
    writeFileSync(join(copy, 'pointer.git'), 'gitdir: sub/evil.git\n');
    await gitOk(['add', '-f', '.'], { cwd: copy });
    await gitOk(['commit', '-q', '-m', 'plant'], { cwd: copy });
    await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
    const plantedAt = join(lab.at('tree'), 'sub', 'evil.git');
    await eventually('it is checked out', () => existsSync(join(plantedAt, 'hooks', 'pre-receive')));
    // For git itself it is a repository like any other, hooks included.
    const oid = await refOf(plantedAt, 'main');
    await gitOk(['update-ref', 'refs/heads/control', oid], { cwd: plantedAt });
    expect(existsSync(proof)).toBe(true);
    rmSync(proof);
    const paths = [
      '/tree/sub/evil.git',
      '/tree/sub/evil',
      '/tree/pointer.git',
      '/tree/pointer',
      '/tree/.git/../sub/evil.git',
    ];
    expect(await foundAt(...paths)).toEqual([]);
    const push = await rawRequest({
      port: lab.server.port,
      method: 'POST',
      path: '/tree/sub/evil.git/git-receive-pack',
      headers: typeOf('git-receive-pack'),
      body: rawPush({ ref: 'refs/heads/x', oid }),
    });
    expect(push.status).toBe(404);
    expect(await refOf(plantedAt, 'refs/heads/x')).toBe('');
    expect(existsSync(proof)).toBe(false);
  });

  it('a folder of a working tree whose .git file leads to a repository is not served', async () => {
    const outer = await makeWorkTree(lab.at('super'));
    await makeBareRepository(join(outer, '.git', 'modules', 'part'), { commits: 1 });
    mkdirSync(join(outer, 'part'));
    writeFileSync(join(outer, 'part', '.git'), 'gitdir: ../.git/modules/part\n');
    expect(await git(['rev-parse', 'main'], { cwd: join(outer, 'part') })).toMatchObject({ code: 0 });
    expect(await foundAt('/super/part', '/super/part/.git', '/super/.git/modules/part')).toEqual([]);
  });

  it('one made of the names of branches is not served', async () => {
    await makeBareRepository(lab.at('app.git'), { commits: 1 });
    const copy = lab.fresh();
    await gitOk(['clone', '-q', lab.url('app.git'), copy]);
    const refs = ['HEAD', 'objects/a', 'refs/a'].map((part) => `main:refs/heads/evil.git/${part}`);
    await gitOk(['push', '-q', 'origin', ...refs], { cwd: copy });
    const made = lab.at('app.git/refs/heads/evil.git');
    for (const part of ['HEAD', 'objects', 'refs']) expect(existsSync(join(made, part))).toBe(true);
    expect(
      await foundAt('/app.git/refs/heads/evil.git', '/app/refs/heads/evil', '/app.git/refs/heads/evil'),
    ).toEqual([]);
  });

  it('one that git would prefer to the one which was authorised: both see the same', async () => {
    await makeBareRepository(lab.at('outer.git'), { commits: 1 });
    await makeBareRepository(lab.at('outer.git/.git'), { commits: 2 });
    for (const path of ['outer.git', 'outer', 'outer.git/.git']) {
      const before = lab.server.events.request.length;
      const listed = await git(['ls-remote', lab.url(path), 'refs/heads/main']);
      const { repository } = lab.server.events.request[before] ?? {};
      // Either of the two, or none; never the name of one with the refs of the other.
      const tip = repository ? await refOf(repository.gitDir, 'main') : '';
      expect([path, listed.stdout.slice(0, 40)]).toEqual([path, tip]);
    }
  });
});
