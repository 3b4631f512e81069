/** What a new token needs, checked. */
import { OptionError } from '../errors.js';
import type { TokenInfo, TokenScope } from './tokens-parser.js';
import { patternProblem } from './tokens-patterns.js';

/** A token to make. */
export interface NewToken {
  /** Who comes with it. Rules and the access file say what this user may do; the token never opens more. */
  readonly user: string;
  /** `read` for fetch, clone and archive; `write` for these and push. */
  readonly scope: TokenScope;
  /**
   * Patterns of canonical names: `*` for any characters of one part, `**` for any parts, `?`, `{a,b}` and `[a-c]`. `app`
   * also stands for `app.git`; `**` opens all that the user may open.
   */
  readonly repositories: readonly string[];
  /** When it ends by itself; `never` leaves that to whoever revokes it. */
  readonly expires: Date | 'never';
  /** What it is for, at most 200 characters. Default none. */
  readonly description?: string | undefined;
}

const maxUserLength = 200;
const maxDescriptionLength = 200;

function checkText(text: unknown, option: string, maxLength: number): asserts text is string {
  if (typeof text !== 'string' || text === '') throw new OptionError(option, 'must be a text');
  if (text !== text.trim()) throw new OptionError(option, 'must not begin or end with a space');
  if (text.length > maxLength) throw new OptionError(option, `is longer than ${maxLength} characters`);
  if (/[\p{Cc}\p{Cs}]/u.test(text)) throw new OptionError(option, 'holds a control character');
}

function checkRepositories(patterns: unknown): readonly string[] {
  if (!Array.isArray(patterns) || patterns.length === 0) {
    throw new OptionError('repositories', 'must hold at least one pattern; "**" is for all repositories');
  }
  return patterns.map((pattern: unknown) => {
    const problem = typeof pattern === 'string' ? patternProblem(pattern) : 'is no text';
    if (problem !== undefined)
      throw new OptionError('repositories', `holds ${JSON.stringify(pattern)}, which ${problem}`);
    return pattern as string;
  });
}

function checkExpires(expires: unknown, now: Date): Date | undefined {
  if (expires === 'never') return undefined;
  // Without this an invalid date would be written as null, which means for ever.
  if (!(expires instanceof Date) || Number.isNaN(expires.getTime())) {
    throw new OptionError('expires', 'must be a date or "never"');
  }
  if (expires <= now) throw new OptionError('expires', 'is already over');
  return new Date(expires);
}

/** Everything about a new token but its id; throws an `OptionError` that names what cannot be used. */
export function checkNewToken(wanted: NewToken): Omit<TokenInfo, 'id'> {
  const { user, scope, repositories, expires, description } = wanted;
  checkText(user, 'user', maxUserLength);
  if (scope !== 'read' && scope !== 'write') throw new OptionError('scope', 'must be "read" or "write"');
  if (description !== undefined) checkText(description, 'description', maxDescriptionLength);
  const created = new Date();
  return {
    user,
    scope,
    repositories: checkRepositories(repositories),
    created,
    expires: checkExpires(expires, created),
    description,
  };
}
