import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { breakLock, withLock } from '../../../src/access/tokens-lock.js';
import { makeTempDir, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
let file: string;

beforeEach(() => {
  folder = makeTempDir();
  file = join(folder.path, 'tokens.json');
});

afterEach(() => folder.dispose());

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

/** The holder that a dead process of this machine would have left. */
async function deadHolder(): Promise<string> {
  const child = spawn('true');
  await once(child, 'exit');
  return withLock(file, async () => (await readlink(`${file}.lock`)).replace(/^\d+/, String(child.pid)));
}

describe('a lock', () => {
  it('lets in one after the other, and leaves nothing behind', async () => {
    let inside = 0;
    const counts: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, () =>
        withLock(file, async (checkHeld) => {
          counts.push((inside += 1));
          await pause();
          await checkHeld();
          inside -= 1;
        }),
      ),
    );
    expect(counts).toEqual(Array.from({ length: 20 }, () => 1));
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('is given back when the work fails', async () => {
    await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(file, () => Promise.resolve('next'))).toBe('next');
  });

  it('of a process that has died is taken away, by one of many who want it', async () => {
    await symlink(await deadHolder(), `${file}.lock`);
    let inside = 0;
    let highest = 0;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        withLock(file, async () => {
          highest = Math.max(highest, (inside += 1));
          await pause();
          inside -= 1;
        }),
      ),
    );
    expect(highest).toBe(1);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('is not taken away by somebody who comes late, when the next one holds it already', async () => {
    const dead = await deadHolder();
    await withLock(file, async (checkHeld) => {
      await breakLock(`${file}.lock`, dead);
      await checkHeld();
    });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('is taken away even when somebody has died while doing that', async () => {
    const dead = await deadHolder();
    await symlink(dead, `${file}.lock`);
    await symlink(dead, `${file}.lock.break`);
    expect(await withLock(file, () => Promise.resolve('held'))).toBe('held');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('of a process on another machine is respected, whatever its number means here', async () => {
    const elsewhere = (await deadHolder()).replace(/ [^ ]+( pid:.*)?$/, ' elsewhere$1');
    await symlink(elsewhere, `${file}.lock`);
    let isHeld = false;
    const waiting = withLock(file, () => Promise.resolve((isHeld = true)));
    for (let i = 0; i < 50; i++) await pause();
    expect(isHeld).toBe(false);
    await unlink(`${file}.lock`);
    await waiting;
    expect(isHeld).toBe(true);
  });

  it('that was taken away is noticed before anything is changed, and left to its new holder', async () => {
    const work = withLock(file, async (checkHeld) => {
      await unlink(`${file}.lock`);
      await symlink('1 other somewhere', `${file}.lock`);
      await checkHeld();
    });
    await expect(work).rejects.toThrow('another writer has taken over');
    expect(await readlink(`${file}.lock`)).toBe('1 other somewhere');
    expect(existsSync(file)).toBe(false);
  });
});
