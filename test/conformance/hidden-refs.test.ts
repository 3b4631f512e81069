/** Refs that are kept from view (git-config, transfer.hideRefs): what that does, and what it does not. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository } from '../support/fixtures.js';
import { clientOf, openLab, protocolVersions, refOf, type Lab } from './lab.js';

let lab: Lab;
let count = 0;
let name = '';
beforeAll(async () => {
  lab = await openLab({
    environment: ({ context }): Record<string, string> => {
      const tenant = context.headers['x-tenant'];
      return typeof tenant === 'string' ? { GIT_NAMESPACE: tenant } : {};
    },
  });
});
afterAll(() => lab.close());
beforeEach(async () => {
  name = `app-${(count += 1)}.git`;
  await makeBareRepository(lab.at(name));
  for (const ref of ['refs/a/one', 'refs/a/b/two', 'refs/a/b/c/three']) {
    await gitOk(['update-ref', ref, 'main'], { cwd: lab.at(name) });
  }
});

/** In the words of the server, and of a client that does not even ask. */
const refusal = /not our ref|does not allow request for unadvertised object/;

const hide = async (key: string, ...values: readonly string[]): Promise<void> => {
  for (const value of values) await gitOk(['config', '--add', key, value], { cwd: lab.at(name) });
};

describe.each(protocolVersions)('protocol version %i', (version) => {
  const client = clientOf(version);
  const listed = async (...config: readonly string[]): Promise<string[]> => {
    const lines = (await client.ok([...config, 'ls-remote', lab.url(name)])).split('\n');
    return lines.map((line) => line.split('\t')[1] ?? '').filter((ref) => ref.startsWith('refs/a/'));
  };

  it('the last rule that fits decides', async () => {
    await hide('transfer.hideRefs', 'refs/a', '!refs/a/b', 'refs/a/b/c');
    expect(await listed()).toEqual(['refs/a/b/two']);
    await hide('transfer.hideRefs', '!refs/a');
    expect(await listed()).toEqual(['refs/a/b/c/three', 'refs/a/b/two', 'refs/a/one']);
  });

  it('a rule hides whole components, not beginnings of names', async () => {
    await gitOk(['update-ref', 'refs/a/bb', 'main'], { cwd: lab.at(name) });
    await hide('transfer.hideRefs', 'refs/a/b');
    expect(await listed()).toEqual(['refs/a/bb', 'refs/a/one']);
  });

  it('in a namespace, a rule with ^ means the full name and others the one that is seen', async () => {
    const tenant = ['-c', 'http.extraHeader=X-Tenant: red'];
    for (const ref of ['refs/a/one', 'refs/a/four']) {
      await gitOk(['update-ref', `refs/namespaces/red/${ref}`, 'main'], { cwd: lab.at(name) });
    }
    await hide('transfer.hideRefs', '^refs/namespaces/red/refs/a/four');
    expect(await listed(...tenant)).toEqual(['refs/a/one']);
    await hide('transfer.hideRefs', '^refs/a/one');
    expect(await listed(...tenant)).toEqual(['refs/a/one']);
    await hide('transfer.hideRefs', 'refs/a/one');
    expect(await listed(...tenant)).toEqual([]);
  });

  it('rules for one service leave the other alone', async () => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url(name), copy]);
    await hide('receive.hideRefs', 'refs/a/one');
    await hide('uploadpack.hideRefs', 'refs/a/b');
    expect(await listed()).toEqual(['refs/a/one']);
    const oid = await commitFile(copy, 'x', 'x\n');
    const denied = await client.try(['push', 'origin', 'main:refs/a/one'], copy);
    expect(denied.stderr).toContain('! [remote rejected] main -> refs/a/one (deny updating a hidden ref)');
    await client.ok(['push', '-q', 'origin', 'main:refs/a/b/two'], copy);
    expect(await refOf(lab.at(name), 'refs/a/b/two')).toBe(oid);
    const deleted = await client.try(['push', 'origin', ':refs/a/one'], copy);
    expect(deleted.stderr).toMatch(/deny deleting a hidden ref|remote ref does not exist/);
    expect(await refOf(lab.at(name), 'refs/a/one')).not.toBe('');
    await fsck(lab.at(name));
  });

  // upload-pack.c: parse_want. Hiding keeps the list tidy; it is no access control.
  it('what only a hidden ref reaches is given to those who know its id, in version 2 without a question', async () => {
    const tree = await gitOk(['rev-parse', 'main^{tree}'], { cwd: lab.at(name) });
    const secret = await gitOk(['commit-tree', '-m', 'secret', tree], { cwd: lab.at(name) });
    await gitOk(['update-ref', 'refs/secret/one', secret], { cwd: lab.at(name) });
    await hide('transfer.hideRefs', 'refs/secret');
    const copy = lab.fresh();
    await gitOk(['init', '-q', copy]);
    const fetched = await client.try(['fetch', lab.url(name), secret], copy);
    expect(fetched.code === 0).toBe(version === 2);
    expect(refusal.test(fetched.stderr)).toBe(version !== 2);
    await hide('uploadpack.allowTipSHA1InWant', 'true');
    await client.ok(['fetch', '-q', lab.url(name), secret], copy);
    expect(await gitOk(['cat-file', '-t', secret], { cwd: copy })).toBe('commit');
  });
});

it('a dumb client is shown hidden refs, too', async () => {
  await hide('transfer.hideRefs', 'refs/a');
  const listed = await gitOk(['ls-remote', lab.url(name)], { env: { GIT_SMART_HTTP: '0' } });
  expect(listed).toContain('refs/a/b/c/three');
});
