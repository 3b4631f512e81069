/** An access file at work: read, watched for changes, and asked. */
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { AccessFileError, parseAccessFile, type AccessRules } from './access-file-parser.js';
import { PasswordChecker } from './password-checker.js';
import type { StoredPassword } from './password.js';
import type { Authenticate, Authorize } from './policy.js';

export interface AccessFileOptions {
  /**
   * Where the repositories are: the store that the server is given. With it an entry `app` also stands for
   * `app.git` where there is no repository `app`. Without it entries are canonical names and nothing else.
   */
  readonly repositories?: { find(path: string): Promise<{ readonly name: string } | undefined> } | undefined;
  /**
   * Say yes as well to a push to a name where there is no repository, if the file names it exactly, with or without
   * `.git`; for the option `createOnPush`. Default false.
   */
  readonly mayCreate?: boolean | undefined;
  /** A changed file cannot be used; what was read before stays in force. Default: a warning of the process. */
  readonly onProblem?: ((problem: AccessFileError) => void) | undefined;
  /** A changed file is in force now. */
  readonly onReload?: ((summary: { readonly userCount: number }) => void) | undefined;
}

/** Who may push, as a file says. Give both functions to `createGitServer`, with `publicRead: true`. */
export interface AccessFile {
  /** Recognises the users of the file by Basic credentials. */
  readonly authenticate: Authenticate;
  /** Says yes to pushes that the file allows, and to nothing else: the file does not speak of reading. */
  readonly authorize: Authorize;
  /** How many users the file has now. */
  readonly userCount: number;
}

/** Clocks of file systems are coarse: a file that changed this recently may change again unseen. */
const settleMs = 2_000;

/** A state of the file, as far as can be seen without reading it; undefined while it may still be in flux. */
function fingerprint(found: BigIntStats): string | undefined {
  const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = found;
  const changedMs = Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs);
  if (Date.now() - changedMs < settleMs) return undefined;
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'the server is not allowed to read it',
  EISDIR: 'this is a folder, not a file',
};

function unreadable(file: string, error: unknown): AccessFileError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new AccessFileError(file, undefined, reasons[code] ?? `it cannot be read (${message})`, error);
}

/** Stored passwords with equal keys take equal work to check. */
function workOf(stored: StoredPassword): string {
  switch (stored.kind) {
    case 'plain':
      return stored.kind;
    case 'bcrypt':
      return [stored.kind, stored.cost].join(' ');
    case 'scrypt':
      return [stored.kind, stored.logCost, stored.blockSize, stored.parallelism].join(' ');
  }
}

/** A stored password whose work is that of most users, for those who do not exist. */
function commonestPassword({ users }: AccessRules): StoredPassword {
  const counts = new Map<string, number>();
  let commonest: StoredPassword = { kind: 'plain', password: 'nobody' };
  let highest = 0;
  for (const stored of users.values()) {
    const count = (counts.get(workOf(stored)) ?? 0) + 1;
    counts.set(workOf(stored), count);
    if (count > highest) [commonest, highest] = [stored, count];
  }
  return commonest;
}

class OpenAccessFile implements AccessFile {
  readonly #file: string;
  readonly #options: AccessFileOptions;
  readonly #checker = new PasswordChecker();
  #rules: AccessRules = { users: new Map(), access: new Map() };
  #commonest = commonestPassword(this.#rules);
  #content: Buffer | undefined;
  #fingerprint: string | undefined;
  #lastProblem: string | undefined;
  #lastLook: Promise<void> = Promise.resolve();
  #nextLook: Promise<void> | undefined;

  constructor(file: string, options: AccessFileOptions) {
    this.#file = file;
    this.#options = options;
  }

  get userCount(): number {
    return this.#rules.users.size;
  }

  readonly authenticate: Authenticate = async ({ credentials }) => {
    if (credentials?.scheme !== 'basic') return undefined;
    const { username, password } = credentials;
    await this.#refresh();
    const stored = this.#rules.users.get(username);
    if (!stored) {
      await this.#checker.pretend(username, password, this.#commonest);
      return undefined;
    }
    if (await this.#checker.check(username, password, stored)) return { name: username };
    // Passwords of a cheaper kind than most would tell by the time that there is such a user.
    if (workOf(stored) !== workOf(this.#commonest)) {
      await this.#checker.pretend(username, password, this.#commonest);
    }
    return undefined;
  };

  readonly authorize: Authorize = async ({ name, repository, user, context }) => {
    if (context.operation !== 'write' || !user) return false;
    if (!repository && !this.#options.mayCreate) return false;
    const granted = this.#rules.access.get(user.name);
    if (!granted) return false;
    if (granted.has(name)) return true;
    const short = /^(.*[^/])\.git$/s.exec(name)?.[1];
    if (short === undefined || !granted.has(short) || !this.#options.repositories) return false;
    // Where both `app` and `app.git` exist, the entry `app` means the first and never the second.
    return (await this.#options.repositories.find(short))?.name !== short;
  };

  /** Reads the file for the first time; rejects when it cannot be used. */
  async load(): Promise<void> {
    await this.#read();
  }

  /**
   * One look after the other, so that nothing earlier replaces something newer. Whoever comes while a look is
   * under way shares the next one: the present one may have begun before the change that matters.
   */
  #refresh(): Promise<void> {
    this.#nextLook ??= this.#lastLook.then(() => {
      this.#nextLook = undefined;
      return this.#reload();
    });
    this.#lastLook = this.#nextLook;
    return this.#lastLook;
  }

  async #reload(): Promise<void> {
    try {
      if (await this.#read()) this.#options.onReload?.({ userCount: this.userCount });
    } catch (error) {
      const problem =
        error instanceof AccessFileError ? error : new AccessFileError(this.#file, undefined, String(error));
      // Said once, not with every request.
      if (problem.message === this.#lastProblem) return;
      this.#lastProblem = problem.message;
      if (this.#options.onProblem) this.#options.onProblem(problem);
      else process.emitWarning(`${problem.message}; what was read before stays in force`);
    }
  }

  /** Whether there was something new. */
  async #read(): Promise<boolean> {
    let content: Buffer;
    let seen: string | undefined;
    try {
      // What is seen before the reading: a change in between is then noticed the next time.
      seen = fingerprint(await stat(this.#file, { bigint: true }));
      if (seen !== undefined && seen === this.#fingerprint) return false;
      content = await readFile(this.#file);
    } catch (error) {
      this.#fingerprint = undefined;
      this.#content = undefined;
      throw unreadable(this.#file, error);
    }
    this.#fingerprint = seen;
    if (this.#content?.equals(content)) return false;
    this.#content = content;
    this.#rules = parseAccessFile(content, this.#file);
    this.#commonest = commonestPassword(this.#rules);
    this.#checker.clear();
    this.#lastProblem = undefined;
    return true;
  }
}

/**
 * Opens an access file; rejects with an `AccessFileError` when it cannot be used. Later changes are noticed with
 * the next request that brings a password; a file that is broken then leaves what was read before in force.
 *
 * @example
 * const store = new DirectoryStore({ root: '/srv/git' });
 * const { authenticate, authorize } = await openAccessFile('/etc/access.ini', { repositories: store });
 * const git = createGitServer({ repositories: store, publicRead: true, authenticate, authorize });
 */
export async function openAccessFile(file: string, options: AccessFileOptions = {}): Promise<AccessFile> {
  const opened = new OpenAccessFile(file, options);
  await opened.load();
  return opened;
}
