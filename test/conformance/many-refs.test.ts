/** 20,000 refs: long advertisements, and requests that clients compress. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addManyRefs, commitFile, fsck, gitOk, makeBareRepository } from '../support/fixtures.js';
import { clientOf, openLab, protocolVersions, type Lab } from './lab.js';

const refCount = 20_000;
let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await makeBareRepository(lab.at('many.git'));
  const work = lab.fresh();
  await gitOk(['clone', '-q', lab.at('many.git'), work]);
  await addManyRefs(lab.at('many.git'), refCount);
  // Sixty tips that differ, so that a client has many lines to say.
  for (let i = 0; i < 60; i++) {
    await gitOk(['checkout', '-q', '-b', `own-${i}`, 'main'], { cwd: work });
    await commitFile(work, `own-${i}`, `own ${i}\n`);
  }
  await gitOk(['push', '-q', lab.at('many.git'), '--all'], { cwd: work });
});
afterAll(() => lab.close());

/** Content-Encoding of all fetches that a client makes while `run` does its work. */
async function encodingsOf(run: () => Promise<unknown>): Promise<unknown[]> {
  const before = lab.server.events.fetch.length;
  await run();
  const since = lab.server.events.fetch.slice(before);
  expect(since.length).toBeGreaterThan(0);
  return since.map(({ context }) => context.headers['content-encoding']);
}

describe.each(protocolVersions)('protocol version %i', (version) => {
  const client = clientOf(version);

  it('clones all of them, with a compressed request', async () => {
    const copy = lab.fresh();
    // Beyond http.postBuffer (1 MiB) git sends chunks instead, uncompressed.
    const args = ['-c', 'http.postBuffer=8m', 'clone', '-q', '--mirror', lab.url('many.git'), copy];
    expect(await encodingsOf(() => client.ok(args))).toContain('gzip');
    const refs = await gitOk(['for-each-ref', '--format=%(refname)'], { cwd: copy });
    expect(refs.split('\n').filter((name) => name.startsWith('refs/heads/many/'))).toHaveLength(refCount);
    await fsck(copy);
  });

  it('clones all of them, with a request in chunks', async () => {
    const copy = lab.fresh();
    const encodings = await encodingsOf(() =>
      client.ok(['clone', '-q', '--mirror', lab.url('many.git'), copy]),
    );
    expect(encodings).toContain(undefined);
    expect(lab.server.events.fetch.at(-1)?.context.headers['transfer-encoding']).toBe('chunked');
    expect(lab.server.events.fetch.at(-1)?.request.wants.length).toBeGreaterThan(refCount);
    await fsck(copy);
  });

  it('fetches forty new branches with a compressed request', async () => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', '--mirror', lab.url('many.git'), copy]);
    const work = lab.fresh();
    await gitOk(['clone', '-q', '--single-branch', '-b', 'main', lab.at('many.git'), work]);
    const refSpecs: string[] = [];
    for (let i = 0; i < 40; i++) {
      const oid = await commitFile(work, `late-${version}`, `late ${i}\n`);
      refSpecs.push(`${oid}:refs/heads/late-${version}-${i}`);
    }
    await gitOk(['push', '-q', 'origin', ...refSpecs], { cwd: work });
    expect(await encodingsOf(() => client.ok(['fetch', '-q', 'origin'], copy))).toContain('gzip');
    expect(lab.server.events.fetch.at(-1)?.request.haveCount).toBeGreaterThan(0);
    const tip = await gitOk(['rev-parse', 'HEAD'], { cwd: work });
    expect(await gitOk(['rev-parse', `late-${version}-39`], { cwd: copy })).toBe(tip);
    await fsck(copy);
  });
});

it('takes a push of a hundred refs', async () => {
  await makeBareRepository(lab.at('pushed.git'), { commits: 0 });
  const refSpec = 'refs/heads/many/123*:refs/heads/many/123*';
  await gitOk(['push', '-q', lab.url('pushed.git'), refSpec], { cwd: lab.at('many.git') });
  const refs = await gitOk(['for-each-ref', '--format=%(refname)'], { cwd: lab.at('pushed.git') });
  expect(refs.split('\n')).toHaveLength(111);
  expect(lab.server.events.push.at(-1)?.updates).toHaveLength(111);
  await fsck(lab.at('pushed.git'));
});
