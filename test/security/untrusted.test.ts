/** Repositories that somebody else has made: their owner, their configuration, their hooks. */
import { chownSync, existsSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { GitServerOptions } from '../../src/index.js';
import { openLab, refOf, writeHook, type Lab } from '../conformance/lab.js';
import { commitFile, gitOk, makeBareRepository, makeWorkTree } from '../support/fixtures.js';
import { gitAtLeast } from '../support/gits.js';
import { rawRequest } from '../support/raw-http.js';
import { ask, nameOf, stageRepository } from './stage.js';

const labs: Lab[] = [];
async function open(options: Partial<GitServerOptions> = {}): Promise<Lab> {
  const lab = await openLab(options);
  labs.push(lab);
  return lab;
}
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});

// Only root can give a folder away; to others git can be told to see it so (its own tests' way).
const isRoot = process.getuid?.() === 0;
const foreignOptions: Partial<GitServerOptions> = isRoot
  ? {}
  : { environment: () => ({ GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' }) };
const giveAway = (path: string): void => {
  if (isRoot) chownSync(path, 65_534, 65_534);
};

describe('S18: a repository of another user is not trusted', () => {
  it('at no endpoint, files of the dumb protocol included', async () => {
    const lab = await open(foreignOptions);
    const { endpoints } = await stageRepository(lab.at('app.git'));
    giveAway(lab.at('app.git'));
    const served: string[] = [];
    for (const endpoint of endpoints) {
      // The probe of git is answered without git.
      if (endpoint.method === 'POST') continue;
      const { status } = await ask(lab.server.port, '/app.git', endpoint);
      if (status !== 500) served.push(nameOf(endpoint));
    }
    expect(served).toEqual([]);
  });

  it('so that its links do not hand out the objects of repositories which are not served', async () => {
    const lab = await open(foreignOptions);
    const secret = lab.fresh();
    const { unreachable } = await stageRepository(secret);
    await makeBareRepository(lab.at('mirror.git'), { commits: 0 });
    rmSync(lab.at('mirror.git/objects'), { recursive: true });
    symlinkSync(join(secret, 'objects'), lab.at('mirror.git/objects'));
    giveAway(lab.at('mirror.git'));
    const path = `/mirror.git/objects/${unreachable.slice(0, 2)}/${unreachable.slice(2)}`;
    const answer = await rawRequest({ port: lab.server.port, path });
    expect(answer.status).not.toBe(200);
  });

  it('and runs nothing: neither its hooks nor the programs in its configuration', async () => {
    const lab = await open(foreignOptions);
    const proof = lab.fresh();
    const repository = await makeBareRepository(lab.at('app.git'), { commits: 1 });
    const copy = lab.fresh();
    await gitOk(['clone', '-q', repository, copy]);
    await commitFile(copy, 'new', 'new\n');
    writeHook(repository, 'pre-receive', `touch '${proof}'`);
    for (const key of ['core.fsmonitor', 'core.alternateRefsCommand', 'uploadpack.packObjectsHook']) {
      await gitOk(['config', key, `touch '${proof}'; true`], { cwd: repository });
    }
    giveAway(repository);
    await expect(gitOk(['clone', '-q', lab.url('app.git'), lab.fresh()])).rejects.toThrow('500');
    await expect(gitOk(['push', '-q', lab.url('app.git'), 'main'], { cwd: copy })).rejects.toThrow('500');
    expect(existsSync(proof)).toBe(false);
  });
});

describe('S18: uploadpack.packObjectsHook', () => {
  it('of a repository is not run, whichever version of the protocol a clone speaks', async () => {
    const lab = await open();
    const proof = lab.fresh();
    const repository = await makeBareRepository(lab.at('app.git'));
    const hook = lab.fresh();
    writeFileSync(hook, `#!/bin/sh\ntouch '${proof}'\nexec "$@"\n`, { mode: 0o755 });
    await gitOk(['config', 'uploadpack.packObjectsHook', hook], { cwd: repository });
    for (const version of [0, 1, 2]) {
      await gitOk(['-c', `protocol.version=${version}`, 'clone', '-q', lab.url('app.git'), lab.fresh()]);
    }
    expect(existsSync(proof)).toBe(false);

    const told = await open({ gitConfig: { 'uploadpack.packObjectsHook': hook } });
    await makeBareRepository(told.at('app.git'));
    await gitOk(['clone', '-q', told.url('app.git'), told.fresh()]);
    expect(existsSync(proof), 'the hook of the operator is run, so that this test sees one').toBe(true);
  });
});

describe("S18: hooks: 'none'", () => {
  const hooks = [
    'pre-receive',
    'update',
    'proc-receive',
    'reference-transaction',
    'post-receive',
    'post-update',
    'push-to-checkout',
    'pre-auto-gc',
    'post-checkout',
    'post-index-change',
  ];

  /** Pushes to a repository with a working tree and every hook; gives the hooks that were run. */
  async function runHooks(lab: Lab): Promise<string[]> {
    const tree = await makeWorkTree(lab.at('tree'));
    const copy = lab.fresh();
    await gitOk(['clone', '-q', lab.url('tree'), copy]);
    await commitFile(copy, 'new', 'new\n');
    await gitOk(['config', 'receive.denyCurrentBranch', 'updateInstead'], { cwd: tree });
    await gitOk(['config', 'gc.auto', '1'], { cwd: tree });
    const proofs = await makeBareRepository(lab.fresh(), { commits: 0 });
    for (const hook of hooks) writeHook(join(tree, '.git'), hook, `touch '${proofs}/ran-${hook}'`);
    // Also where the repository says that its hooks are elsewhere.
    await gitOk(['config', 'core.hooksPath', join(tree, '.git', 'hooks')], { cwd: tree });
    await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
    expect(await refOf(tree, 'main')).toBe(await refOf(copy, 'main'));
    return readdirSync(proofs).filter((name) => name.startsWith('ran-'));
  }

  it('no hook of the repository runs, wherever its configuration looks for them', async () => {
    expect(await runHooks(await open({ hooks: 'none' }))).toEqual([]);
    const usual = await runHooks(await open());
    expect(usual).toEqual(
      expect.arrayContaining(['ran-pre-receive', 'ran-push-to-checkout', 'ran-post-receive']),
    );
  });

  const newer = gitAtLeast(2, 54);
  it.skipIf(!newer)('nor one that stands in its configuration (git 2.54 and newer)', async () => {
    const lab = await open({ hooks: 'none', gitCommand: newer?.command ?? '' });
    const proof = lab.fresh();
    const repository = await makeBareRepository(lab.at('app.git'), { commits: 1 });
    for (const event of hooks) {
      await gitOk(['config', `hook.evil-${event}.command`, `touch '${proof}'; true`], { cwd: repository });
      await gitOk(['config', `hook.evil-${event}.event`, event], { cwd: repository });
    }
    const copy = lab.fresh();
    await gitOk(['clone', '-q', lab.url('app.git'), copy]);
    await commitFile(copy, 'new', 'new\n');
    await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
    expect(existsSync(proof)).toBe(false);
  });
});
