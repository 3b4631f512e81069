/** Repositories whose object ids are SHA-256. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository, refsOf } from '../support/fixtures.js';
import { clientOf, openLab, protocolVersions, refOf, type Lab } from './lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await makeBareRepository(lab.at('new.git'), { objectFormat: 'sha256' });
});
afterAll(() => lab.close());

describe.each(protocolVersions)('protocol version %i', (version) => {
  const client = clientOf(version);

  it('clones, pushes, deletes and fetches', async () => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url('new.git'), copy]);
    expect(await gitOk(['rev-parse', '--show-object-format'], { cwd: copy })).toBe('sha256');
    const oid = await commitFile(copy, `v${version}`, 'x\n');
    expect(oid).toHaveLength(64);
    await client.ok(['push', '-q', 'origin', 'main', `main:side-${version}`], copy);
    expect(await refOf(lab.at('new.git'), 'main')).toBe(oid);
    expect(lab.server.events.push.at(-1)?.updates.map(({ newOid }) => newOid)).toEqual([oid, oid]);
    await client.ok(['push', '-q', 'origin', '--delete', `side-${version}`], copy);
    expect(lab.server.events.push.at(-1)?.updates[0]?.newOid).toBe('0'.repeat(64));
    await fsck(lab.at('new.git'));
    const shallow = lab.fresh();
    await client.ok(['clone', '-q', '--depth=1', lab.url('new.git'), shallow]);
    expect(await gitOk(['rev-list', '--count', 'HEAD'], { cwd: shallow })).toBe('1');
  });

  it('takes the first push into an empty one', async () => {
    const name = `empty-${version}.git`;
    await makeBareRepository(lab.at(name), { objectFormat: 'sha256', commits: 0 });
    await client.ok(['push', '-q', lab.url(name), 'main', 'v1'], lab.at('new.git'));
    expect((await refsOf(lab.at(name))).split('\n')).toHaveLength(2);
    await fsck(lab.at(name));
  });

  it('refuses a push of the other kind, and says why', async () => {
    const copy = lab.fresh();
    await gitOk(['init', '-q', '-b', 'main', copy]);
    await commitFile(copy, 'x', 'x\n');
    const { code, stderr } = await client.try(['push', lab.url('new.git'), 'main:other'], copy);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/object format|hash algorithm|not a valid|mismatched algorithms/);
    expect(await refOf(lab.at('new.git'), 'other')).toBe('');
  });
});
