import { appendFileSync, chmodSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GitRunner } from '../../../src/git/runner.js';
import { VisibilityNotes } from '../../../src/git/visibility-note.js';
import { gitOk, hermetic, makeBareRepository, makeTempDir, type TempDir } from '../../support/fixtures.js';

let folder: TempDir;
let gitDir: string;
let config: string;
let git: GitRunner;
let notes: VisibilityNotes;

/** How often git was started. */
let starts: number;

class CountingRunner extends GitRunner {
  override start(...args: Parameters<GitRunner['start']>): ReturnType<GitRunner['start']> {
    starts += 1;
    return super.start(...args);
  }
}

beforeEach(async () => {
  folder = makeTempDir();
  gitDir = join(folder.path, 'app.git');
  config = join(gitDir, 'config');
  await makeBareRepository(gitDir, { commits: 0 });
  starts = 0;
  git = new CountingRunner({ command: 'git', environment: hermetic, config: [], killGraceMs: 1_000 });
  notes = new VisibilityNotes(git);
});
afterEach(() => folder.dispose());

const read = (): ReturnType<VisibilityNotes['read']> => notes.read({ name: 'app.git', gitDir });
const note = (value: string): Promise<string> =>
  gitOk(['config', 'gittyphoon.visibility', value], { cwd: gitDir });

test('what is noted is read, and a change is seen at once', async () => {
  expect(await read()).toBeUndefined();
  for (const visibility of ['public', 'authenticated', 'private', 'public']) {
    await note(visibility);
    expect(await read()).toBe(visibility);
  }
  await gitOk(['config', '--unset', 'gittyphoon.visibility'], { cwd: gitDir });
  expect(await read()).toBeUndefined();
});

test('git is started once for each content that may hold a note, and not for others', async () => {
  await read();
  expect(starts).toBe(0);
  await note('authenticated');
  await Promise.all([read(), read()]);
  await read();
  expect(starts).toBe(1);
  await note('public');
  await read();
  expect(starts).toBe(2);
});

test.each([
  ['[GitTyphoon]\n\tVISIBILITY = "authenticated" ; a comment', 'authenticated'],
  ['[gittyphoon] visibility = private\n[gittyphoon] visibility = public', 'public'],
  ['[gittyphoon]\nvisibility = pub\\\nlic', 'public'],
  ['[gittyphoon "x"]\nvisibility = public', undefined],
  ['[gittyphoon]\nother = public', undefined],
  ['# [gittyphoon] visibility = private', undefined],
  ['[gittyphoon]\nvisibility', 'private'],
  ['[gittyphoon]\nvisibility =', 'private'],
  ['[gittyphoon]\nvisibility = Public', 'private'],
  ['[gittyphoon]\nvisibility = "public "', 'private'],
  ['[gittyphoon]\nvisibility = "public\\n"', 'private'],
  ['[gittyphoon\nvisibility = public', 'private'],
])('%j is %s, as git reads it', async (text, expected) => {
  appendFileSync(config, `${text}\n`);
  expect(await read()).toBe(expected);
});

test('neither files that are included nor the user who runs the server say anything', async () => {
  const other = join(folder.path, 'other');
  writeFileSync(other, '[gittyphoon] visibility = public\n');
  git = new GitRunner({
    command: 'git',
    environment: { ...hermetic, GIT_CONFIG_GLOBAL: other },
    config: [],
    killGraceMs: 1_000,
  });
  notes = new VisibilityNotes(git);
  await gitOk(['config', 'include.path', other], { cwd: gitDir });
  expect(await read()).toBeUndefined();
  await note('private');
  appendFileSync(config, `[include] path = ${other}\n`);
  expect(await read()).toBe('private');
});

test('what cannot be read is private: no file, a folder, one without end, one that was just emptied', async () => {
  await note('public');
  expect(await read()).toBe('public');
  writeFileSync(config, '');
  expect(await read()).toBe('private');
  const earlier = new Date(Date.now() - 60_000);
  utimesSync(config, earlier, earlier);
  expect(await read()).toBeUndefined();
  writeFileSync(config, `[gittyphoon] visibility = public\n${'#'.repeat(1024 * 1024)}`);
  expect(await read()).toBe('private');
  rmSync(config);
  expect(await read()).toBe('private');
  mkdirSync(config);
  expect(await read()).toBe('private');
  rmSync(config, { recursive: true });
  writeFileSync(config, '[gittyphoon] visibility = public\n');
  expect(await read()).toBe('public');
});

test('what a git that cannot be started does not tell is private, and is asked again', async () => {
  const command = join(folder.path, 'git');
  writeFileSync(command, '#!/bin/sh\nexec git "$@"\n');
  notes = new VisibilityNotes(
    new GitRunner({ command, environment: hermetic, config: [], killGraceMs: 1_000 }),
  );
  await note('public');
  expect(await read()).toBe('private');
  chmodSync(command, 0o755);
  expect(await read()).toBe('public');
});

test('a linked working tree goes by the note of its repository', async () => {
  const work = join(folder.path, 'work');
  await makeBareRepository(join(folder.path, 'full.git'), { commits: 1 });
  gitDir = join(folder.path, 'full.git');
  await gitOk(['worktree', 'add', '-q', work, 'main'], { cwd: gitDir });
  await note('private');
  gitDir = join(gitDir, 'worktrees', 'work');
  expect(await read()).toBe('private');
});
