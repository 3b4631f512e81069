/** What a change of a ref has brought to it, as its commits. */
import type { RefUpdate } from '../protocol/push-request.js';
import type { Repository } from '../repository/repository.js';
import { CommitLogReader, pathLog, type CommitLog, type LoggedCommit } from './commit-log.js';
import { gitFailure } from './failure.js';
import type { GitRunner } from './runner.js';

/** A commit of a change. */
export interface ChangedCommit extends LoggedCommit {
  /** No ref had reached it before the push. */
  readonly isDistinct: boolean;
}

export interface RefHistory {
  /** The commit that the ref leads to, through an annotated tag too; undefined for a deletion, or what is no commit. */
  readonly head: ChangedCommit | undefined;
  /**
   * The commits that the ref reaches now and did not reach before, the oldest first; for a new ref those that no other
   * ref had reached either. Of more than 20 the newest.
   */
  readonly commits: readonly ChangedCommit[];
  /** Commits, ends of messages, or all paths were left out, since they were too many. */
  readonly isTruncated: boolean;
}

const maxCommits = 20;

function marked(commit: LoggedCommit, isDistinct: boolean): ChangedCommit {
  return { ...commit, isDistinct };
}

const nothing: RefHistory = { head: undefined, commits: [], isTruncated: false };

/**
 * The refs that the push has not changed. HEAD is not among them, as it would be with `--all`: it may lead to one that
 * was changed. In a namespace (gitnamespaces) git knows the ref under a longer name.
 */
function unchangedRefs(push: readonly RefUpdate[]): readonly string[] {
  const names = push.map(({ refName }) => refName);
  const excluded = names.flatMap((name) => [`--exclude=${name}`, `--exclude=refs/namespaces/*/${name}`]);
  return [...excluded, '--glob=refs/*'];
}

/** Whatever a ref had reached before the push. */
function reachedBefore(push: readonly RefUpdate[]): readonly string[] {
  const old = push.filter(({ kind }) => kind !== 'create').map(({ oldOid }) => oldOid);
  return ['--not', ...new Set(old), ...unchangedRefs(push)];
}

class HistoryReader {
  readonly #git: GitRunner;
  readonly #repository: Repository;
  readonly #signal: AbortSignal | undefined;

  constructor(git: GitRunner, repository: Repository, signal: AbortSignal | undefined) {
    this.#git = git;
    this.#repository = repository;
    this.#signal = signal;
  }

  async log(count: number, commits: readonly string[]): Promise<CommitLog> {
    const reader = new CommitLogReader(maxCommits);
    await this.#run([...pathLog, `--max-count=${count}`, ...commits, '--'], (chunk) => reader.feed(chunk));
    return reader.result();
  }

  async list(commits: readonly string[]): Promise<ReadonlySet<string>> {
    const chunks: Buffer[] = [];
    const args = ['rev-list', `--max-count=${maxCommits}`, ...commits, '--'];
    await this.#run(args, (chunk) => chunks.push(chunk));
    return new Set(Buffer.concat(chunks).toString('latin1').split('\n'));
  }

  async #run(args: readonly string[], onData: (chunk: Buffer) => void): Promise<void> {
    this.#signal?.throwIfAborted();
    const { gitDir } = this.#repository;
    const process = this.#git.start({
      args: ['--git-dir', gitDir, ...args],
      cwd: gitDir,
      // A pushed ref below refs/replace would otherwise choose what the history of a commit looks like.
      environment: { GIT_NO_REPLACE_OBJECTS: '1' },
    });
    const stop = (): void => process.stop();
    this.#signal?.addEventListener('abort', stop, { once: true });
    process.stdout.listen(onData);
    const exit = await process.finished;
    this.#signal?.removeEventListener('abort', stop);
    this.#signal?.throwIfAborted();
    if (exit.code !== 0) throw gitFailure(args[0] ?? '', exit);
  }
}

/**
 * Reads what one of the changes of a push, which has been carried out, has brought. Two git processes at the most; an
 * abort of `signal` ends them, and rejects with its reason. Rejects too when git fails. Pushes that came meanwhile may
 * have reached a commit first, which then counts as known.
 */
export async function readRefHistory(
  git: GitRunner,
  repository: Repository,
  update: RefUpdate,
  push: readonly RefUpdate[],
  signal?: AbortSignal,
): Promise<RefHistory> {
  const { kind, oldOid, newOid } = update;
  if (kind === 'delete') return nothing;
  const reader = new HistoryReader(git, repository, signal);
  const known = reachedBefore(push);
  const isNew = kind === 'create';
  // In git's default order a walk of less sees the commits that it shares in the same order, so that the newest of
  // those which are distinct are all among the newest.
  const { commits, isTruncated } = await reader.log(
    maxCommits + 1,
    isNew ? [newOid, ...known] : [newOid, '--not', oldOid],
  );
  if (commits.length === 0) {
    // A ref for what was there already, or one that went back.
    const at = await reader.log(1, [newOid]);
    const [head] = at.commits;
    return { head: head && marked(head, false), commits: [], isTruncated: at.isTruncated };
  }
  const distinct = isNew ? undefined : await reader.list([newOid, ...known]);
  const told = commits.map((commit) => marked(commit, distinct?.has(commit.oid) ?? true));
  return { head: told[0], commits: told.toReversed(), isTruncated };
}
