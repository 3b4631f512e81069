import { hashSync } from 'bcryptjs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hashPassword,
  parseStoredPassword,
  PasswordFormatError,
  verifyPassword,
} from '../../../src/access/password.js';

const anyText = fc.string({ unit: 'binary', minLength: 1 });

/** As little work as the format allows, so that many passwords can be tried. */
const cheapScrypt = '$scrypt$ln=1,r=1,p=1$';

describe('a plain password', () => {
  test('is the text itself, whatever characters it has', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyText, async (password, other) => {
        const stored = { kind: 'plain', password } as const;
        expect(await verifyPassword(stored, password)).toBe(true);
        expect(await verifyPassword(stored, other)).toBe(password === other);
        expect(await verifyPassword(stored, `${password} `)).toBe(false);
        expect(await verifyPassword(stored, password.slice(0, -1))).toBe(false);
      }),
    );
  });

  test.each(['$', '$ecret', '$$', '$a b$c', '{', '{}', '{a b}', 'a$6$b', '$2024', 'x{SHA}'])(
    'may be %j, which only resembles a hash',
    (text) => {
      expect(parseStoredPassword(text)).toEqual({ kind: 'plain', password: text });
    },
  );
});

describe('scrypt', () => {
  test('verifies the hash that was made from a password, and refuses others', async () => {
    const password = 'pä$$ =: word';
    const stored = parseStoredPassword(await hashPassword(password));
    expect(stored.kind).toBe('scrypt');
    expect(await verifyPassword(stored, password)).toBe(true);
    expect(await verifyPassword(stored, 'pä$$ =: worD')).toBe(false);
    expect(await verifyPassword(stored, '')).toBe(false);
  });

  test('gives two hashes of one password that have nothing in common', async () => {
    const [one, two] = await Promise.all([hashPassword('same'), hashPassword('same')]);
    expect(one).not.toBe(two);
    expect(one?.split('$')[3]).not.toBe(two?.split('$')[3]);
  });

  test('verifies a vector of RFC 7914 in the PHC form', async () => {
    const hash = Buffer.from(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
        'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      'hex',
    );
    const text = [Buffer.from('SodiumChloride'), hash].map((bytes) =>
      bytes.toString('base64').replace(/=+$/, ''),
    );
    const stored = parseStoredPassword(`$scrypt$ln=14,r=8,p=1$${text.join('$')}`);
    expect(await verifyPassword(stored, 'pleaseletmein')).toBe(true);
    expect(await verifyPassword(stored, 'pleaseletmeout')).toBe(false);
  });

  test('never accepts a password for a hash that belongs to none, whatever characters it has', async () => {
    const stored = parseStoredPassword(`${cheapScrypt}c2FsdHNhbHQ$${'A'.repeat(43)}`);
    await fc.assert(
      fc.asyncProperty(anyText, async (password) => {
        expect(await verifyPassword(stored, password)).toBe(false);
      }),
    );
  });

  test('refuses to hash nothing', async () => {
    await expect(hashPassword('')).rejects.toThrow('the password is empty');
  });

  const rest = `$c2FsdHNhbHQ$${'A'.repeat(43)}`;
  test.each([
    `$scrypt$ln=15,r=8${rest}`,
    `$scrypt$ln=15,p=1,r=8${rest}`,
    `$scrypt$ln=0,r=8,p=1${rest}`,
    `$scrypt$ln=15,r=0,p=1${rest}`,
    `$scrypt$ln=30,r=8,p=1${rest}`,
    `$scrypt$ln=15,r=999,p=1${rest}`,
    `$scrypt$ln=15,r=8,p=17${rest}`,
    `$scrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$AAAA`,
    `$scrypt$ln=15,r=8,p=1${rest}$more`,
    '$scrypt$',
  ])('refuses %s', (text) => {
    expect(() => parseStoredPassword(text)).toThrow(PasswordFormatError);
  });
});

describe('bcrypt', () => {
  const hash = hashSync('tülip', 4);

  test.each(['2a', '2b', '2y'])('verifies a hash of the kind $%s$', async (id) => {
    const stored = parseStoredPassword(`$${id}$${hash.slice(4)}`);
    expect(stored.kind).toBe('bcrypt');
    expect(await verifyPassword(stored, 'tülip')).toBe(true);
    expect(await verifyPassword(stored, 'tulip')).toBe(false);
  });

  test('verifies a hash that another program has made', async () => {
    // From the tests of OpenBSD's bcrypt as Openwall publishes them.
    const stored = parseStoredPassword('$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW');
    expect(await verifyPassword(stored, 'U*U')).toBe(true);
    expect(await verifyPassword(stored, 'U*V')).toBe(false);
  });

  test.each([
    ['less work than bcrypt knows', `$2b$03$${hash.slice(7)}`],
    ['so much work that it would hold the server up', `$2b$16$${hash.slice(7)}`],
    ['a cost that is no number', `$2b$xx$${hash.slice(7)}`],
    ['a hash that is cut off', hash.slice(0, -1)],
    ['a hash with something behind', `${hash}x`],
    ['the broken kind $2x$', `$2x$${hash.slice(4)}`],
  ])('refuses %s', (_what, text) => {
    expect(() => parseStoredPassword(text)).toThrow(PasswordFormatError);
  });
});

test.each(['$1$a$b', '$y$j9T$a$b', '$argon2id$v=19$m=1', '$P$Babc', '{SSHA}abc'])(
  'the hash %s is refused rather than taken as a password',
  (text) => {
    expect(() => parseStoredPassword(text)).toThrow(/are not supported/);
  },
);
