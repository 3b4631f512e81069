/** What a verified token becomes here: a user with groups and a scope. */
import type { CredentialScope, GitUser, Operation } from '../context.js';
import { parseTemplate } from './claim-template.js';
import { compileGlob } from './glob.js';
import type { Claims, ClaimRules, ClaimValue } from './oidc-options.js';
import type { ResolvedOidcOptions } from './oidc-resolve-options.js';

/** Why a token is not good; for the log, never for the client. */
export class TokenRefusal extends Error {
  override readonly name = 'TokenRefusal';
}

/** REMOTE_USER, reflogs and logs show names; longer ones are no names. */
const maxNameCharacters = 200;

const maxGroups = 1_000;

const allOperations: readonly Operation[] = ['read', 'write'];

/** A claim of the token itself, never one of JavaScript's own such as `constructor`. */
function claimOf(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

/** A name that cannot mislead those who read it in logs: without controls, invisible and reordering characters. */
function checkName(name: unknown, what: string): string {
  if (typeof name !== 'string' || name.trim() === '') throw new TokenRefusal(`${what} is empty or no text`);
  if (name.length > maxNameCharacters) throw new TokenRefusal(`${what} is too long`);
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(name)) {
    throw new TokenRefusal(`${what} holds characters that cannot be shown`);
  }
  if (name !== name.trim()) throw new TokenRefusal(`${what} begins or ends with white space`);
  return name;
}

/** A claim as a text; an empty one would make a template mean something else. */
function textOf(claims: Claims, name: string): string {
  const value = claimOf(claims, name);
  if (typeof value === 'string' && value !== '') return value;
  if (Number.isSafeInteger(value) || typeof value === 'boolean') return String(value);
  throw new TokenRefusal(`the claim "${name}" is missing, empty or neither a text nor a whole number`);
}

function fillTemplate(text: string, claims: Claims, option: string): string {
  return parseTemplate(text, option).fill((name) => textOf(claims, name));
}

function fits(claims: Claims, name: string, wanted: ClaimValue | readonly ClaimValue[]): boolean {
  const value = claimOf(claims, name);
  const isSpaced = name === 'scope' && typeof value === 'string';
  const values: unknown[] = isSpaced ? value.split(' ') : Array.isArray(value) ? value : [value];
  return values.some((one) =>
    typeof wanted === 'object' ? wanted.some((any) => any === one) : wanted === one,
  );
}

/** The first claim that is not as the rules want it. */
function unfitting(claims: Claims, rules: ClaimRules): string | undefined {
  return Object.entries(rules).find(([name, wanted]) => !fits(claims, name, wanted))?.[0];
}

function checkRequired(claims: Claims, required: ResolvedOidcOptions['requiredClaims']): void {
  if (typeof required === 'function') {
    // Nothing but true lets a token in: a function written in plain JavaScript may return anything.
    // oxlint-disable-next-line typescript/no-unnecessary-boolean-literal-compare
    if (required(claims) !== true) throw new TokenRefusal('requiredClaims() does not accept its claims');
  } else if (required) {
    const name = unfitting(claims, required);
    if (name !== undefined) throw new TokenRefusal(`the claim "${name}" is not as required`);
  }
}

function userNameOf(claims: Claims, { user, userPrefix = '' }: ResolvedOidcOptions): string {
  let name: string | undefined;
  if (typeof user === 'function') {
    name = user(claims);
    if (name === undefined || name === null) throw new TokenRefusal('user() gives it no name');
  } else {
    name = user.includes('<') ? fillTemplate(user, claims, 'user') : textOf(claims, user);
  }
  // Also by itself: with an empty name the prefix would be the user.
  return checkName(userPrefix + checkName(name, "the user's name"), "the user's name");
}

function groupSourceOf(claims: Claims, groups: NonNullable<ResolvedOidcOptions['groups']>): unknown {
  if (typeof groups === 'function') return groups(claims);
  if (typeof groups !== 'string') return groups.map((text) => fillTemplate(text, claims, 'groups'));
  return groups.includes('<') ? fillTemplate(groups, claims, 'groups') : (claimOf(claims, groups) ?? []);
}

function groupsOf(claims: Claims, { groups, groupPrefix = '' }: ResolvedOidcOptions): readonly string[] {
  if (groups === undefined) return [];
  const found = groupSourceOf(claims, groups);
  const list: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (list.length > maxGroups) throw new TokenRefusal(`it has more than ${maxGroups} groups`);
  return list.map((name) => checkName(groupPrefix + checkName(name, 'a group'), 'a group'));
}

function operationsOf(
  claims: Claims,
  operations: NonNullable<ResolvedOidcOptions['operations']>,
): readonly Operation[] {
  if (typeof operations === 'function') {
    const given = operations(claims);
    return allOperations.filter((operation) => given.includes(operation));
  }
  return allOperations.filter((operation) => {
    const rules = operations[operation] ?? false;
    return typeof rules === 'boolean' ? rules : unfitting(claims, rules) === undefined;
  });
}

/**
 * A text as a pattern that fits nothing else; for claims that go into patterns. A text that no repository of a forge can
 * be named, such as one with `*` or `..` in it, refuses the token rather than mean something to the pattern.
 */
export function literalGlob(text: string): string {
  const isPlain = /^[\p{L}\p{N}\p{M}_./@~+ -]+$/u.test(text);
  if (!isPlain || text.split('/').some((part) => /^\.{0,2}$/.test(part))) {
    throw new TokenRefusal('a claim is not what a repository can be named');
  }
  return text;
}

function repositoriesOf(
  claims: Claims,
  repositories: NonNullable<ResolvedOidcOptions['repositories']>,
): (name: string) => boolean {
  const patterns =
    typeof repositories === 'function'
      ? repositories(claims)
      : repositories.map((text) =>
          parseTemplate(text, 'repositories').fill((name) => literalGlob(textOf(claims, name))),
        );
  const matchers = patterns.map((pattern) => compileGlob(pattern));
  return (name) => matchers.some((matches) => matches(name));
}

function scopeOf(claims: Claims, options: ResolvedOidcOptions): CredentialScope | undefined {
  const { operations, repositories } = options;
  if (operations === undefined && repositories === undefined) return undefined;
  return {
    operations: operations === undefined ? allOperations : operationsOf(claims, operations),
    includes: repositories === undefined ? () => true : repositoriesOf(claims, repositories),
  };
}

/** The user of a token whose signature and times are good; throws a {@link TokenRefusal} when there is none. */
export function userOf(claims: Claims, options: ResolvedOidcOptions): GitUser {
  checkRequired(claims, options.requiredClaims);
  return {
    name: userNameOf(claims, options),
    groups: groupsOf(claims, options),
    scope: scopeOf(claims, options),
    details: { issuer: options.issuer, claims },
  };
}
