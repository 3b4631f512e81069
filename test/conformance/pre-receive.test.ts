/** Pushes that are looked at before they are let in. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { GitTyphoonError } from '../../src/index.js';
import { commitFile, git } from '../support/fixtures.js';
import { availableGits } from '../support/gits.js';
import { eventually } from '../support/server.js';
import { refOf, writeHook } from './lab.js';
import { closePushPlaces, openPushPlace, protectMain, said } from './push-place.js';

const hooksFolder = mkdtempSync(join(tmpdir(), 'gittyphoon-test-'));
afterAll(() => rmSync(hooksFolder, { recursive: true }));
afterEach(closePushPlaces);

describe('preReceive', () => {
  it('sees what has arrived, talks to the user, and lets it in', async () => {
    let seen: unknown;
    const { repository, copy, push } = await openPushPlace({
      preReceive: async ({ updates, objects, say }) => {
        const [update] = updates;
        if (!update) return;
        say('looking at your push…\nline two');
        const commits = await objects.newCommits(update.newOid);
        seen = {
          messages: commits.map(({ message, authorName, parents }) => [message, authorName, parents.length]),
          paths: await objects.changedPaths(update.oldOid, update.newOid),
          all: (await objects.changedPaths('0'.repeat(40), update.newOid)).length,
          file: (await objects.readFile(update.newOid, 'two words'))?.toString(),
          none: await objects.readFile(update.newOid, 'missing'),
          largest: (await objects.largestObject())?.bytes,
          forward: await objects.isFastForward(update.oldOid, update.newOid),
          backward: await objects.isFastForward(update.newOid, update.oldOid),
          code: (await objects.run(['rev-parse', '--verify', '-q', update.newOid])).code,
          isIn: (await git(['cat-file', '-e', update.newOid], { cwd: repository })).code === 0,
        };
      },
    });
    await commitFile(copy, 'two words', 'content\n');
    await commitFile(copy, 'large', 'x'.repeat(5_000));
    const { code, stderr } = await push('main');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/^remote: looking at your push… *$/m);
    expect(stderr).toMatch(/^remote: line two *$/m);
    expect(seen).toEqual({
      messages: [
        ['change large\n', 'A U Thor', 1],
        ['change two words\n', 'A U Thor', 1],
      ],
      paths: [
        { status: 'A', path: 'large' },
        { status: 'A', path: 'two words' },
      ],
      all: 5,
      file: 'content\n',
      none: undefined,
      largest: 5_000,
      forward: true,
      backward: false,
      code: 0,
      isIn: false,
    });
    expect(await refOf(repository, 'main')).toBe(await refOf(copy, 'main'));
  });

  it('refuses one ref, and the others go through', async () => {
    const { repository, copy, push } = await openPushPlace({
      preReceive: ({ refuse }) => refuse('no secrets', 'refs/heads/main'),
    });
    const before = await refOf(repository, 'main');
    await commitFile(copy, 'new', 'new\n');
    const { code, stderr } = await push('main', 'main:topic', "main:it's");
    expect(code).toBe(1);
    expect(stderr).toContain('! [remote rejected] main -> main (no secrets)');
    expect(await refOf(repository, 'main')).toBe(before);
    expect(await refOf(repository, 'topic')).toBe(await refOf(copy, 'main'));
    expect(await refOf(repository, "it's")).toBe(await refOf(copy, 'main'));
  });

  it.each([
    [
      'a whole push',
      ({ refuse }: { refuse: (reason: string) => void }) => refuse('frozen\nuntil Monday'),
      'frozen until Monday',
      0,
    ],
    [
      'by an error that is meant for the user',
      () => {
        throw new GitTyphoonError('ERR_FORBIDDEN', { message: 'sign your commits' });
      },
      'sign your commits',
      0,
    ],
    [
      'by any other error, which the operator reads',
      () => {
        throw new Error('database is down');
      },
      'the server could not check this push',
      1,
    ],
    ['by taking too long', () => new Promise<void>(() => {}), 'the server could not check this push', 1],
  ])('refuses %s', async (_what, preReceive, reason, errors) => {
    const { lab, repository, copy, push } = await openPushPlace({
      preReceive,
      limits: { pushCallbackTimeoutMs: 300 },
    });
    const before = await refOf(repository, 'main');
    await commitFile(copy, 'new', 'new\n');
    const { code, stderr } = await push('main', 'main:new');
    expect(code).toBe(1);
    expect(stderr).toContain(`! [remote rejected] main -> main (${reason})`);
    expect(stderr).toContain(`! [remote rejected] main -> new (${reason})`);
    expect(await refOf(repository, 'main')).toBe(before);
    expect(lab.server.events.error).toHaveLength(errors);
  });

  it("comes before the repository's own hooks, which run in their own place", async () => {
    const order: string[] = [];
    const { lab, repository, copy, push } = await openPushPlace({
      preReceive: ({ say }) => {
        order.push('ours');
        say('ours');
      },
      gitConfig: { 'uploadpack.allowFilter': 'true' },
    });
    const report = 'echo "$0 $(git config --get core.hooksPath) ${GIT_CONFIG_COUNT:-none}"';
    writeHook(repository, 'pre-receive', `${report}; cat`);
    writeHook(repository, 'update', `echo "update $1"`);
    writeHook(
      repository,
      'post-receive',
      `${report}; cat >/dev/null; [ -e /proc/$$/fd/3 ] && echo leaked; exit 0`,
    );
    writeHook(repository, 'post-update', 'echo "post-update $1"');
    const oid = await commitFile(copy, 'new', 'new\n');
    const before = await refOf(repository, 'main');
    const { code, stderr } = await push('main');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const lines = stderr.split('\n').map((line) => line.trimEnd());
    const hooks = join(repository, 'hooks');
    expect(lines.filter((line) => line.startsWith('remote: '))).toEqual([
      'remote: ours',
      `remote: ${hooks}/pre-receive  1`,
      `remote: ${before} ${oid} refs/heads/main`,
      'remote: update refs/heads/main',
      `remote: ${hooks}/post-receive  1`,
      'remote: post-update refs/heads/main',
    ]);
    expect(order).toEqual(['ours']);
    writeHook(repository, 'pre-receive', 'exit 1');
    await commitFile(copy, 'more', 'more\n');
    expect((await push('main')).stderr).toContain('(pre-receive hook declined)');
    expect(lab.server.events.error).toEqual([]);
  });

  it('that cannot be answered refuses the push, and nobody waits', async () => {
    const { lab, repository, copy, push } = await openPushPlace({
      preReceive: ({ refuse }) => {
        refuse('not this one', 'refs/heads/main');
        for (const name of readdirSync(hooksFolder)) rmSync(join(hooksFolder, name), { recursive: true });
      },
      limits: { temporaryDirectory: hooksFolder },
    });
    const before = await refOf(repository, 'main');
    await commitFile(copy, 'new', 'new\n');
    const { code, stderr } = await push('main', 'main:other');
    expect(code).toBe(1);
    expect(stderr).toContain('! [remote rejected] main -> other (the server could not check this push)');
    expect(await refOf(repository, 'main')).toBe(before);
    expect(await refOf(repository, 'other')).toBe('');
    expect(lab.server.events.error.length).toBeGreaterThan(0);
  });

  it('is told when there are more commits than it has asked for', async () => {
    let failure: unknown;
    const { copy, push } = await openPushPlace({
      preReceive: async ({ objects, updates }) => {
        const newOid = updates[0]?.newOid ?? '';
        expect(await objects.newCommits(newOid, 2)).toHaveLength(2);
        failure = await objects.newCommits(newOid, 1).catch((error: unknown) => error);
      },
      gitConfig: { 'log.showSignature': 'true', 'gpg.program': 'false' },
    });
    await commitFile(copy, 'one', 'one\n');
    await commitFile(copy, 'two', 'two\n');
    expect((await push('main')).code).toBe(0);
    expect(failure).toEqual(new RangeError('there are more than 1 new commits'));
  });

  it('is asked about deletions, which bring no objects', async () => {
    const { repository, push } = await openPushPlace({
      preReceive: async ({ objects, refuse, updates }) => {
        expect(await objects.largestObject()).toBe(undefined);
        for (const { kind, refName } of updates) if (kind === 'delete') refuse('nothing is deleted', refName);
      },
    });
    const { stderr } = await push('--delete', 'topic');
    expect(stderr).toContain('! [remote rejected] topic (nothing is deleted)');
    expect(await refOf(repository, 'topic')).not.toBe('');
  });
});

it('leaves no folder of hooks behind', async () => {
  const limits = { temporaryDirectory: hooksFolder };
  const { lab, copy, push } = await openPushPlace({
    preReceive: () => expect(readdirSync(hooksFolder)).toHaveLength(1),
    limits,
  });
  await commitFile(copy, 'new', 'new\n');
  expect((await push('main')).code).toBe(0);
  await eventually('it is gone', () => readdirSync(hooksFolder).length === 0);
  expect(lab.server.events.error).toEqual([]);
});

// Newer gits take hooks from configuration as well, and that is how they are switched off.
describe.each(availableGits)('with $name', ({ command }) => {
  it.each(['repository', 'none'] as const)('a push is looked at where hooks are: %s', async (hooks) => {
    const { repository, copy, push } = await openPushPlace({
      ...protectMain,
      gitCommand: command,
      hooks,
      preReceive: ({ refuse }) => refuse('not this one', 'refs/heads/topic'),
    });
    writeHook(repository, 'post-receive', 'touch ran');
    const oid = await commitFile(copy, 'new', 'new\n');
    const { stderr } = await push('main', 'main:topic', 'main:brand-new');
    expect(stderr).toContain(said);
    expect(stderr).toContain('! [remote rejected] main -> topic (not this one)');
    expect(await refOf(repository, 'topic')).not.toBe(oid);
    expect(await refOf(repository, 'brand-new')).toBe(oid);
    expect(existsSync(join(repository, 'ran'))).toBe(hooks === 'repository');
  });
});
