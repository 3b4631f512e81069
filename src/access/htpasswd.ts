import { asAccessFileError, type AccessFileError } from './access-file-error.js';
import { parseHtpasswd } from './htpasswd-parser.js';
import { PasswordUsers } from './password-users.js';
import type { Authenticate } from './policy.js';
import { WatchedFile } from './watched-file.js';

export interface HtpasswdFileOptions {
  /** A changed file cannot be used; what was read before stays in force. Default: a warning of the process. */
  readonly onProblem?: ((problem: AccessFileError) => void) | undefined;
  /** A changed file is in force now. */
  readonly onReload?: ((summary: { readonly userCount: number }) => void) | undefined;
}

/** An Apache htpasswd file at work. */
export interface HtpasswdFile {
  /** Recognises the users of the file by Basic credentials. */
  readonly authenticate: Authenticate;
  /** How many users the file has now. */
  readonly userCount: number;
}

/**
 * Opens a file of Apache's htpasswd with hashes of bcrypt (`htpasswd -B`), SHA-crypt (`-2`, `-5`) or apr1 (`-m`). Rejects
 * with an `AccessFileError` when it cannot be used: also for passwords in plain text, as {SHA} and with DES. Later changes are
 * noticed with the next request that brings a password; a file that is broken then leaves what was read before in
 * force. One that was made shorter in place counts once it has been left alone for two seconds. An empty file is a
 * file without users, for that is what taking out the last one leaves.
 *
 * @example
 * const { authenticate } = await openHtpasswdFile('/etc/git.htpasswd');
 * const git = createGitServer({ repositories: '/srv/git', authenticate, authorize: ({ user }) => user !== undefined });
 */
export async function openHtpasswdFile(
  file: string,
  options: HtpasswdFileOptions = {},
): Promise<HtpasswdFile> {
  const users = new PasswordUsers();
  const watched = new WatchedFile(file, {
    parse: (content) => parseHtpasswd(content, file),
    take: (parsed) => users.replace(parsed),
    problemOf: (error) => asAccessFileError(file, error),
    onReload: () => options.onReload?.({ userCount: users.count }),
    onProblem: options.onProblem,
  });
  await watched.load();
  return {
    get userCount() {
      return users.count;
    },
    async authenticate({ credentials }) {
      if (credentials?.scheme !== 'basic') return undefined;
      const { username, password } = credentials;
      await watched.refresh();
      return (await users.check(username, password)) ? { name: username } : undefined;
    },
  };
}
