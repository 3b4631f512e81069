/** Repositories that come into being by a push, and those that must not. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { commitRandom, fsck, gitOk, makeTempDir, makeWorkTree, refsOf } from '../support/fixtures.js';
import { openRaw, requestHead, type RawConnection } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { basic, openCreateLab, type CreateLab } from './create-lab.js';
import { flush, pkt, zero } from './differential/case.js';
import { clientOf, protocolVersions, writeHook } from './lab.js';
import { pushBody, pushType } from './raw-push.js';

let lab: CreateLab;
afterEach(() => lab.close());

const templates = makeTempDir();
afterAll(() => templates.dispose());

/** A template for new repositories with a pre-receive hook. */
function templateWith(hook: string): string {
  const template = join(templates.path, String(readdirSync(templates.path).length));
  writeHook(template, 'pre-receive', hook);
  return template;
}

describe.each(protocolVersions)('over version %i', (version) => {
  const speaker = clientOf(version);

  it('a first push makes the repository, with the folders on the way', async () => {
    lab = await openCreateLab({ description: 'mine', visibility: 'private' });
    await speaker.ok(['push', lab.as('ann', 'team/deep/app'), 'main', 'HEAD:refs/heads/dev'], lab.work);
    await eventually('the push is reported', () => lab.server.events.push.length === 1);
    const gitDir = lab.at('team/deep/app.git');
    await fsck(gitDir);
    expect((await refsOf(gitDir)).split('\n')).toHaveLength(2);
    expect(await gitOk(['config', 'gittyphoon.visibility'], { cwd: gitDir })).toBe('private');
    expect(readdirSync(gitDir)).not.toContain('hooks');
    const [push] = lab.server.events.push;
    expect(push?.repository).toEqual({ name: 'team/deep/app.git', gitDir });
    expect(lab.created.map(({ user, repository }) => [user?.name, repository])).toEqual([
      ['ann', { name: 'team/deep/app.git', gitDir }],
    ]);
    await speaker.ok(['clone', '-q', lab.as('ann', 'team/deep/app.git'), lab.fresh()]);
    await speaker.ok(['push', lab.as('ann', 'team/deep/app.git'), 'HEAD:refs/heads/second'], lab.work);
    expect(lab.created).toHaveLength(1);
    expect(lab.server.events.error).toEqual([]);
    await lab.expectNothing('team');
  });

  it('whoever may not is told what everybody is told of a repository that is missing', async () => {
    lab = await openCreateLab();
    const answers = [];
    for (const name of ['other', 'other.git', 'app.git/x']) {
      for (const user of ['ann', 'bob']) {
        const { code, stderr } = await speaker.try(['push', lab.as(user, name), 'main'], lab.work);
        answers.push([code, stderr.replaceAll(lab.url(name), 'URL')]);
      }
    }
    const [first] = answers;
    expect(first?.[1]).toContain('remote: repository not found');
    for (const answer of answers) expect(answer).toEqual(first);
    const nobody = await speaker.try(['push', lab.url('app'), 'main'], lab.work);
    expect(nobody.stderr).toContain('could not read Username');
    await lab.expectNothing();
  });
});

const client = clientOf(2);

it('nothing is created where the option is off, or its function says no', async () => {
  for (const options of [{ createOnPush: false as const }, { createOnPush: () => false as const }]) {
    lab = await openCreateLab({}, options);
    const { stderr } = await client.try(['push', lab.as('ann', 'app'), 'main'], lab.work);
    expect(stderr).toContain('remote: repository not found');
    await lab.expectNothing();
    await lab.close();
  }
  lab = await openCreateLab();
});

it('every request is decided by itself: a direct POST creates nothing for whom it is not allowed', async () => {
  lab = await openCreateLab();
  const post = (name: string, user?: string): Promise<Response> =>
    fetch(`${lab.url(name)}/git-receive-pack`, {
      method: 'POST',
      headers: [
        ...pushType.map(([key, value]): [string, string] => [key, value]),
        ...(user ? [['Authorization', basic(user)] as [string, string]] : []),
      ],
      body: '0000',
    });
  expect((await post('app')).status).toBe(401);
  expect((await post('app', 'bob')).status).toBe(404);
  expect((await post('other', 'ann')).status).toBe(404);
  // The probe that git sends before a large push creates nothing either.
  expect((await post('app', 'ann')).status).toBe(200);
  await lab.expectNothing();
});

it('discovery creates nothing, and leaves nothing in the temporary folder', async () => {
  const temporary = join(templates.path, 'temporary');
  mkdirSync(temporary);
  lab = await openCreateLab({ objectFormat: 'sha256' }, { limits: { temporaryDirectory: temporary } });
  expect(await client.ok(['ls-remote', lab.as('ann', 'team/x')]).catch(String)).toContain('not found');
  const answer = await fetch(`${lab.url('app')}/info/refs?service=git-receive-pack`, {
    headers: { Authorization: basic('ann') },
  });
  const text = await answer.text();
  expect(text).toContain(' capabilities^{}\0');
  expect(text).toContain('object-format=sha256');
  await eventually('the example is gone', () => readdirSync(temporary).length === 0);
  await lab.expectNothing();
});

it('a push without a name is asked for one, also where everybody may read', async () => {
  lab = await openCreateLab({}, { publicRead: true });
  for (const name of ['app', 'nobodys']) {
    const answer = await fetch(`${lab.url(name)}/info/refs?service=git-receive-pack`);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="Git"']);
  }
  const reading = await fetch(`${lab.url('app')}/info/refs?service=git-upload-pack`);
  expect(reading.status).toBe(404);
  await client.ok(['push', lab.as('ann', 'app'), 'main'], lab.work);
  await lab.expectNothing('app.git');
});

it('SHA-256 is what the settings ask for', async () => {
  lab = await openCreateLab({ objectFormat: 'sha256' });
  const other = await makeWorkTree(lab.fresh(), { objectFormat: 'sha256' });
  await client.ok(['push', lab.as('ann', 'app'), 'main'], other);
  await fsck(lab.at('app.git'));
  expect((await client.try(['push', lab.as('ann', 'team/sha1'), 'main'], lab.work)).code).not.toBe(0);
  await lab.expectNothing('app.git');
});

it('HEAD leads to a branch that was pushed, unless the settings name one', async () => {
  lab = await openCreateLab();
  await client.ok(['push', lab.as('ann', 'app'), 'HEAD:refs/heads/trunk'], lab.work);
  expect(await gitOk(['symbolic-ref', 'HEAD'], { cwd: lab.at('app.git') })).toBe('refs/heads/trunk');
  await lab.close();
  lab = await openCreateLab({ defaultBranch: 'stable' });
  await client.ok(['push', lab.as('ann', 'app'), 'main'], lab.work);
  expect(await gitOk(['symbolic-ref', 'HEAD'], { cwd: lab.at('app.git') })).toBe('refs/heads/stable');
});

describe('a push that fails leaves nothing', () => {
  it('when a hook refuses it', async () => {
    lab = await openCreateLab({ templateDirectory: templateWith('echo not today >&2; exit 1') });
    const { code, stderr } = await client.try(['push', lab.as('ann', 'app'), 'main'], lab.work);
    expect(code).not.toBe(0);
    expect(stderr).toContain('remote: not today');
    expect(stderr).toContain('pre-receive hook declined');
    await eventually('the push is reported', () => lab.server.events.push.length === 1);
    expect(lab.created).toEqual([]);
    await lab.expectNothing();
  });

  it('when it breaks off, or is no push', async () => {
    lab = await openCreateLab();
    await gitOk(['commit', '-q', '--allow-empty', '-m', 'base'], { cwd: lab.work });
    await gitOk(['update-ref', 'refs/remotes/origin/main', 'HEAD~1'], { cwd: lab.work });
    const { body } = await pushBody(lab.work, 'refs/heads/main');
    const headers = { 'Content-Type': pushType[0]?.[1] ?? '', Authorization: basic('ann') };
    for (const bytes of [body.subarray(0, body.length - 10), Buffer.from('nonsense'), body.subarray(0, 20)]) {
      const url = `${lab.url('app')}/git-receive-pack`;
      const answer = await fetch(url, { method: 'POST', headers, body: Uint8Array.from(bytes) });
      await answer.arrayBuffer().catch(() => {});
    }
    await lab.expectNothing();
    expect(lab.created).toEqual([]);
  });
});

it('of first pushes at the same time one creates it, and the others are told', async () => {
  lab = await openCreateLab();
  const count = 4;
  const results = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      client.try(['push', lab.as('ann', 'app'), `main:refs/heads/b${i}`], lab.work),
    ),
  );
  // One that comes a little later is an ordinary push to what is there by then.
  const good = results.filter(({ code }) => code === 0);
  expect(good.length).toBeGreaterThan(0);
  const bad = results.filter(({ code }) => code !== 0);
  for (const { stderr } of bad) expect(stderr).toContain('another push has created this repository');
  expect((await refsOf(lab.at('app.git'))).split('\n')).toHaveLength(good.length);
  expect(lab.created).toHaveLength(1);
  await fsck(lab.at('app.git'));
  await lab.expectNothing('app.git');
});

it('a push that finds another one there at its end is refused as a whole, and reported so', async () => {
  const hook = 'env -i PATH="$PATH" HOME=/nonexistent git init -q --bare "$ROOT/app.git"; echo working >&2';
  lab = await openCreateLab(
    { templateDirectory: templateWith(hook) },
    { environment: () => ({ ROOT: lab.root }) },
  );
  const { code, stderr } = await client.try(
    ['push', lab.as('ann', 'app'), 'main', 'HEAD:refs/heads/dev'],
    lab.work,
  );
  expect(code).not.toBe(0);
  expect(stderr).toContain('remote: working');
  expect(stderr.match(/remote rejected\] \S+ -> \w+ \(another push has created/g)).toHaveLength(2);
  await eventually('the push is reported', () => lab.server.events.push.length === 1);
  expect(lab.server.events.push[0]?.updates.map(({ result }) => result.status)).toEqual([
    'rejected',
    'rejected',
  ]);
  expect(await refsOf(lab.at('app.git'))).toBe('');
  await lab.expectNothing('app.git');
});

it('large pushes, which git probes for and sends in chunks, arrive as well', async () => {
  lab = await openCreateLab();
  await commitRandom(lab.work, 'large', 3 * 1024 * 1024);
  await client.ok(['push', lab.as('ann', 'app'), 'main'], lab.work);
  await fsck(lab.at('app.git'));
  expect(lab.created).toHaveLength(1);
});

describe('a push that has arrived completely', () => {
  const request = async (capabilities: string, hook: string): Promise<RawConnection> => {
    lab = await openCreateLab({ templateDirectory: templateWith(hook) });
    const oid = await gitOk(['rev-parse', 'HEAD'], { cwd: lab.work });
    const encoded = await gitOk(
      ['-c', 'alias.pack=!git pack-objects --stdout -q --revs | base64 -w0', 'pack'],
      { cwd: lab.work, input: 'main\n' },
    );
    const body = Buffer.concat([
      Buffer.from(`${pkt(`${zero} ${oid} refs/heads/main\0${capabilities}`)}${flush}`),
      Buffer.from(encoded, 'base64'),
    ]);
    const connection = await openRaw(lab.server.port);
    const headers = [...pushType, ['Authorization', basic('ann')]] as const;
    const head = requestHead({ method: 'POST', path: '/app/git-receive-pack', headers, body });
    await connection.write(Buffer.concat([Buffer.from(head), body]));
    return connection;
  };

  it('creates the repository also when its client does not wait for the report', async () => {
    const connection = await request('report-status side-band-64k', 'echo here >&2; sleep 0.5');
    await eventually('the answer has begun', () => connection.received.includes('here'));
    connection.socket.destroy();
    await eventually('it is there', () => existsSync(lab.at('app.git')));
    await fsck(lab.at('app.git'));
    await lab.expectNothing('app.git');
    expect(lab.created).toHaveLength(1);
  });

  it('creates it also when no report was asked for', async () => {
    const connection = await request('', 'exit 0');
    const { status } = await connection.response('POST');
    expect(status).toBe(200);
    await fsck(lab.at('app.git'));
    connection.socket.destroy();
  });
});
