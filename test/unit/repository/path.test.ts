import { describe, expect, test } from 'vitest';
import { isSafeSegment, parsePath } from '../../../src/repository/path.js';

describe('a path', () => {
  test.each([
    ['/app.git', ['app.git']],
    ['/team/app', ['team', 'app']],
    ['/a%20b/c', ['a b', 'c']],
    ['/gr%C3%B6%C3%9Fe', ['größe']],
    ['/größe', ['größe']],
    ['/%E6%97%A5', ['日']],
    ['/%2e%2e%2e', ['...']],
    ['/...', ['...']],
    ['/.hidden/..a/a..', ['.hidden', '..a', 'a..']],
    ['/-h/~user', ['-h', '~user']],
    ['/a+b', ['a+b']],
    ['/%2B%3F%23%25', ['+?#%']],
    ['/ab:c', process.platform === 'win32' ? undefined : ['ab:c']],
    ['/.git', ['.git']],
  ])('%s is read as %j', (raw, segments) => {
    expect(parsePath(raw)).toEqual(segments);
  });

  test('is decoded once, so that what was encoded twice stays a name', () => {
    expect(parsePath('/%252e%252e/%252f')).toEqual(['%2e%2e', '%2f']);
    expect(parsePath('/%25%32%65')).toEqual(['%2e']);
  });

  test.each([
    ['without a slash in front', 'app'],
    ['that is empty', ''],
    ['of a slash alone', '/'],
    ['with an empty part', '//app'],
    ['with an empty part inside', '/a//b'],
    ['with a slash at its end', '/app/'],
    ['with a dot', '/./app'],
    ['with an encoded dot', '/%2e/app'],
    ['that climbs', '/../app'],
    ['that climbs at its end', '/app/..'],
    ['that climbs, encoded', '/%2e%2e/app'],
    ['that climbs, encoded by halves', '/.%2E/app'],
    ['with an encoded slash', '/a%2fb'],
    ['with an encoded slash that climbs', '/..%2Fapp'],
    ['with a backslash', '/a\\b'],
    ['with an encoded backslash', '/..%5capp'],
    ['with NUL', '/a%00.git'],
    ['with a newline', '/a%0ab'],
    ['with DEL', '/a%7f'],
    ['with a raw control character', '/a\tb'],
    ['with a drive', '/C:'],
    ['with a drive and more', '/c:windows'],
    ['with an encoded drive', '/%43%3A/app'],
    ['with half an escape', '/a%2'],
    ['with an escape that is none', '/a%zz'],
    ['with a percent sign alone', '/%'],
    ['with overlong UTF-8 for a dot', '/%c0%ae%c0%ae/app'],
    ['with overlong UTF-8 for a slash', '/..%c0%af'],
    ['with overlong UTF-8 of three bytes', '/%e0%80%af'],
    ['with UTF-8 that is cut off', '/%c3'],
    ['with a surrogate in UTF-8', '/%ed%a0%80'],
    ['beyond Unicode', '/%f4%90%80%80'],
    ['in Latin-1', '/gr%f6%dfe'],
    ['in IIS notation', '/%u002e%u002e'],
  ])('%s is none', (_name, raw) => {
    expect(parsePath(raw)).toBeUndefined();
  });

  test('may have 4096 characters, and each part 255 bytes once decoded', () => {
    expect(parsePath(`/${'a'.repeat(255)}`)).toHaveLength(1);
    expect(parsePath(`/${'a'.repeat(256)}`)).toBeUndefined();
    expect(parsePath(`/${'%61'.repeat(255)}`)).toEqual(['a'.repeat(255)]);
    expect(parsePath(`/${'%C3%BC'.repeat(127)}`)).toHaveLength(1);
    expect(parsePath(`/${'%C3%BC'.repeat(128)}`)).toBeUndefined();
    expect(parsePath('/a'.repeat(2048))).toHaveLength(2048);
    expect(parsePath(`${'/a'.repeat(2048)}a`)).toBeUndefined();
  });
});

test('a safe segment is one name, after decoding as before', () => {
  for (const name of ['a', 'a.git', '...', '-', '~', 'a b', '%2e%2e', '日本', 'CON']) {
    expect(isSafeSegment(name)).toBe(true);
  }
  for (const name of [
    '',
    '.',
    '..',
    '/',
    'a/b',
    '\\',
    'a\0',
    '\u001f',
    '\u007f',
    'C:',
    'z:x',
    'a'.repeat(256),
  ]) {
    expect(isSafeSegment(name)).toBe(false);
  }
});
