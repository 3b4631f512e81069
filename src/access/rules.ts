/** Access rules: who may read and write which repository, and change which ref. */
import { OptionError } from '../errors.js';
import type { GitUser, RepositoryReference } from '../context.js';
import type { Authorize, AuthorizeUpdate } from './policy.js';
import { compileRules, type CompiledRules } from './rules-compile.js';
import type { AccessRulesData, Visibility } from './rules-data.js';
import { decide, goesByNote } from './rules-decide.js';
import { explain, type Explanation, type RulesQuestion, type RulesSource } from './rules-explain.js';
import type { Asker } from './rules-groups.js';
import { refPermissions } from './rules-permissions.js';
import { RulesProblem } from './rules-problem.js';
import { decideUpdate } from './rules-updates.js';

/** Rules that can be asked. Give the two functions to `createGitServer`, with `publicRead: false`. */
export interface AccessRules {
  /**
   * Decides for a repository. Reading: as the rules and the repository's visibility say, for all of its refs or for
   * none. Writing: whether this user may do anything at all to some ref; which, `authorizeUpdate` decides.
   */
  readonly authorize: Authorize;
  /** Decides each ref of a push, with the reason that the user reads. */
  readonly authorizeUpdate: AuthorizeUpdate;
  /** Which rule decides a question, and how. */
  readonly explain: (question: RulesQuestion) => Explanation;
}

/** What rules may want to know of elsewhere. */
export interface AccessRulesOptions {
  /**
   * What a repository says of itself, for entries whose visibility is `noted`; anything but `public` and `authenticated`
   * is private. It is asked for every reading request of such a repository. `createVisibilityReader()` gives a function
   * that reads what `gittyphoon repo visibility` has noted. Default none: `noted` cannot be used.
   */
  readonly visibilityOf?:
    | ((
        repository: NonNullable<RepositoryReference['repository']>,
      ) => Visibility | undefined | Promise<Visibility | undefined>)
    | undefined;
}

/** How much some rules hold. */
export interface RulesSummary {
  readonly groupCount: number;
  readonly repositoryCount: number;
  readonly ruleCount: number;
}

function mayWrite(rules: CompiledRules, asker: Asker, repositoryName: string): boolean {
  return refPermissions.some(
    (permission) => decide(rules, asker, repositoryName, permission, { kind: 'some-ref' }).isAllowed,
  );
}

/** Compiled rules as functions for the server. */
export function asAccessRules(
  rules: CompiledRules,
  source: RulesSource,
  { visibilityOf }: AccessRulesOptions,
): AccessRules {
  const askerOf = (user: GitUser | undefined): Asker => rules.groups.askerOf(user?.name, user?.groups);
  return {
    async authorize({ name, repository, user, context }) {
      const asker = askerOf(user);
      if (context.operation === 'write') return mayWrite(rules, asker, name);
      const noted = repository && goesByNote(rules, name) ? await visibilityOf?.(repository) : undefined;
      return decide(rules, asker, name, 'read', { kind: 'repository' }, noted).isAllowed;
    },
    authorizeUpdate: ({ update, user, repository }) =>
      decideUpdate(rules, askerOf(user), repository.name, update),
    explain: (question) => explain(rules, source, question),
  };
}

/** How much some rules hold. */
export function summarise({ groups, repositories, rules }: CompiledRules): RulesSummary {
  return {
    groupCount: groups.count,
    repositoryCount: repositories.length,
    ruleCount: rules.length,
  };
}

/**
 * Rules from data. Throws an `OptionError` that names the place, such as `rules[2].allow`, for data that cannot be
 * used; later changes of the data have no effect. `options` are for visibilities that are `noted`.
 *
 * @example
 * const { authorize, authorizeUpdate } = createAccessRules({
 *   groups: { maintainers: ['ann'] },
 *   repositories: [{ name: '**', visibility: 'public' }],
 *   rules: [
 *     { who: '@maintainers', allow: 'all' },
 *     { who: '*', refs: 'main', deny: 'write', message: 'protected: ask a maintainer' },
 *     { who: '*', allow: 'write' },
 *   ],
 * });
 */
export function createAccessRules(data: AccessRulesData, options: AccessRulesOptions = {}): AccessRules {
  try {
    const compiled = compileRules(data, options.visibilityOf !== undefined);
    return asAccessRules(compiled, { file: undefined, lineOf: () => undefined }, options);
  } catch (error) {
    if (error instanceof RulesProblem) {
      throw new OptionError(error.shownPath || 'data', `cannot be used: ${error.message}`);
    }
    throw error;
  }
}
