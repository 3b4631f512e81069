/**
 * The grammar of an access file: GitTornado's, an INI file with two sections.
 *
 *     file     = *( blank / comment / section / entry )
 *     comment  = ( "#" / ";" ) text
 *     section  = "[users]" / "[access]"
 *     entry    = name ( "=" / ":" ) value
 *
 * A value of [users] is a password, plain or hashed; a value of [access] is a list of repositories with commas
 * between them. White space around names, values and repositories does not count. The first `=` or `:` ends the
 * name, so that passwords may hold both. Nothing is guessed: a line that is not understood refuses the file.
 */
import { AccessFileError, type Fail } from './access-file-error.js';
import { PasswordFormatError, parseStoredPassword, type StoredPassword } from './password.js';
import { decodeLines } from './text-lines.js';

export interface AccessRules {
  readonly users: ReadonlyMap<string, StoredPassword>;
  /** Canonical names of repositories by user; `''` is the served folder itself. */
  readonly access: ReadonlyMap<string, ReadonlySet<string>>;
}

interface Entry {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

const sectionNames = ['users', 'access'] as const;
type SectionName = (typeof sectionNames)[number];
type Sections = Partial<Record<SectionName, Map<string, Entry>>>;

function parseSection(text: string, line: number, sections: Sections, fail: Fail): SectionName {
  const given = /^\[(.*)\]$/.exec(text)?.[1]?.trim();
  const name = sectionNames.find((known) => known === given);
  if (name === undefined) fail(line, 'there is no such section; known are [users] and [access]');
  if (sections[name]) fail(line, `the section [${name}] is there twice; put its lines together`);
  return name;
}

function parseEntry(text: string, line: number, fail: Fail): Entry {
  const separator = text.search(/[=:]/);
  if (separator < 0) fail(line, 'this is not "name = value"; a value cannot go on in the next line');
  const name = text.slice(0, separator).trim();
  const value = text.slice(separator + 1).trim();
  if (name === '') fail(line, 'the name before "=" is missing');
  if (/\p{Cc}/u.test(name)) fail(line, 'the name holds a control character');
  return { name, value, line };
}

function readSections(lines: readonly string[], fail: Fail): Sections {
  const sections: Sections = {};
  let current: Map<string, Entry> | undefined;
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    const text = raw.trim();
    if (text === '' || text.startsWith('#') || text.startsWith(';')) continue;
    if (text.startsWith('[')) {
      current = sections[parseSection(text, line, sections, fail)] = new Map();
      continue;
    }
    if (!current) fail(line, 'this stands before the first section; begin with [users]');
    const entry = parseEntry(text, line, fail);
    const earlier = current.get(entry.name);
    if (earlier) fail(line, `"${entry.name}" is already in line ${earlier.line}; leave one of the two`);
    current.set(entry.name, entry);
  }
  return sections;
}

function readPassword({ name, value, line }: Entry, fail: Fail): StoredPassword {
  if (value === '') fail(line, `the password of "${name}" is missing`);
  try {
    return parseStoredPassword(value);
  } catch (error) {
    if (error instanceof PasswordFormatError) {
      fail(line, `${error.message}; make one with "gittyphoon passwd"`);
    }
    throw error;
  }
}

/** What is wrong with the name of a repository; rules are written for canonical names only. */
function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty; leave out the comma';
  if (/[\\\p{Cc}]/u.test(name)) return 'holds a backslash or a control character';
  if (/[*?]/.test(name)) return 'looks like a pattern; name every repository';
  if (/\s[#;]/.test(name)) return 'looks like a comment; give it a line of its own';
  if (name.startsWith('/')) return 'begins with "/"; write the path below the served folder';
  const parts = name.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    return 'holds "//", "." or ".."; write the plain path below the served folder';
  }
  if (parts.at(-1) === '.git') return 'ends in "/.git"; name the folder around it';
  return undefined;
}

function readRepositories({ value, line }: Entry, fail: Fail): ReadonlySet<string> {
  const names = new Set<string>();
  for (const part of value.split(',')) {
    const name = part.trim();
    // The served folder itself may be a repository, and its canonical name is empty.
    const problem = name === '.' ? undefined : nameProblem(name);
    if (problem !== undefined) fail(line, `the repository "${name}" ${problem}`);
    names.add(name === '.' ? '' : name);
  }
  return names;
}

/** Reads the content of an access file; throws {@link AccessFileError} at the first line that cannot be used. */
export function parseAccessFile(content: Uint8Array, file: string): AccessRules {
  const fail: Fail = (line, problem) => {
    throw new AccessFileError(file, line, problem);
  };
  const sections = readSections(decodeLines(content, fail), fail);
  // An empty file takes nobody's access away.
  if (!sections.users) fail(undefined, 'the section [users] is missing');
  const users = new Map<string, StoredPassword>();
  for (const entry of sections.users.values()) users.set(entry.name, readPassword(entry, fail));
  const access = new Map<string, ReadonlySet<string>>();
  for (const entry of sections.access?.values() ?? []) {
    if (!users.has(entry.name)) {
      fail(entry.line, `there is no user "${entry.name}"; add a line to [users]`);
    }
    if (entry.value === '') fail(entry.line, `no repository follows; name one or remove the line`);
    access.set(entry.name, readRepositories(entry, fail));
  }
  return { users, access };
}
