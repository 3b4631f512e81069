/** The patterns of a token, which name the repositories that it opens. */
import { compileGlob, type GlobMatcher } from './glob.js';

/** What is wrong with a pattern of repositories; undefined when nothing is. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern === '') return 'is empty';
  if (/[\\\p{Cc}]/u.test(pattern)) return 'holds a backslash or a control character';
  if (pattern === '.') return undefined;
  if (pattern.startsWith('/')) return 'begins with "/"; write the path below the served folder';
  if (pattern.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    return 'holds "//", "." or ".."; write the plain path below the served folder';
  }
  try {
    compileGlob(pattern);
  } catch {
    return 'is no pattern; look at its brackets';
  }
  return undefined;
}

/**
 * Tells whether a repository is among those of a token. As in URLs, `app` also stands for `app.git`; `.` and `**` are
 * also for a served folder that is itself a repository, whose canonical name is empty.
 */
export function compilePatterns(patterns: readonly string[], cache: Map<string, GlobMatcher>): GlobMatcher {
  const matchers = patterns.map((pattern) => {
    const known = cache.get(pattern) ?? compileGlob(pattern);
    cache.set(pattern, known);
    return known;
  });
  const isForRoot = patterns.some((pattern) => pattern === '.' || pattern === '**');
  return (name) => {
    if (name === '') return isForRoot;
    const short = /^(.*[^/])\.git$/s.exec(name)?.[1];
    return matchers.some((matches) => matches(name) || (short !== undefined && matches(short)));
  };
}
