import { describe, expect, test } from 'vitest';
import { AdministrationError } from '../../../src/repository/administration-error.js';
import { newRepositoryName, newWorkTreeName } from '../../../src/repository/new-name.js';

describe('a new repository', () => {
  test.each([
    ['app', 'app.git'],
    ['app.git', 'app.git'],
    ['team/sub-team/app_1.x', 'team/sub-team/app_1.x.git'],
    ['übung/日本', 'übung/日本.git'],
    ['a b', 'a b.git'],
  ])('that is asked for as %s is called %s', (given, name) => {
    expect(newRepositoryName(given)).toBe(name);
  });

  test.each([
    '',
    '.git',
    '/app',
    'app/',
    'a//b',
    '.',
    '..',
    '../app',
    'a/../b',
    'a/.git',
    '.hidden',
    'a/.hidden',
    '.gittyphoon-trash/x',
    '-x',
    'a/-x',
    'a.git/b',
    'a.GIT/b',
    'a.git.git',
    'a.Git',
    'x.lock',
    'x.lock.git',
    'x.LOCK/y',
    'a\\b',
    'C:/x',
    'a:b',
    'a*',
    'a?b',
    '{a,b}',
    '[ab]',
    'a\0b',
    'a\nb',
    'a\u200bb',
    'a\u202eb',
    'a\u2028b',
    ' a',
    'a ',
    'a/b ',
    'a.',
    'u\u0308',
    'x'.repeat(201),
    'ä'.repeat(101),
    `${'a/'.repeat(20)}b`,
    `${'x'.repeat(180)}/`.repeat(6),
  ])('is not called %j', (given) => {
    expect(() => newRepositoryName(given)).toThrow(AdministrationError);
  });

  test('with a working tree keeps its folder’s name', () => {
    expect(newWorkTreeName('team/work')).toBe('team/work');
    expect(() => newWorkTreeName('work.git')).toThrow('".git" in the middle');
  });
});
