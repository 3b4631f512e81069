import { describe, expect, test } from 'vitest';
import { compileGlob } from '../../../src/access/glob.js';

describe('a pattern', () => {
  test.each([
    ['app', 'app', true],
    ['app', 'App', false],
    ['app', 'app.git', false],
    ['team/*', 'team/app', true],
    ['team/*', 'team/.app', true],
    ['team/*', 'team/deep/app', false],
    ['team/*', 'team', false],
    ['team/**', 'team/deep/app', true],
    ['**', 'team/deep/app', true],
    ['**/app', 'app', true],
    ['refs/heads/release-?', 'refs/heads/release-1', true],
    ['refs/heads/release-?', 'refs/heads/release-10', false],
    ['{a,b}/x', 'b/x', true],
    ['v[0-9]', 'v1', true],
    ['!app', 'app', false],
    ['!app', 'other', false],
    ['+(a)', 'aa', false],
    ['team/*', 'team/../secret', false],
    ['*', '..', false],
    ['refs/heads/**', 'refs/heads/a\u2028b', true],
    ['**/x', 'a\u2029/b/x', true],
  ])('%s, %s: %s', (pattern, name, fits) => {
    expect(compileGlob(pattern)(name)).toBe(fits);
  });

  test.each([
    ['++', '++', true],
    ['++', '+', false],
    ['c++/*', 'c++/app', true],
    ['[+-]', '+', true],
  ])('%s, %s, with plus: %s', (pattern, name, fits) => {
    expect(compileGlob(pattern)(name)).toBe(fits);
  });

  test.each(['', 'a[', 'a{b', '"\\\\\\\\"', 'a\\b', './x', '../x', 'a\nb'])('%j is refused', (pattern) => {
    expect(() => compileGlob(pattern)).toThrow(/pattern|closing/i);
  });
});
