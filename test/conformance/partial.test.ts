/** Clones that leave objects out, and fetch them when they need them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository } from '../support/fixtures.js';
import { clientOf, openLab, protocolVersions, type Lab } from './lab.js';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  const work = lab.fresh();
  await gitOk(['init', '-q', '-b', 'main', work]);
  await commitFile(work, 'folder/small', 'small\n');
  await commitFile(work, 'large', 'x'.repeat(5000));
  await commitFile(work, 'large', 'y'.repeat(5000));
  for (const [name, allowed] of [
    ['partial.git', 'true'],
    ['whole.git', 'false'],
  ] as const) {
    await makeBareRepository(lab.at(name), { commits: 0 });
    await gitOk(['config', 'uploadpack.allowFilter', allowed], { cwd: lab.at(name) });
    // Lazy fetches ask for objects that no ref names; version 2 always allows that (upload-pack.c: parse_want).
    await gitOk(['config', 'uploadpack.allowAnySHA1InWant', allowed], { cwd: lab.at(name) });
    await gitOk(['push', '-q', lab.at(name), 'main'], { cwd: work });
  }
});
afterAll(() => lab.close());

/** Ids of objects that a clone has promised, but not got. */
const missing = async (copy: string): Promise<number> =>
  (await gitOk(['rev-list', '--objects', '--all', '--missing=print'], { cwd: copy }))
    .split('\n')
    .filter((line) => line.startsWith('?')).length;

describe.each(protocolVersions)('protocol version %i', (version) => {
  const client = clientOf(version);

  it.each([
    ['blob:none', 3],
    ['blob:limit=1k', 2],
    ['tree:0', 3],
  ])('clones with the filter %s', async (filter, least) => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', '--no-checkout', `--filter=${filter}`, lab.url('partial.git'), copy]);
    expect(await missing(copy)).toBeGreaterThanOrEqual(least);
    expect(lab.server.events.fetch.at(-1)?.request.filter).toMatch(filter.replace('=1k', '='));
    // What the checkout needs comes in further fetches.
    const before = lab.server.events.fetch.length;
    await client.ok(['checkout', '-q', 'main'], copy);
    expect(lab.server.events.fetch.length).toBeGreaterThan(before);
    await client.ok(['cat-file', '-e', 'HEAD~1:large'], copy);
    await fsck(copy);
  });

  it('gives the whole where filters are not allowed, and the client says so', async () => {
    const copy = lab.fresh();
    const { code, stderr } = await client.try(['clone', '--filter=blob:none', lab.url('whole.git'), copy]);
    expect(code).toBe(0);
    expect(stderr).toContain('filtering not recognized by server, ignoring');
    expect(await missing(copy)).toBe(0);
    await fsck(copy);
  });

  it('answers a filter that does not exist with an error that the client shows', async () => {
    await gitOk(['config', 'uploadpackfilter.tree.allow', 'false'], { cwd: lab.at('partial.git') });
    const args = ['clone', '--filter=tree:1', lab.url('partial.git'), lab.fresh()];
    const { code, stderr } = await client.try(args);
    await gitOk(['config', '--unset', 'uploadpackfilter.tree.allow'], { cwd: lab.at('partial.git') });
    expect(code).toBe(128);
    expect(stderr).toContain("filter 'tree' not supported");
  });

  it('gives a single object by its id where that is allowed', async () => {
    const oid = await gitOk(['rev-parse', 'main~1:large'], { cwd: lab.at('partial.git') });
    const copy = lab.fresh();
    await gitOk(['init', '-q', copy]);
    await client.ok(['fetch', '-q', lab.url('partial.git'), oid], copy);
    expect(await gitOk(['cat-file', '-t', oid], { cwd: copy })).toBe('blob');
    const again = lab.fresh();
    await gitOk(['init', '-q', again]);
    const { code } = await client.try(['fetch', '-q', lab.url('whole.git'), oid], again);
    expect(code === 0).toBe(version === 2);
  });
});
