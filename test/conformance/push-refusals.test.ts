/** Refs of a push that are refused one by one: what the user reads, and what is written. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { GitServerOptions } from '../../src/index.js';
import { commitFile, gitOk } from '../support/fixtures.js';
import { encodePktLine } from '../../src/protocol/pkt-line.js';
import { rawRequest, type RawResponse } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { flush, zero } from './differential/case.js';
import { protocolVersions, refOf, writeHook } from './lab.js';
import { closePushPlaces, openPushPlace, protectMain, said, type PushPlace } from './push-place.js';
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
    // Deleted and made anew, it would be rewritten too.
    expect((await push('--delete', 'other')).stderr).toContain('(history stays as it is)');
  });
});

describe('what git would carry out and no rule has seen', () => {
  const send = async (
    place: PushPlace,
    lines: readonly (string | Buffer)[],
    pack: Buffer,
  ): Promise<RawResponse> => {
    const head = lines.map((line) => encodePktLine(line));
    return rawRequest({
      port: place.lab.server.port,
      method: 'POST',
      path: '/app.git/git-receive-pack',
      headers: pushType,
      body: Buffer.concat([...head, Buffer.from(flush), pack]),
    });
  };
  const allowOk: Partial<GitServerOptions> = {
    authorizeUpdate: ({ update }) => update.refName === 'refs/heads/ok' || 'no',
  };

  it('commands behind a NUL in a certificate are refused', async () => {
    const place = await openPushPlace(allowOk);
    const before = await refOf(place.repository, 'main');
    await commitFile(place.copy, 'new', 'new\n');
    const { oid, body } = await pushBody(place.copy, 'refs/heads/ok');
    const lines = [
      'push-cert\0report-status\n',
      'certificate version 0.1\n',
      'x\0\n',
      '\n',
      `${zero} ${oid} refs/heads/ok\n`,
      '\n',
      `${before} ${oid} refs/heads/main\n`,
      'push-cert-end\n',
    ];
    const answer = await send(place, lines, body.subarray(body.indexOf('PACK')));
    expect(answer.status).toBe(400);
    expect(await refOf(place.repository, 'main')).toBe(before);
    expect(await refOf(place.repository, 'refs/heads/ok')).toBe('');
  });

  it.each([
    ['by a rule', allowOk],
    ['by preReceive', { preReceive: ({ refuse }) => refuse('no', 'refs/heads/ev\ufffdil') }],
  ] satisfies [string, Partial<GitServerOptions>][])(
    'a name that is not UTF-8 is refused beside one that is allowed, %s',
    async (_how, options) => {
      const place = await openPushPlace(options);
      await commitFile(place.copy, 'new', 'new\n');
      const { oid, body } = await pushBody(place.copy, 'refs/heads/ok');
      const evil = Buffer.from(`${zero} ${oid} refs/heads/ev\u00ffil`, 'latin1');
      const lines = [`${zero} ${oid} refs/heads/ok\0report-status`, evil];
      const answer = await send(place, lines, body.subarray(body.indexOf('PACK')));
      expect(answer.body.toString('latin1')).toContain('ok refs/heads/ok\n');
      expect(await gitOk(['for-each-ref', 'refs/heads/ev*'], { cwd: place.repository })).toBe('');
    },
  );

  it('two commands for one ref are refused', async () => {
    const place = await openPushPlace(allowOk);
    await commitFile(place.copy, 'new', 'new\n');
    const { oid, body } = await pushBody(place.copy, 'refs/heads/ok');
    const line = `${zero} ${oid} refs/heads/ok`;
    const answer = await send(place, [`${line}\0report-status`, line], body.subarray(body.indexOf('PACK')));
    expect(answer.body.toString()).toBe('bad push: two commands for one ref\n');
  });

  it('a ref that goes to a proc-receive hook ends the whole push when one is refused', async () => {
    const place = await openPushPlace({
      authorizeUpdate: ({ update }) => update.refName !== 'refs/for/main',
    });
    await gitOk(['config', 'receive.procReceiveRefs', 'refs/for'], { cwd: place.repository });
    writeHook(place.repository, 'proc-receive', 'touch ran; exit 1');
    await commitFile(place.copy, 'new', 'new\n');
    const { stderr } = await place.push('main:refs/for/main', 'main:ok');
    expect(stderr).toContain('! [remote rejected] main -> ok (atomic push failure)');
    expect(existsSync(join(place.repository, 'ran'))).toBe(false);
    expect(await refOf(place.repository, 'refs/heads/ok')).toBe('');
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
