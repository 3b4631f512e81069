/** Repositories that come into being by a push, and everything that must not. */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CreateEvent, CreateSettings, GitServerOptions } from '../../src/index.js';
import {
  commitRandom,
  fsck,
  gitOk,
  makeBareRepository,
  makeTempDir,
  makeWorkTree,
  refsOf,
} from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { clientOf, openLab, protocolVersions, writeHook, type Lab } from './lab.js';
import { pushBody, pushType } from './raw-push.js';

let lab: Lab;
let work: string;
let created: CreateEvent[];
const templates = makeTempDir();
afterAll(() => templates.dispose());

/** Ann may push to everything below `team/` and to `app.git`; bob may read everything. */
const policy: Partial<GitServerOptions> = {
  publicRead: false,
  publicWrite: false,
  authenticate: ({ credentials }) =>
    credentials?.scheme === 'basic' && credentials.password === 'x' ? { name: credentials.username } : null,
  authorize: ({ name, user, context }) =>
    user?.name === 'ann'
      ? name.startsWith('team/') || name === 'app.git'
      : user?.name === 'bob' && context.operation === 'read',
};

async function open(
  settings: CreateSettings | false = {},
  options: Partial<GitServerOptions> = {},
): Promise<void> {
  lab = await openLab({ ...policy, createOnPush: () => settings, ...options });
  lab.server.git.on('create', (event) => void created.push(event));
  work = await makeWorkTree(lab.fresh());
}

const as = (user: string, name: string): string => lab.url(name).replace('//', `//${user}:x@`);

/** A template for new repositories with a pre-receive hook. */
function templateWith(hook: string): string {
  const template = join(templates.path, String(readdirSync(templates.path).length));
  writeHook(template, 'pre-receive', hook);
  return template;
}

/** Nothing is left: neither a repository nor anything half-made. */
async function expectNothing(...but: string[]): Promise<void> {
  await eventually('all that was half-made is gone', () => {
    const staging = join(lab.root, '.gittyphoon-new');
    return !existsSync(staging) || readdirSync(staging).length === 0;
  });
  expect(readdirSync(lab.root).filter((name) => name !== '.gittyphoon-new')).toEqual(but);
}

beforeEach(() => {
  created = [];
});
afterEach(() => lab.close());

describe.each(protocolVersions)('over version %i', (version) => {
  const client = clientOf(version);

  it('a first push makes the repository, with the folders on the way', async () => {
    await open({ description: 'mine', visibility: 'private' });
    await client.ok(['push', as('ann', 'team/deep/app'), 'main', 'HEAD:refs/heads/dev'], work);
    await eventually('the push is reported', () => lab.server.events.push.length === 1);
    const gitDir = lab.at('team/deep/app.git');
    await fsck(gitDir);
    expect((await refsOf(gitDir)).split('\n')).toHaveLength(2);
    expect(await gitOk(['config', 'gittyphoon.visibility'], { cwd: gitDir })).toBe('private');
    expect(readdirSync(gitDir)).not.toContain('hooks');
    const [push] = lab.server.events.push;
    expect(push?.repository).toEqual({ name: 'team/deep/app.git', gitDir });
    expect(created.map(({ user, repository }) => [user?.name, repository])).toEqual([
      ['ann', { name: 'team/deep/app.git', gitDir }],
    ]);
    await client.ok(['clone', '-q', as('ann', 'team/deep/app.git'), lab.fresh()]);
    await client.ok(['push', as('ann', 'team/deep/app.git'), 'HEAD:refs/heads/second'], work);
    expect(created).toHaveLength(1);
    expect(lab.server.events.error).toEqual([]);
    await expectNothing('team');
  });

  it('whoever may not is told what everybody is told of a repository that is missing', async () => {
    await open();
    const answers = [];
    for (const name of ['other', 'other.git', 'app.git/x']) {
      for (const user of ['ann', 'bob']) {
        const { code, stderr } = await client.try(['push', as(user, name), 'main'], work);
        answers.push([code, stderr.replaceAll(lab.url(name), 'URL')]);
      }
    }
    const [first] = answers;
    expect(first?.[1]).toContain('remote: repository not found');
    for (const answer of answers) expect(answer).toEqual(first);
    const nobody = await client.try(['push', lab.url('app'), 'main'], work);
    expect(nobody.stderr).toContain('could not read Username');
    await expectNothing();
  });
});

const { ok, try: attempt } = clientOf(2);

it('nothing is created where the option is off, or its function says no', async () => {
  for (const options of [{ createOnPush: false as const }, { createOnPush: () => false as const }]) {
    await open({}, options);
    const { stderr } = await attempt(['push', as('ann', 'app'), 'main'], work);
    expect(stderr).toContain('remote: repository not found');
    await expectNothing();
    await lab.close();
  }
  await open();
});

it('every request is decided by itself: a direct POST creates nothing for whom it is not allowed', async () => {
  await open();
  const post = (name: string, user?: string): Promise<Response> =>
    fetch(`${lab.url(name)}/git-receive-pack`, {
      method: 'POST',
      headers: [
        ...pushType.map(([key, value]): [string, string] => [key, value]),
        ...(user ? [['Authorization', `Basic ${btoa(`${user}:x`)}`] as [string, string]] : []),
      ],
      body: '0000',
    });
  expect((await post('app')).status).toBe(401);
  expect((await post('app', 'bob')).status).toBe(404);
  expect((await post('other', 'ann')).status).toBe(404);
  // The probe that git sends before a large push creates nothing either.
  expect((await post('app', 'ann')).status).toBe(200);
  await expectNothing();
});

it('discovery creates nothing, and leaves nothing in the temporary folder', async () => {
  const temporary = join(templates.path, 'temporary');
  mkdirSync(temporary);
  await open({ objectFormat: 'sha256' }, { limits: { temporaryDirectory: temporary } });
  expect(await ok(['ls-remote', as('ann', 'team/x')]).catch(String)).toContain('not found');
  const answer = await fetch(`${lab.url('app')}/info/refs?service=git-receive-pack`, {
    headers: { Authorization: `Basic ${btoa('ann:x')}` },
  });
  const text = await answer.text();
  expect(text).toContain(' capabilities^{}\0');
  expect(text).toContain('object-format=sha256');
  await eventually('the example is gone', () => readdirSync(temporary).length === 0);
  await expectNothing();
});

it('SHA-256 is what the settings ask for', async () => {
  await open({ objectFormat: 'sha256' });
  const other = await makeWorkTree(lab.fresh(), { objectFormat: 'sha256' });
  await ok(['push', as('ann', 'app'), 'main'], other);
  await fsck(lab.at('app.git'));
  expect((await attempt(['push', as('ann', 'team/sha1'), 'main'], work)).code).not.toBe(0);
  await expectNothing('app.git');
});

it('HEAD leads to a branch that was pushed, unless the settings name one', async () => {
  await open();
  await ok(['push', as('ann', 'app'), 'HEAD:refs/heads/trunk'], work);
  expect(await gitOk(['symbolic-ref', 'HEAD'], { cwd: lab.at('app.git') })).toBe('refs/heads/trunk');
  await lab.close();
  await open({ defaultBranch: 'stable' });
  await ok(['push', as('ann', 'app'), 'main'], work);
  expect(await gitOk(['symbolic-ref', 'HEAD'], { cwd: lab.at('app.git') })).toBe('refs/heads/stable');
});

describe('a push that fails leaves nothing', () => {
  it('when a hook refuses it', async () => {
    await open({ templateDirectory: templateWith('echo not today >&2; exit 1') });
    const { code, stderr } = await attempt(['push', as('ann', 'app'), 'main'], work);
    expect(code).not.toBe(0);
    expect(stderr).toContain('remote: not today');
    expect(stderr).toContain('pre-receive hook declined');
    await eventually('the push is reported', () => lab.server.events.push.length === 1);
    expect(created).toEqual([]);
    await expectNothing();
  });

  it('when it breaks off, or is no push', async () => {
    await open();
    await gitOk(['commit', '-q', '--allow-empty', '-m', 'base'], { cwd: work });
    await gitOk(['update-ref', 'refs/remotes/origin/main', 'HEAD~1'], { cwd: work });
    const { body } = await pushBody(work, 'refs/heads/main');
    const headers = { 'Content-Type': pushType[0]?.[1] ?? '', Authorization: `Basic ${btoa('ann:x')}` };
    for (const bytes of [body.subarray(0, body.length - 10), Buffer.from('nonsense'), body.subarray(0, 20)]) {
      const url = `${lab.url('app')}/git-receive-pack`;
      const answer = await fetch(url, { method: 'POST', headers, body: Uint8Array.from(bytes) });
      await answer.arrayBuffer().catch(() => {});
    }
    await expectNothing();
    expect(created).toEqual([]);
  });
});

it('of first pushes at the same time one creates it, and the others are told', async () => {
  await open();
  const count = 4;
  const results = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      attempt(['push', as('ann', 'app'), `main:refs/heads/b${i}`], work),
    ),
  );
  // One that comes a little later is an ordinary push to what is there by then.
  const good = results.filter(({ code }) => code === 0);
  expect(good.length).toBeGreaterThan(0);
  for (const { code, stderr } of results) {
    if (code !== 0) expect(stderr).toMatch(/another push has created this repository|HTTP 403/);
  }
  expect((await refsOf(lab.at('app.git'))).split('\n')).toHaveLength(good.length);
  expect(created).toHaveLength(1);
  await fsck(lab.at('app.git'));
  await expectNothing('app.git');
});

it('a push that finds another one there at its end is refused as a whole, and reported so', async () => {
  const hook = 'env -i PATH="$PATH" HOME=/nonexistent git init -q --bare "$ROOT/app.git"; echo working >&2';
  await open({ templateDirectory: templateWith(hook) }, { environment: () => ({ ROOT: lab.root }) });
  const { code, stderr } = await attempt(['push', as('ann', 'app'), 'main', 'HEAD:refs/heads/dev'], work);
  expect(code).not.toBe(0);
  expect(stderr).toContain('remote: working');
  expect(stderr.match(/remote rejected\] \S+ -> \w+ \(another push has created/g)).toHaveLength(2);
  await eventually('the push is reported', () => lab.server.events.push.length === 1);
  expect(lab.server.events.push[0]?.updates.map(({ result }) => result.status)).toEqual([
    'rejected',
    'rejected',
  ]);
  expect(await refsOf(lab.at('app.git'))).toBe('');
  await expectNothing('app.git');
});

describe('names', () => {
  const refused = async (path: string, text: string): Promise<void> => {
    const { code, stderr } = await attempt(['push', as('ann', path), 'main'], work);
    expect([path, code]).not.toEqual([path, 0]);
    expect(stderr).toContain(text);
  };

  it('that are evil make nothing, also for whom all is allowed', async () => {
    await open({}, { authorize: ({ user }) => user?.name === 'ann' });
    for (const path of [
      'team/.hidden',
      '.gittyphoon-trash/x',
      '-x',
      'x.lock',
      'a.git/b',
      'x.git.git',
      'x.GIT',
      'a%2a',
      'a%3fb',
      'tab%E2%80%8Bless',
      `${'x'.repeat(210)}`,
      `${'d/'.repeat(25)}x`,
    ]) {
      await refused(path, 'remote: no repository can be created: the name ');
    }
    for (const path of ['%2e%2e/x', 'a%2fb', 'a%5cb', 'a%00', '../x', 'a//b']) {
      const answer = await fetch(`${lab.server.url}/${path}/info/refs?service=git-receive-pack`, {
        headers: { Authorization: `Basic ${btoa('ann:x')}` },
      });
      expect([path, answer.status]).toEqual([path, path === '../x' ? 200 : 404]);
      await answer.arrayBuffer();
    }
    await expectNothing();
  });

  it('inside another repository, behind a link or in the way of something make nothing, and tell no more', async () => {
    await open({}, { authorize: ({ user }) => user?.name === 'ann' });
    await makeBareRepository(lab.at('plain'), { commits: 0 });
    await makeWorkTree(lab.at('tree'));
    mkdirSync(lab.at('outside'));
    mkdirSync(lab.at('folder.git'));
    symlinkSync(lab.fresh(), lab.at('dangling.git'));
    symlinkSync(lab.at('outside'), lab.at('link'));
    const there = readdirSync(lab.root);
    for (const path of ['plain/x', 'plain/hooks/x', 'tree/x', 'link/x', 'folder', 'dangling']) {
      await refused(path, 'remote: no repository of this name can be created here');
    }
    expect(readdirSync(lab.at('outside'))).toEqual([]);
    await expectNothing(...there);
  });

  it('are authorised as what would be served, not as what was asked for', async () => {
    const asked: string[] = [];
    await open(
      {},
      {
        authorize: ({ name, repository, context }) => {
          if (context.operation === 'write' && !repository) asked.push(name);
          return name === 'app';
        },
      },
    );
    await refused('app', 'remote: repository not found');
    expect(asked[0]).toBe('app.git');
    await expectNothing();
  });

  it('that a token does not open are not created with it', async () => {
    await open(
      {},
      {
        authenticate: () => ({
          name: 'ann',
          scope: { operations: ['read', 'write'], includes: (name) => name === 'team/mine.git' },
        }),
      },
    );
    await refused('team/other', 'remote: repository not found');
    await ok(['push', as('ann', 'team/mine'), 'main'], work);
    await expectNothing('team');
  });
});

it('with requireExportOk the new repository is served as well', async () => {
  await open({}, { requireExportOk: true });
  await ok(['push', as('ann', 'app'), 'main'], work);
  await ok(['ls-remote', as('ann', 'app')]);
});

it('a store of its own kind makes repositories with create()', async () => {
  const made = new Map<string, string>();
  const log: string[] = [];
  const place = templates.path;
  await open(
    {},
    {
      repositories: {
        find: async (path) => {
          const gitDir = made.get(`${path.replace(/\.git$/, '')}.git`);
          return gitDir === undefined ? undefined : { name: path, gitDir };
        },
        create: async (name) => {
          const gitDir = await makeBareRepository(join(place, `store-${log.length}.git`), { commits: 0 });
          log.push(`create ${name}`);
          return {
            repository: { name, gitDir },
            publish: async () => {
              made.set(name, gitDir);
              log.push('publish');
              return { name, gitDir };
            },
            discard: async () => void log.push('discard'),
          };
        },
      },
    },
  );
  await ok(['push', as('ann', 'team/app'), 'main'], work);
  await eventually('it is over', () => log.includes('discard'));
  expect(log).toEqual(['create team/app.git', 'publish', 'discard']);
  await ok(['ls-remote', as('ann', 'team/app')]);
});

it('large pushes, which git probes for and sends in chunks, arrive as well', async () => {
  await open();
  await commitRandom(work, 'large', 3 * 1024 * 1024);
  await ok(['push', as('ann', 'app'), 'main'], work);
  await fsck(lab.at('app.git'));
  expect(created).toHaveLength(1);
});
