/** Patterns of rules: for repositories, and for refs with their short forms. */
import { compileGlob, type GlobMatcher } from './glob.js';
import { RulesProblem } from './rules-problem.js';
import type { Item } from './rules-values.js';

function compile(pattern: string, { text, path }: Item): GlobMatcher {
  try {
    return compileGlob(pattern);
  } catch {
    throw new RulesProblem(path, `the pattern "${text}" cannot be used; are its brackets closed?`);
  }
}

function compileRepository(item: Item): GlobMatcher {
  const { text, path } = item;
  if (/^[\s/]|[\s/]$|\/\/|\\/.test(text)) {
    throw new RulesProblem(
      path,
      `the repository "${text}" is no path below the served folder; write team/app or team/**`,
    );
  }
  const fits = compile(text, item);
  return (name) => {
    // The served folder itself may be a repository, and its canonical name is empty.
    if (name === '') return text === '.' || text === '**';
    return fits(name) || (name.endsWith('.git') && fits(name.slice(0, -'.git'.length)));
  };
}

/** Fits the canonical name of a repository, with or without its final `.git`. */
export function compileRepositories(items: readonly Item[]): GlobMatcher {
  const matchers = items.map(compileRepository);
  return (name) => matchers.some((fits) => fits(name));
}

/**
 * The full form of a ref or of a pattern for refs. `heads/` and `tags/` are git's own short forms; what begins with
 * neither, nor with `refs/`, is a branch.
 */
export function fullRef(text: string): string {
  if (text.startsWith('refs/')) return text;
  return /^(?:heads|tags)\//.test(text) ? `refs/${text}` : `refs/heads/${text}`;
}

/** Whether this is the name of a tag. */
export function isTag(refName: string): boolean {
  return refName.startsWith('refs/tags/');
}

/** A pattern for refs, and what it can fit at all. */
export interface RefPatterns {
  readonly fits: GlobMatcher;
  /** Whether it fits tags only, no tag, or whatever. */
  readonly kind: 'tags' | 'no-tags' | 'mixed';
}

function kindOf(patterns: readonly string[]): RefPatterns['kind'] {
  if (patterns.every(isTag)) return 'tags';
  // What stands literally before the first special character tells.
  const mayFitTags = patterns.some((pattern) => {
    const literal = /^[^*?[{(\\]*/.exec(pattern)?.[0] ?? '';
    return 'refs/tags/'.startsWith(literal) || literal.startsWith('refs/tags/');
  });
  return mayFitTags ? 'mixed' : 'no-tags';
}

export function compileRefs(items: readonly Item[]): RefPatterns {
  for (const { text, path } of items) {
    if (!text.startsWith('refs/') && text.includes('refs/')) {
      throw new RulesProblem(
        path,
        `the pattern "${text}" stands for ${fullRef(text)}; begin it with "refs/" or make it several`,
      );
    }
    if (/^\/|\/$|\s|^HEAD$/.test(text)) {
      throw new RulesProblem(path, `"${text}" fits no ref; write main, release/**, tags/v* or refs/notes/**`);
    }
  }
  const patterns = items.map(({ text }) => fullRef(text));
  const matchers = items.map((item, index) => compile(patterns[index] ?? '', item));
  return { fits: (refName) => matchers.some((fits) => fits(refName)), kind: kindOf(patterns) };
}
