import { chmod, mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judgeDescriptors, openFilesLimit } from '../../../../src/cli/doctor/descriptors.js';
import { judgeRoom, mountOptions } from '../../../../src/cli/doctor/disk.js';
import { hookFlaws } from '../../../../src/cli/doctor/hooks.js';
import { checkFolders, leftoverFlaws } from '../../../../src/cli/doctor/leftovers.js';
import { maintenanceFlaws } from '../../../../src/cli/doctor/maintenance.js';
import type { Patient } from '../../../../src/cli/doctor/patient.js';
import { ownershipFlaws, permissionFlaws } from '../../../../src/cli/doctor/permissions.js';
import { checkGit, checkNode, lackedBy } from '../../../../src/cli/doctor/programs.js';
import { hasProblem, reportText } from '../../../../src/cli/doctor/report.js';
import { baseEnvironment } from '../../../../src/git/environment.js';
import { GitRunner } from '../../../../src/git/runner.js';
import { makeBareRepository, makeTempDir, type TempDir } from '../../../support/fixtures.js';

const runner = (command: string, own = process.env): GitRunner =>
  new GitRunner({ command, environment: baseEnvironment(own), config: [], killGraceMs: 5_000 });

describe('the machine', () => {
  it('is told what its git lacks, with the version that has it', async () => {
    const old = { major: 2, minor: 43, text: '2.43.0' };
    expect(lackedBy(old).map((each) => /\((.*)\)$/.exec(each)?.[1]?.split('(').at(-1))).toEqual([
      '2.44',
      '2.45',
    ]);
    expect(lackedBy({ major: 3, minor: 0, text: '3.0' })).toEqual([]);
    expect(await checkGit(runner('git'), 'git')).toMatchObject({ state: 'ok' });
  });

  it('has a problem without git', async () => {
    const found = await checkGit(runner('/nowhere/git'), '/nowhere/git');
    expect(found.state).toBe('problem');
    expect(found.advice).toContain('install git');
  });

  it('is warned of an old Node.js', () => {
    expect(checkNode('v20.18.1').state).toBe('warning');
    expect(checkNode('v20.19.0').state).toBe('ok');
    expect(checkNode('v22.0.0').state).toBe('ok');
  });

  it('is judged by its soft limit of open files', () => {
    const limits =
      'Limit  Soft  Hard  Units\nMax open files            1024                 4096      files \n';
    expect(openFilesLimit(limits)).toBe(1024);
    expect(openFilesLimit('Max open files   unlimited   unlimited  files')).toBe(Number.POSITIVE_INFINITY);
    expect(openFilesLimit('')).toBeUndefined();
    expect([100, 1024, 65_536].map((limit) => judgeDescriptors(limit).state)).toEqual([
      'problem',
      'warning',
      'ok',
    ]);
  });

  it('is judged by free blocks and free inodes, where there are inodes', () => {
    const room = { blocks: 10_000_000, bavail: 5_000_000, bsize: 4096, files: 1000, ffree: 900 };
    expect(judgeRoom('disk', '/srv', room).state).toBe('ok');
    expect(judgeRoom('disk', '/srv', { ...room, files: 0, ffree: 0 }).state).toBe('ok');
    expect(judgeRoom('disk', '/srv', { ...room, bavail: 100_000 }).state).toBe('warning');
    expect(judgeRoom('disk', '/srv', { ...room, bavail: 1_000 }).state).toBe('problem');
    expect(judgeRoom('disk', '/srv', { ...room, ffree: 1 }).state).toBe('problem');
  });

  it('has the options of the innermost and latest mount', () => {
    const mounts = [
      '/dev/a / ext4 rw 0 0',
      'tmpfs /tmp tmpfs rw 0 0',
      'tmpfs /tmp tmpfs rw,noexec 0 0',
      'tmpfs /my\\040tmp tmpfs ro 0 0',
    ].join('\n');
    expect(mountOptions(mounts, '/tmp/x')).toEqual(['rw', 'noexec']);
    expect(mountOptions(mounts, '/tmpfoo')).toEqual(['rw']);
    expect(mountOptions(mounts, '/my tmp')).toEqual(['ro']);
  });
});

describe('a repository', () => {
  let folder: TempDir;
  let patient: Patient;
  const git = runner('git');
  beforeEach(async () => {
    folder = makeTempDir();
    const gitDir = join(folder.path, 'app.git');
    await makeBareRepository(gitDir, { commits: 1 });
    patient = { name: 'app.git', gitDir, commonDir: gitDir };
  });
  afterEach(() => folder.dispose());

  const long = new Date(Date.now() - 3 * 24 * 60 * 60 * 1000);

  it('that is new has no flaws', async () => {
    const checks = [ownershipFlaws, permissionFlaws, hookFlaws, maintenanceFlaws, leftoverFlaws];
    const flaws = await Promise.all(checks.map((check) => check(patient, git)));
    expect(flaws.flat()).toEqual([]);
  });

  it('that git cannot use is told of, with what git says', async () => {
    await writeFile(join(patient.gitDir, 'config'), '[core\n');
    const [flaw] = await ownershipFlaws(patient, git);
    expect(flaw).toMatchObject({ state: 'problem' });
    expect(flaw?.found).toContain('bad config');
  });

  it('must not be writable for everybody', async () => {
    await chmod(join(patient.gitDir, 'config'), 0o666);
    const flaws = await permissionFlaws(patient, git);
    expect(flaws.map(({ state }) => state)).toEqual(['problem']);
    expect(flaws[0]?.advice).toBe(`chmod o-w ${patient.gitDir}/config`);
  });

  it('has hooks that run, and that nobody else can change', async () => {
    const hooks = join(patient.gitDir, 'hooks');
    await mkdir(hooks, { recursive: true });
    await writeFile(join(hooks, 'update'), '#!/bin/sh\n');
    await chmod(join(hooks, 'update'), 0o644);
    await writeFile(join(hooks, 'post-receive'), '#!/bin/sh\n');
    await chmod(join(hooks, 'post-receive'), 0o777);
    const flaws = await hookFlaws(patient, git);
    expect(flaws.map(({ state, found }) => [state, found.includes('update')])).toEqual([
      ['warning', true],
      ['problem', false],
    ]);
  });

  it('has its hooks where core.hooksPath says', async () => {
    const hooks = join(folder.path, 'elsewhere');
    await mkdir(hooks);
    await chmod(hooks, 0o777);
    await git.run({ args: ['config', 'core.hooksPath', hooks], cwd: patient.gitDir });
    const flaws = await hookFlaws(patient, git);
    expect(flaws.map(({ found }) => found)).toEqual([
      `everybody on this machine may put hooks into ${hooks}`,
    ]);
  });

  it('with many packs wants maintenance', async () => {
    const packs = join(patient.gitDir, 'objects', 'pack');
    await mkdir(packs, { recursive: true });
    await git.run({ args: ['repack', '-ad'], cwd: patient.gitDir });
    const blobs = Array.from({ length: 51 }, (_none, index) => String(index));
    for (const blob of blobs) {
      const { stdout } = await git.run(
        { args: ['hash-object', '-w', '--stdin'], cwd: patient.gitDir },
        Buffer.from(blob),
      );
      await git.run({ args: ['pack-objects', '-q', join(packs, 'pack')], cwd: patient.gitDir }, stdout);
    }
    const flaws = await maintenanceFlaws(patient, git);
    expect(flaws[0]?.found).toContain('packs make fetches slow');
    expect(flaws[0]?.advice).toBe(`git -C ${patient.gitDir} gc`);
  });

  it('is told of what interrupted pushes have left, but not of what may be in use', async () => {
    const old = join(patient.gitDir, 'objects', 'tmp_objdir-incoming-aB3dE6');
    await mkdir(old);
    await mkdir(join(patient.gitDir, 'objects', 'tmp_objdir-incoming-young1'));
    await utimes(old, long, long);
    const lock = join(patient.gitDir, 'packed-refs.lock');
    await writeFile(lock, '');
    await utimes(lock, long, long);
    const flaws = await leftoverFlaws(patient, git);
    expect(flaws.map(({ state, found }) => [state, found.split(' ')[0]])).toEqual([
      ['warning', old],
      ['problem', lock],
    ]);
  });

  it('has neighbours that a killed process has left', async () => {
    const left = join(folder.path, '.gittyphoon-new', 'half');
    await mkdir(left, { recursive: true });
    await utimes(left, long, long);
    const temporary = join(folder.path, 'temporary');
    await mkdir(temporary);
    const findings = await checkFolders(folder.path, temporary);
    expect(findings.map(({ state, found }) => [state, found.split(' ')[0]])).toEqual([['warning', left]]);
  });
});

it('reports print what is unsafe for a terminal harmlessly, and count', () => {
  const text = reportText([
    { what: 'a', state: 'problem', found: 'bad \u001b[31m', advice: 'change it' },
    { what: 'b', state: 'ok', found: 'good', advice: '' },
  ]);
  expect(text).toBe(
    'problem    a: bad \\u{1b}[31m\n           → change it\nok         b: good\n1 problem, 1 ok\n',
  );
  expect(hasProblem([{ what: 'b', state: 'warning', found: '', advice: '' }])).toBe(false);
});
