import { expect, test } from 'vitest';
import { checkCreateSettings, isBranchName } from '../../../src/repository/create-settings.js';
import { git } from '../../support/fixtures.js';

test.each([
  {},
  { defaultBranch: 'feature/x', objectFormat: 'sha256', description: 'ä', visibility: 'public' },
  { shared: '0640', templateDirectory: '/srv/template' },
  { shared: 'group' },
])('%j are settings', (settings) => {
  expect(checkCreateSettings(settings)).toMatchObject(settings);
});

test.each([
  true,
  null,
  'main',
  { defaultbranch: 'main' },
  { defaultBranch: '-x' },
  { defaultBranch: 7 },
  { objectFormat: 'md5' },
  { description: 'two\nlines' },
  { visibility: 'secret' },
  { shared: '777' },
  { shared: 'group --template=/x' },
  { templateDirectory: 'relative' },
])('%j are none', (settings) => {
  expect(() => checkCreateSettings(settings)).toThrow(/./);
});

test.each([
  'main',
  'a/b',
  'ü',
  'x@y',
  '-x',
  'HEAD',
  '@',
  'a..b',
  'a b',
  'x.lock',
  'a.lock/b',
  '/a',
  'a/',
  'a//b',
  'a.',
  '.a',
  'a/.b',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[b',
  'a\\b',
  'a@{b',
  '\u007f',
  '',
])('git thinks the same of a branch %j', async (name) => {
  const { code } = await git(['check-ref-format', '--branch', name]);
  // git gives meaning to @ where a branch is named; as a name it is of no use.
  const expected = code === 0 && name !== '@';
  expect(isBranchName(name)).toBe(expected);
});
