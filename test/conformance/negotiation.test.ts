/** How client and server find out what they have in common, and what else a fetch may ask for. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository } from '../support/fixtures.js';
import { flush, pkt } from './differential/case.js';
import { clientOf, openLab, protocolVersions, refOf, type Lab } from './lab.js';
import { advertisementOf, askUploadPack, v2Request } from './raw-fetch.js';

let lab: Lab;
let main = '';
let parent = '';
beforeAll(async () => {
  lab = await openLab();
  await makeBareRepository(lab.at('app.git'));
  main = await refOf(lab.at('app.git'), 'main');
  parent = await refOf(lab.at('app.git'), 'main~1');
});
afterAll(() => lab.close());

const ask = (args: readonly string[]): Promise<string[]> =>
  askUploadPack(lab, 'app.git', v2Request('fetch', args));
const isPack = (packet: string): boolean => packet.startsWith('\u0001PACK');

describe('version 2', () => {
  it('acknowledges what is common, says when it is ready, and sends the pack at once', async () => {
    const packets = await ask([`want ${main}`, `have ${parent}`, 'no-progress']);
    expect(packets.slice(0, 5)).toEqual(['acknowledgments', `ACK ${parent}`, 'ready', '0001', 'packfile']);
    expect(packets.at(-1)).toBe(flush);
  });

  it('says so when nothing is common, and waits for more', async () => {
    expect(await ask([`want ${main}`, `have ${'1'.repeat(40)}`])).toEqual(['acknowledgments', 'NAK', '0000']);
  });

  it('holds the pack back from who waits for done', async () => {
    const args = [`want ${main}`, `have ${parent}`, 'wait-for-done', 'no-progress'];
    expect(await ask(args)).toEqual(['acknowledgments', `ACK ${parent}`, '0000']);
    expect((await ask([...args, 'done'])).slice(0, 1)).toEqual(['packfile']);
  });

  it('tells a client that only asks what is common', async () => {
    const copy = lab.fresh();
    await gitOk(['clone', '-q', lab.at('app.git'), copy]);
    await commitFile(copy, 'own', 'own\n');
    const before = lab.server.events.fetch.length;
    const args = ['fetch', '--negotiate-only', '--negotiation-tip=main', lab.url('app.git')];
    expect((await clientOf(2).ok(args, copy)).split('\n')).toContain(main);
    // No pack has gone out: that was no fetch.
    expect(lab.server.events.fetch.length).toBe(before);
    await clientOf(2).ok(
      ['-c', 'push.negotiate=true', 'push', '-q', lab.url('app.git'), 'main:refs/heads/own'],
      copy,
    );
    expect(await refOf(lab.at('app.git'), 'own')).toBe(await refOf(copy, 'main'));
    await fsck(lab.at('app.git'));
  });

  // git dies without an ERR packet when a section has begun already; the missing flush packet tells.
  it('a date that leaves nothing does not make an answer that looks whole', async () => {
    const packets = await ask([`want ${main}`, `have ${parent}`, 'deepen-since 4000000000', 'no-progress']);
    expect(packets.some(isPack)).toBe(false);
    expect(packets.at(-1)).toMatch(/^shallow-info$|^ERR /);
    const copy = lab.fresh();
    await gitOk(['clone', '-q', '--depth=1', `file://${lab.at('app.git')}`, copy]);
    const args = ['fetch', '--shallow-since=2096-01-01', lab.url('app.git'), 'main'];
    const { code, stderr } = await clientOf(2).try(args, copy);
    expect(code).toBe(128);
    expect(stderr).toMatch(
      /error processing shallow info|no commits selected for shallow requests|git failed/,
    );
    await fsck(copy);
  });

  it('tells of a date that is none', async () => {
    expect((await ask([`want ${main}`, 'deepen-since yesterday', 'done'])).at(-1)).toMatch(/^ERR |failed/);
  });
});

describe.each([0, 1])('version %i', (version) => {
  const send = (capabilities: string, ...haves: readonly string[]): Promise<string[]> =>
    askUploadPack(
      lab,
      'app.git',
      `${pkt(`want ${main} side-band-64k no-progress ${capabilities}\n`)}${flush}${haves
        .map((have) => pkt(`${have}\n`))
        .join('')}${haves.at(-1) === 'done' ? '' : flush}`,
      version,
    );

  it('advertises its version, behind the name of the service, from 1 on', async () => {
    for (const service of ['git-upload-pack', 'git-receive-pack'] as const) {
      const packets = await advertisementOf(lab, 'app.git', service, version);
      expect(packets.slice(0, 2)).toEqual([`# service=${service}`, flush]);
      expect(packets[2] === 'version 1').toBe(version === 1);
    }
  });

  it('sends the pack without a further request to who says no-done', async () => {
    const detailed = await send('multi_ack_detailed', `have ${parent}`);
    expect(detailed.some(isPack)).toBe(false);
    expect(detailed).toContain(`ACK ${parent} ready`);
    const hasty = await send('multi_ack_detailed no-done', `have ${parent}`);
    expect(hasty.at(-1)).toBe(flush);
    expect(hasty.some(isPack)).toBe(true);
  });

  it('says NAK where nothing is common', async () => {
    expect(await send('multi_ack_detailed', `have ${'1'.repeat(40)}`)).toEqual(['NAK']);
  });
});

describe.each(protocolVersions)('filters, protocol version %i', (version) => {
  const client = clientOf(version);
  const clone = async (...args: readonly string[]): Promise<string> => {
    const copy = lab.fresh();
    await client.ok(['clone', '-q', '--no-checkout', ...args, lab.url('deep.git'), copy]);
    return copy;
  };
  const missing = async (copy: string): Promise<number> =>
    (await gitOk(['rev-list', '--objects', '--all', '--missing=print'], { cwd: copy }))
      .split('\n')
      .filter((line) => line.startsWith('?')).length;
  beforeAll(async () => {
    if (version > 0) return;
    await makeBareRepository(lab.at('deep.git'), { commits: 0 });
    const work = lab.fresh();
    await gitOk(['init', '-q', '-b', 'main', work]);
    await commitFile(work, 'a/b/c/file', 'small\n');
    await commitFile(work, 'large', 'x'.repeat(5000));
    await gitOk(['push', '-q', lab.at('deep.git'), 'main'], { cwd: work });
    for (const key of ['uploadpack.allowFilter', 'uploadpack.allowAnySHA1InWant']) {
      await gitOk(['config', key, 'true'], { cwd: lab.at('deep.git') });
    }
  });

  it('a depth of trees, and several filters at once', async () => {
    expect(await missing(await clone('--filter=tree:1'))).toBe(2);
    expect(await missing(await clone('--filter=tree:4'))).toBe(1);
    const both = await clone('--filter=combine:blob:limit=1k+tree:2');
    expect(lab.server.events.fetch.at(-1)?.request.filter).toBe('combine:blob:limit=1k+tree:2');
    await client.ok(['checkout', '-q', 'main'], both);
    await fsck(both);
  });

  it('no deeper than the operator allows', async () => {
    await gitOk(['config', 'uploadpackfilter.tree.maxDepth', '2'], { cwd: lab.at('deep.git') });
    await clone('--filter=tree:2');
    const denied = await client.try(['clone', '--filter=tree:3', lab.url('deep.git'), lab.fresh()]);
    await gitOk(['config', '--unset', 'uploadpackfilter.tree.maxDepth'], { cwd: lab.at('deep.git') });
    expect(denied.code).toBe(128);
    expect(denied.stderr).toContain('tree filter allows max depth 2, but got 3');
  });
});
