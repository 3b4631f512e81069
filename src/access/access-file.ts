/** An access file at work: read, watched for changes, and asked. */
import { asAccessFileError, type AccessFileError } from './access-file-error.js';
import { parseAccessFile, type AccessRules } from './access-file-parser.js';
import { PasswordUsers } from './password-users.js';
import type { Authenticate, Authorize } from './policy.js';
import { WatchedFile } from './watched-file.js';

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

class OpenAccessFile implements AccessFile {
  readonly #options: AccessFileOptions;
  readonly #watched: WatchedFile<AccessRules, AccessFileError>;
  readonly #users = new PasswordUsers();
  #access: AccessRules['access'] = new Map();

  constructor(file: string, options: AccessFileOptions) {
    this.#options = options;
    this.#watched = new WatchedFile(file, {
      parse: (content) => parseAccessFile(content, file),
      take: ({ users, access }) => {
        this.#users.replace(users);
        this.#access = access;
      },
      problemOf: (error) => asAccessFileError(file, error),
      onReload: () => options.onReload?.({ userCount: this.userCount }),
      onProblem: options.onProblem,
    });
  }

  get userCount(): number {
    return this.#users.count;
  }

  readonly authenticate: Authenticate = async ({ credentials }) => {
    if (credentials?.scheme !== 'basic') return undefined;
    const { username, password } = credentials;
    await this.#watched.refresh();
    return (await this.#users.check(username, password)) ? { name: username } : undefined;
  };

  readonly authorize: Authorize = async ({ name, repository, user, context }) => {
    if (context.operation !== 'write' || !user) return false;
    if (!repository && !this.#options.mayCreate) return false;
    const granted = this.#access.get(user.name);
    if (!granted) return false;
    if (granted.has(name)) return true;
    const short = /^(.*[^/])\.git$/s.exec(name)?.[1];
    if (short === undefined || !granted.has(short) || !this.#options.repositories) return false;
    // Where both `app` and `app.git` exist, the entry `app` means the first and never the second.
    return (await this.#options.repositories.find(short))?.name !== short;
  };

  /** Reads the file for the first time; rejects when it cannot be used. */
  load(): Promise<void> {
    return this.#watched.load();
  }
}

/**
 * Opens an access file; rejects with an `AccessFileError` when it cannot be used. Later changes are noticed with
 * the next request that brings a password, or once the file has been left alone for two seconds when it was made shorter
 * in place; a file that is broken then leaves what was read before in force.
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
