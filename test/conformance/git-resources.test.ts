/** What a single git may take of the machine, as hooks of a real push find it. */
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GitResourceOptions } from '../../src/index.js';
import { commitFile, git, gitOk, makeBareRepository } from '../support/fixtures.js';
import { openLab, writeHook, type Lab } from './lab.js';
import { leftovers } from './leftovers.js';

const hasPrlimit = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/prlimit`));
if (!hasPrlimit) process.stderr.write('skipped: limits of the system need prlimit, which is not installed\n');

let lab: Lab;
let work = '';
let number = 0;

async function open(gitResources: GitResourceOptions): Promise<void> {
  lab = await openLab({ gitResources });
  await makeBareRepository(lab.at('app.git'));
  work = lab.fresh();
  await gitOk(['clone', '-q', lab.at('app.git'), work]);
}
beforeEach(() => (number += 1));
afterEach(() => lab.close());

/** What a hook prints, as its user sees it, and what came of the push. */
async function pushWithHook(body: string): Promise<{ code: number | null; stderr: string }> {
  writeHook(lab.at('app.git'), 'pre-receive', body);
  await commitFile(work, 'new', `${number}\n`);
  return git(['push', lab.url('app.git'), 'main'], { cwd: work });
}

it('threads, windows and niceness reach git and what it starts', async () => {
  await open({ packThreads: 1, packWindowMemoryBytes: 9_999, nice: 7 });
  const { code, stderr } = await pushWithHook(
    'echo "threads $(git config pack.threads) window $(git config pack.windowMemory)"; cut -d" " -f19 /proc/$$/stat',
  );
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(/threads 1 window 9999/) as string,
  });
  expect(stderr).toMatch(/^remote: 7 *$/m);
});

it.skipIf(!hasPrlimit)('limits of the system reach git and what it starts, and transfers work', async () => {
  await open({ maxMemoryBytes: 1024 ** 3, maxCpuSeconds: 1_234 });
  const { code, stderr } = await pushWithHook('cat /proc/$$/limits');
  expect(code).toBe(0);
  expect(stderr).toMatch(/Max cpu time +1234 +1234/);
  expect(stderr).toMatch(/Max data size +1073741824 +1073741824/);
  await gitOk(['clone', '-q', lab.url('app.git'), lab.fresh()]);
});

it.skipIf(!hasPrlimit)(
  'a git that wants more memory fails, its client reads so, and the server serves on',
  async () => {
    await open({ maxMemoryBytes: 24 * 1024 ** 2 });
    const hungry = 'exec awk \'BEGIN { s = "x"; while (1) s = s s }\'';
    const { code, stderr } = await pushWithHook(hungry);
    expect(code).toBe(1);
    expect(stderr).toContain('! [remote rejected] main -> main (pre-receive hook declined)');
    expect(await gitOk(['ls-remote', lab.url('app.git'), 'main'])).toContain('refs/heads/main');
    expect(leftovers(lab.root, lab.root).filter((path) => path.includes('tmp_'))).toEqual([]);
  },
);

it.skipIf(!hasPrlimit)('a process that takes more processor time is killed', async () => {
  await open({ maxCpuSeconds: 1 });
  const { code, stderr } = await pushWithHook('while :; do :; done');
  expect(code).toBe(1);
  expect(stderr).toContain('(pre-receive hook declined)');
  expect(readFileSync(`${lab.at('app.git')}/HEAD`, 'utf8')).toBe('ref: refs/heads/main\n');
});
