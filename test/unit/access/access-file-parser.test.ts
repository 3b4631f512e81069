import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AccessFileError } from '../../../src/access/access-file-error.js';
import { parseAccessFile, type AccessRules } from '../../../src/access/access-file-parser.js';

const parse = (text: string): AccessRules => parseAccessFile(Buffer.from(text), 'access.ini');

/** Why the content is refused; undefined when it is accepted. */
function problemOf(content: string | Uint8Array): string | undefined {
  try {
    parseAccessFile(Buffer.from(content), 'access.ini');
    return undefined;
  } catch (error) {
    if (error instanceof AccessFileError) return error.message;
    throw error;
  }
}

function passwordOf(text: string, name: string): string | undefined {
  const stored = parse(text).users.get(name);
  return stored?.kind === 'plain' ? stored.password : undefined;
}

describe('an access file', () => {
  test('gives users their passwords and their repositories', () => {
    const rules = parse('[users]\nmensi = secret\nbob: tulip\n\n[access]\nmensi = app, team/lib.git\n');
    expect(rules.users.get('mensi')).toEqual({ kind: 'plain', password: 'secret' });
    expect(rules.users.get('bob')).toEqual({ kind: 'plain', password: 'tulip' });
    expect(rules.access.get('mensi')).toEqual(new Set(['app', 'team/lib.git']));
    expect(rules.access.get('bob')).toBeUndefined();
  });

  test('may have its sections in either order, and no [access] at all', () => {
    expect(parse('[access]\na = app\n[users]\na = b').access.get('a')).toEqual(new Set(['app']));
    expect(parse('[users]\na = b').access.size).toBe(0);
    expect(parse('[users]').users.size).toBe(0);
  });

  test('may have comments, empty lines, indentation, a byte order mark and the line ends of Windows', () => {
    const text = '\uFEFF# one\r\n; two\r\n\r\n[users]\r\n\ta = b\r\n  # three\r\n[ access ]\r\n\ta = app\r\n';
    expect(passwordOf(text, 'a')).toBe('b');
    expect(parse(text).access.get('a')).toEqual(new Set(['app']));
  });

  test('ends a name at the first = or :, whichever comes first', () => {
    expect(passwordOf('[users]\na = b=c:d', 'a')).toBe('b=c:d');
    expect(passwordOf('[users]\na : b=c:d', 'a')).toBe('b=c:d');
    expect(passwordOf('[users]\na == b', 'a')).toBe('= b');
  });

  test('keeps quotes, percent signs, # and ; as parts of a password', () => {
    expect(passwordOf('[users]\na = "x" %(y)s #1;2', 'a')).toBe('"x" %(y)s #1;2');
  });

  test('tells names apart by case, and has no trouble with names of objects', () => {
    const rules = parse('[users]\nAnn = 1\nann = 2\n__proto__ = 3\nconstructor = 4');
    expect([...rules.users.keys()]).toEqual(['Ann', 'ann', '__proto__', 'constructor']);
    expect(parse('[users]\na = b').users.get('constructor')).toBeUndefined();
  });

  test('means the served folder itself by "."', () => {
    expect(parse('[users]\na = b\n[access]\na = .').access.get('a')).toEqual(new Set(['']));
  });

  test('keeps any password that has no line end and no white space around it', () => {
    const password = fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => !/[\r\n]/.test(text) && text === text.trim())
      .filter((text) => !/^(\$[A-Za-z0-9-]+\$|\{[A-Za-z0-9./-]+\})/.test(text));
    fc.assert(
      fc.property(password, fc.constantFrom('=', ' = ', ':', ' : '), (text, separator) => {
        expect(passwordOf(`[users]\nann${separator}${text}\n`, 'ann')).toBe(text);
      }),
    );
  });

  test('is read or refused with a line, whatever it holds, and never throws anything else', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '[users]',
        '[access]',
        '\n',
        '=',
        ':',
        ',',
        '#',
        ';',
        'a',
        '..',
        '/',
        '$6$',
        '{SHA}',
        ' ',
      ),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(problemOf(pieces.join('')) ?? 'access.ini: accepted').toMatch(/^access\.ini(:\d+)?: /);
      }),
    );
  });
});

describe('an access file is refused, with its name and line, for', () => {
  const users = '[users]\na = b\n';
  test.each([
    ['no section [users]', '', 'access.ini: the section [users] is missing'],
    ['a line before the first section', '# x\na = b', 'access.ini:2: this stands before the first section'],
    ['an unknown section', '[users]\n[groups]', 'access.ini:2: there is no such section'],
    ['a section in capitals', '[Users]', 'access.ini:1: there is no such section'],
    ['a section that is not closed', '[users', 'access.ini:1: there is no such section'],
    ['a section that is there twice', '[users]\n[users]', 'access.ini:2: the section [users] is there twice'],
    ['a user who is there twice', `${users}a = c`, 'access.ini:3: "a" is already in line 2'],
    [
      'rights that are there twice',
      `${users}[access]\na = x\na = y`,
      'access.ini:5: "a" is already in line 4',
    ],
    ['a line without = and :', `${users}bob`, 'access.ini:3: this is not "name = value"'],
    ['a value that goes on', `${users}[access]\na = x\n  y`, 'access.ini:5: this is not "name = value"'],
    ['a name that is empty', '[users]\n = b', 'access.ini:2: the name before "=" is missing'],
    ['a name with a control character', '[users]\na\u0007 = b', 'access.ini:2: the name holds a control'],
    ['a password that is empty', '[users]\na =', 'access.ini:2: the password of "a" is missing'],
    ['rights of nobody known', `${users}[access]\nbob = x`, 'access.ini:4: there is no user "bob"'],
    ['rights to nothing', `${users}[access]\na =`, 'access.ini:4: no repository follows'],
    ['a repository that is empty', `${users}[access]\na = x,,y`, 'access.ini:4: the repository "" is empty'],
    ['a comma at the end', `${users}[access]\na = x,`, 'access.ini:4: the repository "" is empty'],
    ['an absolute path', `${users}[access]\na = /x`, 'access.ini:4: the repository "/x" begins with "/"'],
    ['a final slash', `${users}[access]\na = x/`, 'access.ini:4: the repository "x/" holds "//"'],
    ['a double slash', `${users}[access]\na = x//y`, 'access.ini:4: the repository "x//y" holds "//"'],
    ['a way up', `${users}[access]\na = x/../y`, 'access.ini:4: the repository "x/../y" holds'],
    ['a way up alone', `${users}[access]\na = ..`, 'access.ini:4: the repository ".." holds'],
    ['a dot', `${users}[access]\na = ./x`, 'access.ini:4: the repository "./x" holds'],
    ['a backslash', `${users}[access]\na = x\\y`, 'access.ini:4: the repository "x\\y" holds a backslash'],
    ['a .git folder', `${users}[access]\na = x/.git`, 'access.ini:4: the repository "x/.git" ends in'],
    [
      'a pattern',
      `${users}[access]\na = team/*`,
      'access.ini:4: the repository "team/*" looks like a pattern',
    ],
    [
      'a comment behind',
      `${users}[access]\na = x # y`,
      'access.ini:4: the repository "x # y" looks like a comment',
    ],
    ['a hash of another kind', '[users]\na = $1$salt$hash', 'access.ini:2: hashes of the kind $1$ are not'],
    ['an LDAP hash', '[users]\na = {SHA}2jmj7l5rSw0yVb', 'access.ini:2: hashes of the kind {SHA} are not'],
    ['a damaged scrypt hash', '[users]\na = $scrypt$ln=15', 'access.ini:2: the $scrypt$ hash is damaged'],
    ['a damaged bcrypt hash', '[users]\na = $2y$10$abc', 'access.ini:2: the bcrypt hash is damaged'],
  ])('%s', (_what, text, message) => {
    expect(problemOf(text)).toContain(message);
  });

  test('bytes that are not UTF-8', () => {
    const content = Buffer.concat([Buffer.from('[users]\na = '), Buffer.from([0xe9]), Buffer.from('\n')]);
    expect(problemOf(content)).toBe('access.ini:2: the line is not UTF-8; save the file as UTF-8');
  });

  test('and none of these messages holds a password', () => {
    for (const text of [
      '[users]\nhunter2',
      'hunter2 = x',
      '[users]\na = $6$hunter2$',
      '[users]\na = {X}hunter2',
    ]) {
      expect(problemOf(text)).not.toContain(text === 'hunter2 = x' ? 'hunter2 = x' : 'hunter2');
    }
  });
});
