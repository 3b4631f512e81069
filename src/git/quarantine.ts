/**
 * What a push has brought, before it is let in: git keeps its objects apart, in a quarantine, until its pre-receive hook
 * has agreed (git-receive-pack, "QUARANTINE ENVIRONMENT").
 */
import { join } from 'node:path';
import { isObjectId, isZeroOid } from '../protocol/object-id.js';
import { commonDirectory } from '../repository/git-directory.js';
import type { Repository } from '../repository/repository.js';
import { plainLog } from './commit-log.js';
import type { GitEnvironment } from './environment.js';
import { gitFailure } from './failure.js';
import type { GitResult, GitRunner } from './runner.js';

/** A commit that a push has brought. */
export interface PushedCommit {
  readonly oid: string;
  readonly parents: readonly string[];
  readonly authorName: string;
  readonly authorEmail: string;
  readonly committerName: string;
  readonly committerEmail: string;
  /** The whole message. */
  readonly message: string;
}

/** A file that differs between two commits. */
export interface ChangedPath {
  /** As in `git diff --name-status`: A added, M changed, D deleted, T another type. */
  readonly status: string;
  /** Lossy where its bytes are not UTF-8. */
  readonly path: string;
}

/** Looks at the objects of a push. Each question starts a git; ask for what you need. */
export interface QuarantinedObjects {
  /**
   * The commits that are reachable from `newOid` and from no ref that is there already, the youngest first. Rejects with a
   * RangeError when there are more than `limit` (by default 1,000), so that none goes unseen.
   */
  newCommits(newOid: string, limit?: number): Promise<readonly PushedCommit[]>;
  /** The files that differ between two commits; with a zero `oldOid`, all files of `newOid`. Renames are not sought. */
  changedPaths(oldOid: string, newOid: string): Promise<readonly ChangedPath[]>;
  /**
   * The bytes of a file of a commit; undefined where there is no such file. Rejects when it is larger than `maxBytes`
   * (by default 1 MiB).
   */
  readFile(commit: string, path: string, maxBytes?: number): Promise<Buffer | undefined>;
  /** Whether `newOid` contains `oldOid`: otherwise history is rewritten. False for what are no commits. */
  isFastForward(oldOid: string, newOid: string): Promise<boolean>;
  /** The largest of the objects that were pushed, in bytes once unpacked; undefined when there are none. */
  largestObject(): Promise<{ readonly oid: string; readonly bytes: number } | undefined>;
  /** Runs any git command in the repository that sees the pushed objects, such as `['diff', '--check', a, b]`. */
  run(
    args: readonly string[],
  ): Promise<{ readonly code: number | null; readonly stdout: Buffer; readonly stderr: string }>;
}

function requireOid(oid: string): string {
  if (!isObjectId(oid)) throw new TypeError(`${JSON.stringify(oid)} is no object id`);
  return oid;
}

/** One record for each commit; the message comes last, since it may hold anything but NUL. */
const commitFormat = '%H%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%B%x00';

export class Quarantine implements QuarantinedObjects {
  readonly #git: GitRunner;
  readonly #repository: Repository;
  readonly #environment: GitEnvironment;
  readonly #path: string;

  private constructor(
    git: GitRunner,
    repository: Repository,
    environment: GitEnvironment,
    path: string,
    objects: string,
  ) {
    this.#git = git;
    this.#repository = repository;
    this.#path = path;
    this.#environment = {
      ...environment,
      ...(path === ''
        ? {}
        : { GIT_OBJECT_DIRECTORY: path, GIT_ALTERNATE_OBJECT_DIRECTORIES: quotedPath(objects) }),
      // A pushed ref below refs/replace would otherwise choose what the history of a commit looks like.
      GIT_NO_REPLACE_OBJECTS: '1',
    };
  }

  /** `path` is the quarantine's folder; empty where a push brings no objects. */
  static async open(
    git: GitRunner,
    repository: Repository,
    environment: GitEnvironment,
    path: string,
  ): Promise<Quarantine> {
    const objects = join(await commonDirectory(repository.gitDir), 'objects');
    return new Quarantine(git, repository, environment, path, objects);
  }

  async newCommits(newOid: string, limit = 1_000): Promise<readonly PushedCommit[]> {
    const format = `--format=${commitFormat}`;
    const count = `--max-count=${Math.trunc(limit) + 1}`;
    const range = [requireOid(newOid), '--not', '--all', '--'];
    const { stdout } = await this.#ok([...plainLog, format, count, ...range]);
    const fields = stdout.toString('utf8').split('\0');
    const commits: PushedCommit[] = [];
    // -z puts one NUL more behind each record.
    for (let at = 0; at + 7 < fields.length; at += 8) {
      const [
        oid = '',
        parents = '',
        authorName = '',
        authorEmail = '',
        committerName = '',
        committerEmail = '',
        message = '',
      ] = fields.slice(at, at + 7);
      const list = parents === '' ? [] : parents.split(' ');
      commits.push({ oid, parents: list, authorName, authorEmail, committerName, committerEmail, message });
    }
    if (commits.length > limit) throw new RangeError(`there are more than ${limit} new commits`);
    return commits;
  }

  async changedPaths(oldOid: string, newOid: string): Promise<readonly ChangedPath[]> {
    const from = isZeroOid(requireOid(oldOid)) ? await this.#emptyTree() : oldOid;
    const args = [from, requireOid(newOid)];
    const { stdout } = await this.#ok([
      'diff-tree',
      '-r',
      '-z',
      '--no-renames',
      '--name-status',
      ...args,
      '--',
    ]);
    const fields = stdout.toString('utf8').split('\0');
    const paths: ChangedPath[] = [];
    for (let at = 0; at + 1 < fields.length; at += 2)
      paths.push({ status: fields[at] ?? '', path: fields[at + 1] ?? '' });
    return paths;
  }

  async readFile(commit: string, path: string, maxBytes = 1024 * 1024): Promise<Buffer | undefined> {
    const name = `${requireOid(commit)}:${path}`;
    const type = await this.#run(['cat-file', '-t', name]);
    if (type.stdout.toString().trim() !== 'blob') return undefined;
    const size = Number((await this.#ok(['cat-file', '-s', name])).stdout.toString());
    if (size > maxBytes) throw new RangeError(`${path} has ${size} bytes, more than ${maxBytes}`);
    return (await this.#ok(['cat-file', 'blob', name])).stdout;
  }

  async isFastForward(oldOid: string, newOid: string): Promise<boolean> {
    const { code } = await this.#run(['merge-base', '--is-ancestor', requireOid(oldOid), requireOid(newOid)]);
    return code === 0;
  }

  async largestObject(): Promise<{ readonly oid: string; readonly bytes: number } | undefined> {
    if (this.#path === '') return undefined;
    // Without the repository's own objects, which are not of this push.
    const environment = { ...this.#environment, GIT_ALTERNATE_OBJECT_DIRECTORIES: '' };
    const args = [
      'cat-file',
      '--batch-all-objects',
      '--unordered',
      '--batch-check=%(objectsize) %(objectname)',
    ];
    let largest: { oid: string; bytes: number } | undefined;
    const { gitDir } = this.#repository;
    const process = this.#git.start({ args: ['--git-dir', gitDir, ...args], cwd: gitDir, environment });
    let rest = '';
    process.stdout.listen((chunk) => {
      const lines = (rest + chunk.toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [size = '', oid = ''] = line.split(' ');
        if (Number(size) > (largest?.bytes ?? -1)) largest = { oid, bytes: Number(size) };
      }
    });
    const exit = await process.finished;
    if (exit.code !== 0) throw gitFailure('cat-file', exit);
    return largest;
  }

  run(args: readonly string[]): Promise<GitResult> {
    return this.#run(args);
  }

  #run(args: readonly string[]): Promise<GitResult> {
    const { gitDir } = this.#repository;
    return this.#git.run({
      args: ['--git-dir', gitDir, ...args],
      cwd: gitDir,
      environment: this.#environment,
    });
  }

  async #ok(args: readonly string[]): Promise<GitResult> {
    const result = await this.#run(args);
    if (result.code !== 0) throw gitFailure(args[0] ?? '', result);
    return result;
  }

  async #emptyTree(): Promise<string> {
    return (await this.#ok(['hash-object', '-t', 'tree', '/dev/null'])).stdout.toString().trim();
  }
}

/** A path in GIT_ALTERNATE_OBJECT_DIRECTORIES, where a colon separates (git, "ENVIRONMENT VARIABLES"). */
function quotedPath(path: string): string {
  return `"${path.replaceAll(/["\\]/g, '\\$&')}"`;
}
