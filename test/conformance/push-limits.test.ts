/** What is told of a push afterwards, and bounds on pushes. */
import { afterEach, describe, expect, it } from 'vitest';
import type { PostReceivePush } from '../../src/index.js';
import { commitFile, gitOk, type GitResult } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { clientOf, refOf } from './lab.js';
import { closePushPlaces, openPushPlace, protectMain } from './push-place.js';

afterEach(closePushPlaces);

describe('postReceive', () => {
  it('hears of what has changed, forced or not, and of nothing else', async () => {
    const heard: PostReceivePush[] = [];
    const { copy, push } = await openPushPlace({
      ...protectMain,
      postReceive: (event) => void heard.push(event),
    });
    await commitFile(copy, 'new', 'new\n');
    await push('main', 'main:topic', 'main:brand-new');
    await eventually('it is told', () => heard.length === 1);
    await gitOk(['commit', '-q', '--amend', '-m', 'other'], { cwd: copy });
    await push('--force', 'main:topic', ':brand-new');
    await eventually('it is told', () => heard.length === 2);
    expect((await push('main')).code).toBe(1);
    const changes = heard.map((event) =>
      event.changes.map(({ refName, kind, isForced }) => `${refName} ${kind} ${isForced}`).toSorted(),
    );
    expect(changes).toEqual([
      ['refs/heads/brand-new create false', 'refs/heads/topic update false'],
      ['refs/heads/brand-new delete false', 'refs/heads/topic update true'],
    ]);
  });
});

it('postReceive is waited for when the server closes', async () => {
  let isOver = false;
  const { copy, push, lab } = await openPushPlace({
    postReceive: async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      isOver = true;
    },
  });
  await commitFile(copy, 'new', 'new\n');
  await push('main');
  await eventually('git has ended', () => lab.server.events.push.length === 1);
  await lab.server.git.close();
  expect(isOver).toBe(true);
});

describe('a bound', () => {
  it.each([
    ['on refs', { maxRefUpdates: 2 }, 'too many refs: a push may change 2 here, and this one has 3'],
    ['on the size of a push', { maxPushBytes: 20_000 }, 'a push may have 20000 bytes here'],
    [
      'on the size of an object',
      { maxObjectBytes: 30_000 },
      'has 40000 bytes; one may have 30000 bytes here',
    ],
    ['on a repository', { maxRepositoryBytes: 1024 }, 'the repository is full: it may have 1 KiB'],
    [
      'on a repository, while it comes',
      { maxRepositoryBytes: 50_000 },
      'the repository is full: it may have 50000 bytes',
    ],
  ])('%s is told to the user, and nothing is written', async (_what, pushLimits, text) => {
    const { repository, copy, push } = await openPushPlace({ pushLimits });
    const before = await refOf(repository, 'main');
    const random = Array.from({ length: 40_000 }, () => String.fromCharCode(32 + Math.random() * 90)).join(
      '',
    );
    await commitFile(copy, 'large', random);
    const { code, stderr } = await clientOf(2).try(
      [
        '-c',
        'http.postBuffer=65536',
        '-c',
        'core.compression=0',
        'push',
        'origin',
        'main',
        'main:a',
        'main:b',
      ],
      copy,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`! \\[remote rejected\\] main -> main \\(.*${text}\\)`));
    expect(await refOf(repository, 'main')).toBe(before);
    expect((await push('--delete', 'topic')).code).toBe(0);
  });

  it('on the rate of a user holds for that user', async () => {
    const { repository, copy, lab } = await openPushPlace({
      publicWrite: false,
      authenticate: ({ credentials }) =>
        credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
      authorize: ({ user }) => user !== undefined,
      pushLimits: ({ user }) => (user?.name === 'ann' ? { rate: { pushes: 1, seconds: 100 } } : {}),
    });
    const push = (user: string, ref: string): Promise<GitResult> =>
      clientOf(2).try(['push', lab.url('app.git').replace('://', `://${user}:x@`), `main:${ref}`], copy);
    expect((await push('ann', 'a')).code).toBe(0);
    const { code, stderr } = await push('ann', 'b');
    expect(code).toBe(1);
    expect(stderr).toMatch(/! \[remote rejected\] main -> b \(too many pushes; try again in \d+ seconds\)/);
    expect((await push('bob', 'c')).code).toBe(0);
    expect(await refOf(repository, 'b')).toBe('');
  });
});
