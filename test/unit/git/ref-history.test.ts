import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baseEnvironment } from '../../../src/git/environment.js';
import { readRefHistory, type RefHistory } from '../../../src/git/ref-history.js';
import { GitRunner } from '../../../src/git/runner.js';
import type { RefUpdate } from '../../../src/protocol/push-request.js';
import { commitFile, gitOk, makeTempDir, makeWorkTree, type TempDir } from '../../support/fixtures.js';
import { availableGits } from '../../support/gits.js';
import { eventually } from '../../support/server.js';
import { makeScriptedGit } from '../../conformance/scripted-git.js';

let folder: TempDir;
let first: string;
let last: string;

beforeAll(async () => {
  folder = makeTempDir();
  await makeWorkTree(folder.path);
  first = await gitOk(['rev-parse', 'HEAD'], { cwd: folder.path });
  await commitFile(folder.path, 'log size', 'x\n');
  await gitOk(['mv', 'README', 'a\nb'], { cwd: folder.path });
  await gitOk(['commit', '-q', '-m', 'two\n\nlines'], { cwd: folder.path });
  await gitOk(['commit', '-q', '--allow-empty', '--allow-empty-message', '-m', ''], { cwd: folder.path });
  last = await gitOk(['rev-parse', 'HEAD'], { cwd: folder.path });
});

afterAll(() => folder.dispose());

test('a git that is too slow is ended when the time is over', async () => {
  const scripted = makeScriptedGit(join(folder.path, '.git', 'slow'));
  const asked = join(folder.path, '.git', 'asked');
  scripted.tell(`: > '${asked}'`, 'exec sleep 600');
  const runner = new GitRunner({
    command: scripted.command,
    environment: baseEnvironment(process.env),
    config: [],
    killGraceMs: 1_000,
  });
  const over = new AbortController();
  const update = { refName: 'refs/heads/main', oldOid: first, newOid: last, kind: 'update' } as const;
  const repository = { name: 'app.git', gitDir: `${folder.path}/.git` };
  const reading = readRefHistory(runner, repository, update, [update], over.signal);
  await eventually('git runs', () => existsSync(asked));
  over.abort(new Error('too late'));
  await expect(reading).rejects.toThrow('too late');
  await eventually('nothing is left of it', () => runner.runningCount === 0);
});

describe.each(availableGits)('with $name', ({ command }) => {
  const runner = new GitRunner({
    command,
    environment: baseEnvironment(process.env),
    config: [],
    killGraceMs: 1_000,
  });

  function read(kind: RefUpdate['kind'], oldOid: string, signal?: AbortSignal): Promise<RefHistory> {
    const update = { refName: 'refs/heads/main', oldOid, newOid: last, kind };
    const repository = { name: 'app.git', gitDir: `${folder.path}/.git` };
    return readRefHistory(runner, repository, update, [update], signal);
  }

  test('commits and paths are read as they are: renamed, with line ends, without a message', async () => {
    const { commits, head, isTruncated } = await read('update', first);
    expect(commits).toMatchObject([
      { message: 'change log size', added: ['log size'] },
      { message: 'two\n\nlines', added: ['a\nb'], removed: ['README'], modified: [] },
      { oid: last, message: '', added: [], removed: [], modified: [] },
    ]);
    expect(head).toBe(commits[2]);
    expect(isTruncated).toBe(false);
  });

  test('a new ref has all that no other has, its first commit included', async () => {
    const { commits } = await read('create', '0'.repeat(40));
    expect(commits.map(({ added }) => added)).toEqual([['README'], ['log size'], ['a\nb'], []]);
  });

  test('nothing is started once the time is over', async () => {
    await expect(read('update', first, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });
});
