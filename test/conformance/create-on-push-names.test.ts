/** The names that a push may give to a new repository, and where new repositories go. */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeBareRepository, makeTempDir, makeWorkTree } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { basic, openCreateLab, type CreateLab } from './create-lab.js';
import { clientOf } from './lab.js';

let lab: CreateLab;
afterEach(() => lab.close());

const client = clientOf(2);

describe('names', () => {
  const refused = async (path: string, text: string): Promise<void> => {
    const { code, stderr } = await client.try(['push', lab.as('ann', path), 'main'], lab.work);
    expect([path, code]).not.toEqual([path, 0]);
    expect(stderr).toContain(text);
  };

  it('that are evil make nothing, also for whom all is allowed', async () => {
    lab = await openCreateLab({}, { authorize: ({ user }) => user?.name === 'ann' });
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
      'x'.repeat(210),
      `${'d/'.repeat(25)}x`,
    ]) {
      await refused(path, 'remote: no repository can be created: the name ');
    }
    for (const path of [
      '%2e%2e/x',
      'a%2fb',
      'a%5cb',
      'a%00',
      '../x',
      'a/../../x',
      'a//b',
      'a/./b',
      '%2fetc',
    ]) {
      const { status } = await rawRequest({
        port: lab.server.port,
        path: `/${path}/info/refs?service=git-receive-pack`,
        headers: [['Authorization', basic('ann')]],
      });
      expect([path, status]).toEqual([path, 404]);
    }
    await lab.expectNothing();
  });

  it('inside another repository, behind a link or in the way of something make nothing, and tell no more', async () => {
    lab = await openCreateLab({}, { authorize: ({ user }) => user?.name === 'ann' });
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
    await lab.expectNothing(...there);
  });

  it('are authorised as what would be served, not as what was asked for', async () => {
    const asked: string[] = [];
    lab = await openCreateLab(
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
    await lab.expectNothing();
  });

  it('that only publicWrite opens are not created', async () => {
    lab = await openCreateLab({}, { publicWrite: true, authorize: () => false });
    await refused('app', 'remote: repository not found');
    expect(lab.created).toEqual([]);
    await lab.expectNothing();
  });

  it('that a token does not open are not created with it', async () => {
    lab = await openCreateLab(
      {},
      {
        authenticate: () => ({
          name: 'ann',
          scope: { operations: ['read', 'write'], includes: (name) => name === 'team/mine.git' },
        }),
      },
    );
    await refused('team/other', 'remote: repository not found');
    await client.ok(['push', lab.as('ann', 'team/mine'), 'main'], lab.work);
    expect(lab.created).toHaveLength(1);
    await lab.expectNothing('team');
  });
});

it('with requireExportOk the new repository is served as well', async () => {
  lab = await openCreateLab({}, { requireExportOk: true });
  expect(readdirSync(lab.root)).toEqual([]);
  await client.ok(['push', lab.as('ann', 'app'), 'main'], lab.work);
  await client.ok(['ls-remote', lab.as('ann', 'app')]);
});

it('a store of its own kind makes repositories with create()', async () => {
  const made = new Map<string, string>();
  const log: string[] = [];
  const place = makeTempDir();
  lab = await openCreateLab(
    {},
    {
      repositories: {
        find: async (path) => {
          const gitDir = made.get(`${path.replace(/\.git$/, '')}.git`);
          return gitDir === undefined ? undefined : { name: path, gitDir };
        },
        create: async (name) => {
          const gitDir = await makeBareRepository(join(place.path, `store-${log.length}.git`), {
            commits: 0,
          });
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
  await client.ok(['push', lab.as('ann', 'team/app'), 'main'], lab.work);
  await eventually('it is over', () => log.includes('discard'));
  expect(log).toEqual(['create team/app.git', 'publish', 'discard']);
  await client.ok(['ls-remote', lab.as('ann', 'team/app')]);
  place.dispose();
});

it('a repository that cannot be put into service is refused, and the operator told', async () => {
  const place = makeTempDir();
  lab = await openCreateLab(
    {},
    {
      repositories: {
        find: async () => undefined,
        create: async (name) => ({
          repository: { name, gitDir: await makeBareRepository(join(place.path, 'x.git'), { commits: 0 }) },
          publish: async () => Promise.reject(new Error('the disk is full')),
          discard: async () => place.dispose(),
        }),
      },
    },
  );
  const { code, stderr } = await client.try(['push', lab.as('ann', 'app'), 'main'], lab.work);
  expect(code).not.toBe(0);
  expect(stderr).toContain('the server failed to create the repository');
  expect(stderr).not.toContain('disk');
  await eventually('it is removed', () => !existsSync(place.path));
  expect(lab.server.events.error.map(({ error }) => String(error))).toEqual(['Error: the disk is full']);
  expect(lab.created).toEqual([]);
});

it('what createOnPush gives by mistake is the server’s fault, and creates nothing', async () => {
  for (const given of [true, { defaultBranch: '-x' }, 'main']) {
    lab = await openCreateLab({}, { createOnPush: (() => given) as never });
    const answer = await fetch(`${lab.url('app')}/info/refs?service=git-receive-pack`, {
      headers: { Authorization: basic('ann') },
    });
    expect([given, answer.status]).toEqual([given, 500]);
    await lab.expectNothing();
    await lab.close();
  }
  lab = await openCreateLab();
});
