/** Repositories that borrow objects, and what those who push are told of that (`.have` lines). */
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository } from '../support/fixtures.js';
import { clientOf, openLab, protocolVersions, refOf, type Lab } from './lab.js';

let lab: Lab;
/** A commit that only the lender has. */
let lent = '';
beforeAll(async () => {
  lab = await openLab();
  await makeBareRepository(lab.at('lender.git'));
  const work = lab.fresh();
  await gitOk(['clone', '-q', lab.at('lender.git'), work]);
  await gitOk(['clone', '-q', '--bare', '--shared', lab.at('lender.git'), lab.at('fork.git')]);
  lent = await commitFile(work, 'lent', 'lent\n');
  await gitOk(['push', '-q', 'origin', 'main:refs/heads/lent'], { cwd: work });
});
afterAll(() => lab.close());

const advertised = async (): Promise<string> =>
  (await fetch(`${lab.url('fork.git')}/info/refs?service=git-receive-pack`)).text();

describe.each(protocolVersions)('protocol version %i', (version) => {
  const client = clientOf(version);
  const borrow = async (name: string): Promise<void> => {
    await gitOk([
      'clone',
      '-q',
      '--bare',
      '--shared',
      '-b',
      'main',
      '--single-branch',
      lab.at('lender.git'),
      lab.at(name),
    ]);
  };

  it('what the lender has is not sent again', async () => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url('lender.git'), copy]);
    const name = `fork-${version}.git`;
    await borrow(name);
    const before = readdirSync(join(lab.at(name), 'objects'), { recursive: true }).length;
    await client.ok(['push', '-q', lab.url(name), 'origin/lent:refs/heads/lent'], copy);
    expect(await refOf(lab.at(name), 'lent')).toBe(lent);
    expect(readdirSync(join(lab.at(name), 'objects'), { recursive: true })).toHaveLength(before);
    await fsck(lab.at(name));
  });

  it('a clone of the borrower is whole', async () => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url('fork.git'), copy]);
    await fsck(copy);
    await client.ok(['fetch', '-q', '--depth=1', 'origin', 'main'], copy);
    await fsck(copy);
  });
});

it('those who push are told what the lender has', async () => {
  expect(await advertised()).toContain(`${lent} .have`);
});

it('those who fetch are not', async () => {
  for (const version of protocolVersions) {
    expect(await clientOf(version).ok(['ls-remote', lab.url('fork.git')])).not.toContain('refs/heads/lent');
  }
  const answer = await fetch(`${lab.url('fork.git')}/info/refs?service=git-upload-pack`);
  expect(await answer.text()).not.toContain('.have');
});

it('core.alternateRefsPrefixes chooses what is told', async () => {
  await gitOk(['config', 'core.alternateRefsPrefixes', 'refs/tags'], { cwd: lab.at('fork.git') });
  expect(await advertised()).not.toContain(lent);
  await gitOk(['config', '--unset', 'core.alternateRefsPrefixes'], { cwd: lab.at('fork.git') });
});

it('core.alternateRefsCommand chooses what is told, and may tell nothing', async () => {
  const command = lab.fresh();
  const tell = async (body: string): Promise<string> => {
    writeFileSync(command, `#!/bin/sh\n${body}\n`);
    chmodSync(command, 0o755);
    await gitOk(['config', 'core.alternateRefsCommand', command], { cwd: lab.at('fork.git') });
    return advertised();
  };
  const first = await refOf(lab.at('lender.git'), 'main~2');
  const chosen = await tell(`echo ${first}`);
  expect(chosen).toContain(`${first} .have`);
  expect(chosen).not.toContain(lent);
  expect(await tell('exit 0')).not.toContain('.have');
  await gitOk(['config', '--unset', 'core.alternateRefsCommand'], { cwd: lab.at('fork.git') });
});

it("the operator's configuration can silence it for all repositories", async () => {
  const quiet = await openLab({
    repositories: lab.root,
    gitConfig: { 'core.alternateRefsCommand': 'true' },
  });
  try {
    const answer = await fetch(`${quiet.url('fork.git')}/info/refs?service=git-receive-pack`);
    const text = await answer.text();
    expect(text).toContain('refs/heads/main');
    expect(text).not.toContain('.have');
  } finally {
    await quiet.close();
  }
});

it('one whose lender has gone is no clone that looks whole', async () => {
  await makeBareRepository(lab.at('other.git'), { commits: 0 });
  await gitOk(['clone', '-q', '--bare', '--shared', lab.at('lender.git'), lab.at('orphan.git')]);
  writeFileSync(join(lab.at('orphan.git'), 'objects/info/alternates'), `${lab.at('other.git')}/objects\n`);
  for (const version of protocolVersions) {
    const to = lab.fresh();
    const { code, stderr } = await clientOf(version).try(['clone', lab.url('orphan.git'), to]);
    expect(code).toBe(128);
    expect(stderr).toMatch(/^fatal: remote error: upload-pack: not our ref /m);
    expect(existsSync(join(to, 'file-1'))).toBe(false);
  }
});
