/** Commits as `git log` tells them, with the paths that each has changed; what is kept of them is bounded. */
import { NulFields } from './nul-fields.js';

/** A commit that a push has brought to a ref. */
export interface LoggedCommit {
  readonly oid: string;
  readonly treeOid: string;
  /** Without the line end at its end; cut beyond 4,096 bytes. */
  readonly message: string;
  /** When it was committed, by ISO 8601, with the zone of whoever committed it; 1970 where git can read no date. */
  readonly committedAt: string;
  readonly authorName: string;
  readonly authorEmail: string;
  readonly committerName: string;
  readonly committerEmail: string;
  /** Paths against the first parent, lossy where they are not UTF-8. A file that was renamed is removed and added. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly modified: readonly string[];
}

export interface CommitLog {
  readonly commits: readonly LoggedCommit[];
  /** There were more commits, a text was cut, or the paths were too many, in which case there are none at all. */
  readonly isTruncated: boolean;
}

/** Whatever the configuration says, the output is what is parsed; each commit's format comes next. */
export const plainLog = [
  'log',
  '-z',
  '--no-show-signature',
  '--encoding=UTF-8',
  '--no-mailmap',
  '--no-notes',
] as const;

const heads = ['%H', '%T', '%cI', '%an', '%ae', '%cn', '%ce', '%B'];

/** An empty field begins a record: no status of a path is empty. */
const format = `--format=${['', ...heads].join('%x00')}%x00`;

/** Arguments for {@link CommitLogReader}, behind which come the commits. */
export const pathLog = [
  ...plainLog,
  '--name-status',
  '--no-renames',
  '--diff-merges=first-parent',
  '--root',
  '--ignore-submodules=none',
  format,
] as const;

const maxTextBytes = 4_096;
/** For all commits together, so that a delivery which repeats them stays small. */
const maxPaths = 3_000;
const maxPathBytes = 128 * 1_024;

/** git puts its placeholder into the place of a date that a commit does not have. */
function dateOr1970(text: string): string {
  return /^\d/.test(text) ? text : '1970-01-01T00:00:00Z';
}

type Paths = 'added' | 'removed' | 'modified';

const listOfStatus: Readonly<Record<string, Paths>> = { A: 'added', D: 'removed' };

interface GrowingCommit extends LoggedCommit {
  readonly added: string[];
  readonly removed: string[];
  readonly modified: string[];
}

/** Reads the output of `git log` with {@link pathLog} as it comes. */
export class CommitLogReader {
  readonly #maxCommits: number;
  readonly #fields = new NulFields(maxTextBytes, (text, isCut) => this.#take(text, isCut));
  readonly #commits: GrowingCommit[] = [];
  #head: string[] = [];
  /** What the next field is. */
  #expects: 'record' | 'head' | 'terminator' | 'status' | 'path' = 'record';
  #list: Paths = 'modified';
  #pathCount = 0;
  #pathBytes = 0;
  #hasTooManyPaths = false;
  #isTruncated = false;

  /** One commit more than `maxCommits` has to be asked for, to know whether there are more. */
  constructor(maxCommits: number) {
    this.#maxCommits = maxCommits;
  }

  feed(chunk: Buffer): void {
    this.#fields.feed(chunk);
  }

  /** What has been read. */
  result(): CommitLog {
    const kept = this.#commits.slice(0, this.#maxCommits);
    const isTruncated = this.#isTruncated || this.#hasTooManyPaths || this.#commits.length > this.#maxCommits;
    // A part of the paths would be taken for all of them by whoever decides by them what to build.
    const commits = this.#hasTooManyPaths
      ? kept.map((commit) => ({ ...commit, added: [], removed: [], modified: [] }))
      : kept;
    return { commits, isTruncated };
  }

  #take(text: string, isCut: boolean): void {
    switch (this.#expects) {
      case 'record':
        this.#expects = 'head';
        break;
      case 'head':
        if (isCut) this.#isTruncated = true;
        this.#head.push(text);
        if (this.#head.length === heads.length) this.#begin();
        break;
      case 'terminator':
        this.#expects = 'status';
        break;
      case 'status': {
        const status = text.replace(/^\n/, '');
        this.#list = listOfStatus[status] ?? 'modified';
        this.#expects = status === '' ? 'head' : 'path';
        break;
      }
      case 'path':
        this.#addPath(text, isCut);
        this.#expects = 'status';
        break;
    }
  }

  #begin(): void {
    const [oid = '', treeOid = '', committedAt = '', authorName = '', authorEmail = ''] = this.#head;
    const [committerName = '', committerEmail = '', text = ''] = this.#head.slice(5);
    this.#head = [];
    this.#commits.push({
      oid,
      treeOid,
      message: text.replace(/\n+$/, ''),
      committedAt: dateOr1970(committedAt),
      authorName,
      authorEmail,
      committerName,
      committerEmail,
      added: [],
      removed: [],
      modified: [],
    });
    this.#expects = 'terminator';
  }

  #addPath(path: string, isCut: boolean): void {
    const commit = this.#commits.at(-1);
    if (!commit || this.#commits.length > this.#maxCommits || this.#hasTooManyPaths) return;
    this.#pathCount += 1;
    this.#pathBytes += Buffer.byteLength(path);
    this.#hasTooManyPaths = isCut || this.#pathCount > maxPaths || this.#pathBytes > maxPathBytes;
    commit[this.#list].push(path);
  }
}
