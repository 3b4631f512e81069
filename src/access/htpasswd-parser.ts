/**
 * The grammar of an htpasswd file as Apache reads it (mod_authn_file):
 *
 *     file   = *( blank / comment / entry )
 *     comment = "#" text
 *     entry  = user ":" hash [ ":" anything ]
 *
 * Stricter than Apache: a line that is not understood, a user who is there twice, and a password that is kept in plain
 * text, as {SHA} or with DES refuse the file.
 */
import { AccessFileError, type Fail } from './access-file-error.js';
import { parseStoredPassword, PasswordFormatError, type StoredPassword } from './password.js';
import { decodeLines } from './text-lines.js';

const advice = 'make it again with "htpasswd -B"';

function readHash(user: string, text: string, line: number, fail: Fail): StoredPassword {
  if (text === '') fail(line, `the hash of "${user}" is missing`);
  let stored: StoredPassword;
  try {
    stored = parseStoredPassword(text);
  } catch (error) {
    if (error instanceof PasswordFormatError) fail(line, `${error.message}; ${advice}`);
    throw error;
  }
  // Apache cannot tell the two apart either, and tries both: a stolen file would be a list of passwords.
  if (stored.kind === 'plain') {
    fail(
      line,
      `the password of "${user}" is in plain text or hashed with DES, which is not supported; ${advice}`,
    );
  }
  return stored;
}

/** Reads the content of an htpasswd file; throws an {@link AccessFileError} at the first line that cannot be used. */
export function parseHtpasswd(content: Uint8Array, file: string): ReadonlyMap<string, StoredPassword> {
  const fail: Fail = (line, problem) => {
    throw new AccessFileError(file, line, problem);
  };
  const users = new Map<string, StoredPassword>();
  const lineOf = new Map<string, number>();
  for (const [index, raw] of decodeLines(content, fail).entries()) {
    const line = index + 1;
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) continue;
    const [user = '', hash] = text.split(':');
    if (hash === undefined) fail(line, 'this is not "user:hash"');
    if (user === '') fail(line, 'the user before ":" is missing');
    if (/\p{Cc}/u.test(user)) fail(line, 'the user holds a control character');
    const earlier = lineOf.get(user);
    if (earlier !== undefined) fail(line, `"${user}" is already in line ${earlier}; leave one of the two`);
    users.set(user, readHash(user, hash, line, fail));
    lineOf.set(user, line);
  }
  return users;
}
