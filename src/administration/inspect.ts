/** What a repository is like. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { countObjects, storedBytes } from '../git/count-objects.js';
import type { GitRunner } from '../git/runner.js';
import { VisibilityNotes } from '../git/visibility-note.js';
import type { Visibility } from '../repository/create-settings.js';
import type { Repository } from '../repository/repository.js';
import { runGit, tryGit } from './run-git.js';

/** What `gittyphoon repo show` shows. */
export interface RepositoryDetails {
  readonly name: string;
  /** Undefined when HEAD leads to no branch. It may not exist yet. */
  readonly defaultBranch: string | undefined;
  /** Sorted by name. */
  readonly branches: readonly string[];
  readonly description: string | undefined;
  /** What is noted; undefined when nothing is, and `private` for what is no visibility. */
  readonly visibility: Visibility | undefined;
  readonly objectFormat: string;
  /** What git's objects take on the disk, those of alternates excluded. */
  readonly sizeBytes: number;
  /** When a ref was last changed, as far as reflogs or loose refs tell. */
  readonly lastPush: Date | undefined;
}

async function readDescription(gitDir: string): Promise<string | undefined> {
  const text = await readFile(join(gitDir, 'description'), 'utf8').catch(() => '');
  const [line = ''] = text.split('\n');
  // What git's own template says.
  return line === '' || line.startsWith('Unnamed repository;') ? undefined : line;
}

/** The newest entry of the reflogs, which bare repositories keep only with `core.logAllRefUpdates`. */
async function lastReflogEntry(git: GitRunner, gitDir: string): Promise<Date | undefined> {
  // A repository's configuration could make `log` check signatures with a program of its choice.
  const format = ['--no-show-signature', '--date=unix', '--format=%gd'];
  const result = await tryGit(git, gitDir, ['log', '-g', '--all', '-1', ...format]);
  const [, seconds] = /@\{(\d+)\}/.exec(result.stdout.toString('utf8')) ?? [];
  return seconds === undefined ? undefined : new Date(Number(seconds) * 1000);
}

/** When the newest loose ref was written; packing the refs takes that away. */
async function lastLooseRef(gitDir: string): Promise<Date | undefined> {
  const files = await readdir(join(gitDir, 'refs'), { recursive: true }).catch(() => []);
  let newest: Date | undefined;
  for (const file of files) {
    const found = await stat(join(gitDir, 'refs', file)).catch(() => undefined);
    if (found?.isFile() && (!newest || found.mtime > newest)) newest = found.mtime;
  }
  return newest;
}

/** Reads all that is known of a repository. */
export async function inspectRepository(git: GitRunner, repository: Repository): Promise<RepositoryDetails> {
  const { name, gitDir } = repository;
  const head = await tryGit(git, gitDir, ['symbolic-ref', '-q', 'HEAD']);
  const branches = await runGit(git, gitDir, ['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads']);
  return {
    name,
    defaultBranch: /^refs\/heads\/(.+)\n$/.exec(head.stdout.toString('utf8'))?.[1],
    branches: branches === '' ? [] : branches.split('\n'),
    description: await readDescription(gitDir),
    visibility: await new VisibilityNotes(git).read(repository),
    objectFormat: await runGit(git, gitDir, ['rev-parse', '--show-object-format']),
    sizeBytes: storedBytes(await runGit(git, gitDir, countObjects)),
    lastPush: (await lastReflogEntry(git, gitDir)) ?? (await lastLooseRef(gitDir)),
  };
}
