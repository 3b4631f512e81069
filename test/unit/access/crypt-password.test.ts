/** Hashes that other programs have made. */
import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStoredPassword, PasswordFormatError, verifyPassword } from '../../../src/access/password.js';

/** What looks like syntax, bytes of UTF-8, and many of them. */
const passwords = ['x', 'a:b $6$c', 'größe €', 'pä'.repeat(32)];

/** The output of a program that hashes; undefined, said aloud, where it is missing. */
function output(command: string, args: readonly string[], input: string): string | undefined {
  try {
    return execFileSync(command, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw error;
    if (process.env['CI'] === 'true') throw new Error(`${command} is missing: install it`, { cause: error });
    process.stderr.write(`skipped: the tests of its hashes need ${command}\n`);
    return undefined;
  }
}

const hasOpenssl = output('openssl', ['version'], '') !== undefined;
const hasHtpasswd = output('htpasswd', ['-niB', 'user'], 'x\n') !== undefined;

async function expectOnly(password: string, text: string, kind: string): Promise<void> {
  const stored = parseStoredPassword(text);
  expect(stored.kind).toBe(kind);
  expect([password, await verifyPassword(stored, password)]).toEqual([password, true]);
  for (const wrong of [`${password}x`, password.slice(0, -1)]) {
    expect([wrong, await verifyPassword(stored, wrong)]).toEqual([wrong, false]);
  }
}

describe.runIf(hasOpenssl)('a hash of "openssl passwd"', () => {
  test.each([
    ['-5', 'sha-crypt'],
    ['-6', 'sha-crypt'],
    ['-apr1', 'apr1'],
  ])('made with %s belongs to its password and to no other', async (flag, kind) => {
    for (const password of passwords) {
      const text = output('openssl', ['passwd', flag, '-stdin'], `${password}\n`) ?? '';
      expect(text).toContain('$');
      await expectOnly(password, text.trim(), kind);
    }
  });
});

test.runIf(hasOpenssl)('SHA-crypt is right for passwords of every length', async () => {
  const all = Array.from({ length: 140 }, (_, index) => 'x'.repeat(index + 1));
  for (const flag of ['-5', '-6']) {
    const made = output('openssl', ['passwd', flag, '-salt', 'rounds=1000$salt', '-stdin'], all.join('\n'));
    const hashes = (made ?? '').trim().split('\n');
    expect(hashes).toHaveLength(all.length);
    for (const [index, hash] of hashes.entries()) {
      expect([hash, await verifyPassword(parseStoredPassword(hash), all[index] ?? '')]).toEqual([hash, true]);
    }
  }
});

describe.runIf(hasHtpasswd)('a hash of "htpasswd"', () => {
  test.each([
    ['-m', [], 'apr1'],
    ['-2', [], 'sha-crypt'],
    ['-5', [], 'sha-crypt'],
    ['-5', ['-r', '1000'], 'sha-crypt'],
    ['-2', ['-r', '7000'], 'sha-crypt'],
    ['-B', ['-C', '4'], 'bcrypt'],
  ])('made with %s %j belongs to its password and to no other', async (flag, more, kind) => {
    for (const password of ['a:b $6$c', 'größe €']) {
      const line = output('htpasswd', ['-ni', flag, ...more, 'ann'], `${password}\n`) ?? '';
      expect(line).toMatch(/^ann:\$/);
      await expectOnly(password, line.trim().replace(/^ann:/, ''), kind);
    }
  });
});

const sha = '/'.repeat(86);
test.each([
  ['$5$a$b', 'damaged'],
  ['$6$a$b', 'damaged'],
  [`$6$${sha}`, 'damaged'],
  [`$6$$${sha}`, 'damaged'],
  [`$6$salt$${sha}/`, 'damaged'],
  [`$6$sält$${sha}`, 'damaged'],
  [`$6$rounds=999$salt$${sha}`, 'damaged'],
  [`$6$rounds=05000$salt$${sha}`, 'damaged'],
  [`$6$rounds=100001$salt$${sha}`, 'rounds'],
  [`$6$rounds=999999999$salt$${sha}`, 'rounds'],
  ['$apr1$a$b', 'damaged'],
  [`$apr1$123456789$${'/'.repeat(22)}`, 'damaged'],
])('%s is refused', (text, problem) => {
  expect(() => parseStoredPassword(text)).toThrow(PasswordFormatError);
  expect(() => parseStoredPassword(text)).toThrow(problem);
});

test('no password opens a hash that belongs to none, whatever characters and length it has', async () => {
  const all = [
    `$6$rounds=1000$salt$${sha}`,
    `$5$rounds=1000$salt$${'/'.repeat(43)}`,
    `$apr1$salt$${'/'.repeat(22)}`,
  ];
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 100 }), async (password) => {
      for (const text of all) expect(await verifyPassword(parseStoredPassword(text), password)).toBe(false);
    }),
    { numRuns: 30 },
  );
});

test('a password that is too long for the hash is refused without the work that grows with it', async () => {
  const text = output('openssl', ['passwd', '-6', '-salt', 'salt', '-stdin'], `${'x'.repeat(250)}\n`);
  const stored = parseStoredPassword((text ?? `$6$salt$${sha}`).trim());
  expect(await verifyPassword(stored, 'x'.repeat(250))).toBe(text !== undefined);
  expect(await verifyPassword(stored, 'x'.repeat(1_000_000))).toBe(false);
});
