import { existsSync, mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStaging } from '../../../src/administration/staging.js';
import { stagingFolder } from '../../../src/repository/reserved.js';
import { makeTempDir, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
beforeEach(() => {
  folder = makeTempDir();
});
afterEach(() => folder.dispose());

const entries = (): string[] => readdirSync(join(folder.path, stagingFolder));

/** The folder that a process with another id would have made. */
function fake(like: string, pid: number, ageMs = 0): string {
  const name = like.replace(/\.\d+\./, `.${pid}.`).replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const path = join(folder.path, stagingFolder, name);
  mkdirSync(path);
  const then = new Date(Date.now() - ageMs);
  utimesSync(path, then, then);
  return path;
}

test('what a process has left that is gone is removed with the next one; what a running one has is not', async () => {
  const first = await openStaging(folder.path);
  const dead = spawnSync('true').pid;
  const [name = ''] = entries();
  const left = fake(name, dead);
  const alive = fake(name, process.ppid);
  const second = await openStaging(folder.path);
  expect(existsSync(left)).toBe(false);
  expect(existsSync(alive)).toBe(true);
  expect(existsSync(first.path)).toBe(true);
  await first.remove();
  await second.remove();
  expect(entries()).toHaveLength(1);
});

test('what nobody has shown to be in use for ten minutes is removed, whoever made it', async () => {
  mkdirSync(join(folder.path, stagingFolder));
  const stale = fake('0123456789ab.1.x', 1, 11 * 60_000);
  const fresh = fake('0123456789ab.2.x', 2, 9 * 60_000);
  const staged = await openStaging(folder.path);
  expect(existsSync(stale)).toBe(false);
  expect(existsSync(fresh)).toBe(true);
  await staged.remove();
});
