/** Refs of a push that are refused one by one: what the user reads, and what is written. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { GitServerOptions } from '../../src/index.js';
import { commitFile, gitOk } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { flush, pkt, zero } from './differential/case.js';
import { protocolVersions, refOf } from './lab.js';
import { closePushPlaces, openPushPlace, protectMain, said } from './push-place.js';
import { pushBody, pushType } from './raw-push.js';

afterEach(closePushPlaces);

describe.each(protocolVersions)('a ref that is refused, protocol version %i:', (version) => {
  it('alone: nothing is written, and no git is started', async () => {
    const { lab, repository, copy, push } = await openPushPlace(protectMain, version);
    const before = await refOf(repository, 'main');
    const objects = readdirSync(join(repository, 'objects'));
    await commitFile(copy, 'new', 'new\n');
    const { code, stderr } = await push('main');
    expect(code).toBe(1);
    expect(stderr).toContain(said);
    expect(await refOf(repository, 'main')).toBe(before);
    expect(readdirSync(join(repository, 'objects'))).toEqual(objects);
    await eventually('it is told', () => lab.server.events.push.length === 1);
    expect(lab.server.events.push[0]?.updates).toMatchObject([
      { refName: 'refs/heads/main', result: { status: 'rejected', reason: 'protected: ask a maintainer' } },
    ]);
    expect(lab.server.events.error).toEqual([]);
  });

  it('beside others, which go through', async () => {
    const { lab, repository, copy, push } = await openPushPlace(protectMain, version);
    const before = await refOf(repository, 'main');
    const oid = await commitFile(copy, 'new', 'new\n');
    const { code, stderr } = await push('main', 'main:topic', 'main:brand-new');
    expect(code).toBe(1);
    expect(stderr).toContain(said);
    expect(stderr).toContain('main -> topic');
    expect(stderr).toContain('* [new branch]');
    expect(await refOf(repository, 'main')).toBe(before);
    expect(await refOf(repository, 'topic')).toBe(oid);
    expect(await refOf(repository, 'brand-new')).toBe(oid);
    await eventually('it is told', () => lab.server.events.push.length === 1);
    const results = lab.server.events.push[0]?.updates.map(({ result }) => result.status);
    expect(results?.toSorted()).toEqual(['ok', 'ok', 'rejected']);
  });

  it('in an atomic push: none goes through', async () => {
    const { repository, copy, push } = await openPushPlace(protectMain, version);
    await commitFile(copy, 'new', 'new\n');
    const { code, stderr } = await push('--atomic', 'main', 'main:brand-new');
    expect(code).toBe(1);
    expect(stderr).toContain(said);
    expect(stderr).toContain('! [remote rejected] main -> brand-new (atomic push failure)');
    expect(await refOf(repository, 'brand-new')).toBe('');
  });
});

describe('history that is rewritten', () => {
  const onlyForward: Partial<GitServerOptions> = {
    authorizeUpdate: () => ({ unlessForced: 'history stays as it is' }),
  };

  it('is refused with the reason, and a fast-forward is not', async () => {
    const { repository, copy, push } = await openPushPlace(onlyForward);
    const next = await commitFile(copy, 'new', 'new\n');
    expect(await push('main')).toMatchObject({ code: 0 });
    await gitOk(['commit', '-q', '--amend', '-m', 'other'], { cwd: copy });
    const { code, stderr } = await push('--force', 'main', 'main:other');
    expect(code).toBe(1);
    expect(stderr).toContain('! [remote rejected] main -> main (history stays as it is)');
    expect(stderr).toContain('main -> other');
    expect(await refOf(repository, 'main')).toBe(next);
    // What creates or deletes rewrites nothing.
    expect(await push('--delete', 'other')).toMatchObject({ code: 0 });
  });
});

it('history that a pushed replacement makes look unbroken is rewritten all the same', async () => {
  const { repository, copy, push } = await openPushPlace({
    authorizeUpdate: ({ update }) =>
      update.refName !== 'refs/heads/main' || { unlessForced: 'history stays as it is' },
  });
  const main = await refOf(repository, 'main');
  await gitOk(['checkout', '-q', '--orphan', 'other'], { cwd: copy });
  const forced = await commitFile(copy, 'other', 'other\n');
  const tree = await gitOk(['rev-parse', 'HEAD^{tree}'], { cwd: copy });
  const replacement = await gitOk(['commit-tree', '-p', main, '-m', 'x', tree], { cwd: copy });
  expect((await push(`${replacement}:refs/replace/${forced}`)).code).toBe(0);
  const { code, stderr } = await push('--force', `${forced}:refs/heads/main`);
  expect(code).toBe(1);
  expect(stderr).toContain('(history stays as it is)');
  expect(await refOf(repository, 'main')).toBe(main);
});

describe('the report is well-formed', () => {
  it.each([
    ['without a sideband', 'report-status'],
    ['in a sideband', 'report-status side-band-64k'],
    ['of version 2', 'report-status-v2 side-band-64k object-format=sha1'],
    ['where there is none', 'side-band-64k'],
    ['where there is neither', ''],
  ])('%s', async (_name, capabilities) => {
    for (const ref of ['refs/heads/main', 'refs/heads/new']) {
      const { lab, repository, copy } = await openPushPlace({ ...protectMain, preReceive: () => {} });
      await commitFile(copy, 'new', 'new\n');
      const { oid, body } = await pushBody(copy, ref);
      const pack = body.subarray(body.indexOf('PACK'));
      const old = ref.endsWith('main') ? await refOf(repository, 'main') : zero;
      const head = `${pkt(`${old} ${oid} ${ref}\0${capabilities}`)}${flush}`;
      const answer = await rawRequest({
        port: lab.server.port,
        method: 'POST',
        path: '/app.git/git-receive-pack',
        headers: pushType,
        body: Buffer.concat([Buffer.from(head), pack]),
      });
      expect(answer).toMatchObject({ status: 200, complete: true });
      const text = answer.body.toString('latin1');
      const line = ref.endsWith('new') ? `ok ${ref}\n` : `ng ${ref} protected`;
      expect(text.includes(line)).toBe(capabilities.includes('report'));
      expect(text.endsWith('0000')).toBe(capabilities !== '');
      expect(await refOf(repository, ref)).toBe(ref.endsWith('new') ? oid : old);
    }
  });
});
