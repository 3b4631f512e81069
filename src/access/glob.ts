import picomatch from 'picomatch';

/** Tells whether a name fits. */
export type GlobMatcher = (name: string) => boolean;

/**
 * A pattern for names with `/` between their parts, such as repositories and refs. `*` stands for any characters of
 * one part, `**` for any number of parts, `?` for one character, `{a,b}` for one of several, `[a-c]` for a set of
 * characters; a leading dot is a character like any other. Letters are told apart by case. Throws for a pattern that is
 * empty or has unequal brackets.
 */
export function compileGlob(pattern: string): GlobMatcher {
  if (pattern === '') throw new TypeError('an empty pattern fits nothing');
  // No name of a repository or a ref holds these; picomatch 4.0.7 does not return from some of them.
  if (/["\\\p{Cc}]/u.test(pattern))
    throw new TypeError('a pattern holds no quotes, backslashes and control characters');
  if (/^\.\.?\//.test(pattern)) throw new TypeError('a pattern does not begin with "./" or "../"');
  // Extended globs and negation would make a rule hard to read, and expensive to match.
  const options = {
    dot: true,
    nonegate: true,
    noextglob: true,
    strictBrackets: true,
    strictSlashes: true,
    // git takes U+2028 in the name of a ref, which a plain `.` does not fit: `**` would pass it by.
    flags: 's',
  } as const;
  // A plus is a character like any other; picomatch takes it for a repetition.
  const matches = picomatch(pattern.replaceAll('+', '\\+'), options);
  return (name) => matches(name);
}
