/** Other options for a server that runs. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OptionError, type ChangeableOptions } from '../../src/index.js';
import { commitFile, fsck, git, makeBareRepository } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { openLab, type Lab } from './lab.js';

let lab: Lab;

beforeEach(async () => {
  lab = await openLab();
  await makeBareRepository(lab.at('app.git'), { commits: 1 });
});

afterEach(() => lab.close());

const canRead = async (): Promise<boolean> => (await git(['ls-remote', lab.url('app.git')])).code === 0;

test('what is named changes with the next request, and the rest stays', async () => {
  lab.server.git.reconfigure({ publicRead: false });
  expect(await canRead()).toBe(false);
  lab.server.git.reconfigure({ dumbHttp: false });
  expect(await canRead()).toBe(false);
  // Undefined is the default: without `authorize` everybody may read.
  lab.server.git.reconfigure({ publicRead: undefined });
  expect(await canRead()).toBe(true);
  const dumb = await fetch(`${lab.url('app.git')}/HEAD`);
  await dumb.arrayBuffer();
  expect(dumb.status).toBe(403);
});

test.each<[string, ChangeableOptions]>([
  ['hooks', { hooks: 'none' } as ChangeableOptions],
  ['gitCommand', { gitCommand: 'other' } as ChangeableOptions],
  ['gitConfig', { gitConfig: {} } as ChangeableOptions],
  ['limits.killGraceMs', { limits: { killGraceMs: 1 } }],
  ['realm', { publicRead: false, realm: '' }],
  ['limits.maxPushBytes', { publicRead: false, limits: { maxPushBytes: 0 } }],
])('%s cannot be given, and nothing has changed', async (option, changes) => {
  const attempt = (): void => lab.server.git.reconfigure(changes);
  expect(attempt).toThrow(OptionError);
  expect(attempt).toThrow(`option "${option}" `);
  expect(await canRead()).toBe(true);
});

test('a push that runs ends under the options under which it began, and closing waits for it', async () => {
  const work = lab.fresh();
  await git(['clone', '--quiet', lab.url('app.git'), work]);
  await commitFile(work, 'more', 'more\n');
  const [begun, go] = [lab.fresh(), lab.fresh()];
  mkdirSync(join(lab.at('app.git'), 'hooks'), { recursive: true });
  writeFileSync(
    join(lab.at('app.git'), 'hooks', 'pre-receive'),
    `#!/bin/sh\ntouch '${begun}'\nwhile ! test -e '${go}'; do sleep 0.05; done\n`,
    { mode: 0o755 },
  );
  const push = git(['-C', work, 'push', lab.url('app.git'), 'HEAD:main']);
  await eventually('the hook runs', () => existsSync(begun));
  lab.server.git.reconfigure({ publicWrite: false });
  lab.server.git.reconfigure({ realm: 'Other' });
  let isClosed = false;
  const closing = lab.server.git.close({ graceMs: 60_000 }).then(() => (isClosed = true));
  expect((await git(['-C', work, 'push', lab.url('app.git'), 'HEAD:other'])).code).not.toBe(0);
  expect(isClosed).toBe(false);
  writeFileSync(go, '');
  expect(await push).toMatchObject({ code: 0 });
  await closing;
  await fsck(lab.at('app.git'));
});

test('what was counted is kept: a rate of pushes goes on', async () => {
  const rate = { pushes: 1, seconds: 1_000 };
  lab.server.git.reconfigure({ pushLimits: { rate } });
  const work = lab.fresh();
  await git(['clone', '--quiet', lab.url('app.git'), work]);
  expect(await git(['-C', work, 'push', lab.url('app.git'), 'HEAD:one'])).toMatchObject({ code: 0 });
  lab.server.git.reconfigure({ pushLimits: { rate, maxRefUpdates: 5 } });
  const second = await git(['-C', work, 'push', lab.url('app.git'), 'HEAD:two']);
  expect(second.stderr).toContain('too many pushes; try again in');
});
