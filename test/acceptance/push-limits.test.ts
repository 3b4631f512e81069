/** Bounds on pushes, as flags of the server: what the user reads. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitRandom } from '../support/fixtures.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;
beforeEach(async () => {
  place = await createWorkspace();
  await place.addBare('app.git');
});
afterEach(() => place.close());

test.each([
  [['--max-push-size', '20k'], 'a push may have 20 KiB here'],
  [['--max-object-size', '30000'], 'has 40000 bytes; one may have 30000 bytes here'],
  [['--max-repository-size', '1k'], 'the repository is full: it may have 1 KiB'],
  [['--max-ref-updates', '1'], 'too many refs: a push may change 1 here, and this one has 2'],
  [['--push-rate', '1/100'], 'too many pushes; try again in'],
])('%j', async (flags, text) => {
  const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', file, ...flags);
  const url = withCredentials(`${server.url}app.git`, 'ann', 'x');
  const work = join(place.folder, 'work');
  await place.git('clone', '--quiet', `${server.url}app.git`, work);
  await place.tryGit('-C', work, 'push', url, 'HEAD:refs/heads/first');
  await commitRandom(work, 'large', 40_000);
  const { code, stderr } = await place.tryGit('-C', work, 'push', url, 'HEAD:main', 'HEAD:other');
  expect(code).toBe(1);
  expect(stderr).toContain('! [remote rejected] HEAD -> main (');
  expect(stderr).toContain(text);
});

test.each([
  ['--max-push-size', 'much', 'such as 500000, 500k, 500m or 2g'],
  ['--max-push-size', '0', 'such as 500000, 500k, 500m or 2g'],
  ['--max-ref-updates', '-1', 'whole number from 1 on'],
  ['--push-rate', '30', 'such as 30/60'],
])('%s %s cannot be used, and says why', async (flag, value, text) => {
  const { code, stderr } = await place.run(`${flag}=${value}`, place.root);
  expect(code).toBe(2);
  expect(stderr).toContain(text);
});
