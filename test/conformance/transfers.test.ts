/** Clone, fetch and push with the real client, in every version of the protocol. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commitFile, commitRandom, fsck, gitOk, makeBareRepository, refsOf } from '../support/fixtures.js';
import { clientOf, openLab, protocolVersions, refOf, writeHook, type Lab } from './lab.js';

let lab: Lab;
let count = 0;
let name = '';
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());
beforeEach(async () => {
  name = `app-${(count += 1)}.git`;
  await makeBareRepository(lab.at(name));
});

describe.each(protocolVersions)('protocol version %i', (version) => {
  const client = clientOf(version);
  const clone = async (): Promise<string> => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url(name), copy]);
    return copy;
  };

  it('clones all branches and tags', async () => {
    const copy = await clone();
    await fsck(copy);
    const refs = await gitOk(['for-each-ref', '--format=%(objectname) %(refname:lstrip=-1)'], { cwd: copy });
    for (const ref of (await refsOf(lab.at(name))).split('\n')) {
      const [oid, refName = ''] = ref.split(' ');
      expect(refs).toContain(`${oid} ${refName.split('/').at(-1)}`);
    }
    const asked = lab.server.events.request.filter(({ context }) => context.path === name);
    // A push knows no version 2; a clone asks for what it was told to.
    expect(new Set(asked.map(({ context }) => context.protocolVersion))).toEqual(new Set([version]));
  });

  it('fetches what is new, and nothing when nothing is', async () => {
    const copy = await clone();
    const other = await clone();
    const oid = await commitRandom(other, 'more', 100_000);
    await client.ok(['push', '-q', 'origin', 'main'], other);
    await client.ok(['fetch', '-q'], copy);
    expect(await refOf(copy, 'origin/main')).toBe(oid);
    const before = lab.server.events.fetch.length;
    await client.ok(['fetch', '-q'], copy);
    expect(lab.server.events.fetch.length).toBe(before);
    await fsck(copy);
  });

  it('pushes new branches and updates, and reports them', async () => {
    const copy = await clone();
    const old = await refOf(copy, 'main');
    const oid = await commitFile(copy, 'new', 'new\n');
    await client.ok(['push', '-q', 'origin', 'main', 'main:refs/heads/other'], copy);
    expect(await refOf(lab.at(name), 'main')).toBe(oid);
    expect(await refOf(lab.at(name), 'other')).toBe(oid);
    const push = lab.server.events.push.at(-1);
    expect(push?.repository.name).toBe(name);
    const zero = '0'.repeat(40);
    expect(push?.updates).toMatchObject([
      { refName: 'refs/heads/main', oldOid: old, newOid: oid, result: { status: 'ok' } },
      { refName: 'refs/heads/other', oldOid: zero, newOid: oid, result: { status: 'ok' } },
    ]);
    await fsck(lab.at(name));
  });

  it('refuses what is no fast-forward until it is forced', async () => {
    await gitOk(['config', 'receive.denyNonFastForwards', 'true'], { cwd: lab.at(name) });
    const copy = await clone();
    await gitOk(['commit', '-q', '--amend', '-m', 'other'], { cwd: copy });
    const denied = await client.try(['push', '--force', 'origin', 'main'], copy);
    expect(denied.code).toBe(1);
    expect(denied.stderr).toContain('! [remote rejected] main -> main (non-fast-forward)');
    await gitOk(['config', 'receive.denyNonFastForwards', 'false'], { cwd: lab.at(name) });
    expect((await client.try(['push', '-q', 'origin', 'main'], copy)).code).toBe(1);
    await client.ok(['push', '-q', '--force-with-lease', 'origin', 'main'], copy);
    expect(await refOf(lab.at(name), 'main')).toBe(await refOf(copy, 'main'));
    await fsck(lab.at(name));
  });

  it('deletes branches and tags', async () => {
    const copy = await clone();
    await client.ok(['push', '-q', 'origin', '--delete', 'topic', 'v1'], copy);
    expect(await refsOf(lab.at(name))).not.toMatch(/topic|v1/);
    expect(lab.server.events.push.at(-1)?.updates.map(({ newOid }) => newOid)).toEqual(
      Array.from({ length: 2 }, () => '0'.repeat(40)),
    );
    await fsck(lab.at(name));
  });

  it('pushes tags, and fetches an annotated one along with its commit', async () => {
    const copy = await clone();
    const other = await clone();
    await commitFile(other, 'tagged', 'tagged\n');
    await gitOk(['tag', '-a', '-m', 'second', 'v2'], { cwd: other });
    await client.ok(['push', '-q', '--follow-tags', 'origin', 'main'], other);
    await client.ok(['fetch', '-q'], copy);
    expect(await refOf(copy, 'v2')).toBe(await refOf(other, 'v2'));
    await fsck(lab.at(name));
  });

  it('refuses all of an atomic push when one ref is refused', async () => {
    writeHook(lab.at(name), 'update', '[ "$1" != refs/heads/topic ] || { echo not this one; exit 1; }');
    const copy = await clone();
    const before = await refsOf(lab.at(name));
    await commitFile(copy, 'x', 'x\n');
    const args = ['push', 'origin', 'main', 'main:topic'];
    const all = await client.try([...args.slice(0, 1), '--atomic', ...args.slice(1)], copy);
    expect(all.code).toBe(1);
    expect(all.stderr).toContain('remote: not this one');
    expect(await refsOf(lab.at(name))).toBe(before);
    const results = lab.server.events.push.at(-1)?.updates.map(({ result }) => result.status);
    expect(results).toEqual(['rejected', 'rejected']);
    const some = await client.try(args, copy);
    expect(some.code).toBe(1);
    expect(some.stderr).toContain('! [remote rejected] main -> topic (hook declined)');
    expect(await refOf(lab.at(name), 'main')).toBe(await refOf(copy, 'main'));
    await fsck(lab.at(name));
  });

  it('clones an empty repository and takes its first push', async () => {
    const empty = `empty-${count}.git`;
    await makeBareRepository(lab.at(empty), { commits: 0 });
    const copy = lab.fresh();
    expect((await client.try(['clone', lab.url(empty), copy])).stderr).toContain('empty repository');
    await gitOk(['checkout', '-q', '-B', 'main'], { cwd: copy });
    const oid = await commitFile(copy, 'first', 'first\n');
    await client.ok(['push', '-q', 'origin', 'main'], copy);
    expect(await refOf(lab.at(empty), 'main')).toBe(oid);
    await fsck(lab.at(empty));
  });

  it('clones with a detached and with a dangling HEAD', async () => {
    const oid = await refOf(lab.at(name), 'main~1');
    await gitOk(['update-ref', '--no-deref', 'HEAD', oid], { cwd: lab.at(name) });
    expect(await refOf(await clone(), 'HEAD')).toBe(oid);
    await gitOk(['symbolic-ref', 'HEAD', 'refs/heads/nowhere'], { cwd: lab.at(name) });
    const copy = await clone();
    expect(await refOf(copy, 'HEAD')).toBe('');
    expect(await refOf(copy, 'origin/main')).toBe(await refOf(lab.at(name), 'main'));
  });

  it('lists symbolic refs', async () => {
    await gitOk(['symbolic-ref', 'refs/heads/alias', 'refs/heads/topic'], { cwd: lab.at(name) });
    const listed = await client.ok(['ls-remote', '--symref', lab.url(name)]);
    expect(listed).toContain('ref: refs/heads/main\tHEAD');
    expect(listed).toContain(`${await refOf(lab.at(name), 'topic')}\trefs/heads/alias`);
  });

  it('hides hidden refs', async () => {
    await gitOk(['update-ref', 'refs/secret/one', 'main'], { cwd: lab.at(name) });
    await gitOk(['update-ref', 'refs/secret/open', 'main'], { cwd: lab.at(name) });
    await gitOk(['config', 'transfer.hideRefs', 'refs/secret'], { cwd: lab.at(name) });
    await gitOk(['config', '--add', 'transfer.hideRefs', '!refs/secret/open'], { cwd: lab.at(name) });
    const listed = await client.ok(['ls-remote', lab.url(name)]);
    expect(listed).not.toContain('refs/secret/one');
    expect(listed).toContain('refs/secret/open');
    const copy = await clone();
    const denied = await client.try(['push', 'origin', 'main:refs/secret/one'], copy);
    expect(denied.stderr).toContain('deny updating a hidden ref');
  });

  it('reports a ref that moved since the client looked', async () => {
    const copy = await clone();
    const moved = await refOf(lab.at(name), 'main~1');
    writeHook(
      lab.at(name),
      'pre-receive',
      `unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main ${moved}`,
    );
    await commitFile(copy, 'late', 'late\n');
    const result = await client.try(['push', 'origin', 'main'], copy);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/! \[remote rejected\] main -> main \(.*(failed to update ref|is at)/);
    expect(lab.server.events.push.at(-1)?.updates[0]?.result).toMatchObject({ status: 'rejected' });
    expect(await refOf(lab.at(name), 'main')).toBe(moved);
  });
});
