/**
 * The gate in front of every service: who is it, and may they. One function for all routes and schemes, so that
 * no request goes round it.
 */
import { validateHeaderValue } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccessPolicy } from '../access/policy.js';
import type { GitUser, Operation, RepositoryReference, RequestContext } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import type { Repository } from '../repository/repository.js';
import type { Header } from './exchange.js';
import { asFailure } from './failures.js';

/** Throws when an embedder's challenge can be no header. */
function challengeHeaders(policy: AccessPolicy, context: RequestContext): readonly Header[] {
  const values = policy.challenge(context);
  return (typeof values === 'string' ? [values] : values).map((value) => {
    validateHeaderValue('WWW-Authenticate', value);
    return ['WWW-Authenticate', value];
  });
}

export function unauthenticated(policy: AccessPolicy, context: RequestContext): GitTyphoonError {
  const message = context.credentials
    ? 'the user name, password or token is not valid'
    : 'authentication required';
  return new GitTyphoonError('ERR_UNAUTHENTICATED', { message, headers: challengeHeaders(policy, context) });
}

/** A 401 that an embedder's function has thrown: without a challenge git would not ask for a password. */
export function withChallenge(
  policy: AccessPolicy,
  context: RequestContext,
  failure: GitTyphoonError,
): GitTyphoonError {
  const { code, message, headers, cause } = failure;
  const isChallenged = headers.some(([name]) => name.toLowerCase() === 'www-authenticate');
  if (failure.status !== 401 || isChallenged) return failure;
  try {
    const all = [...challengeHeaders(policy, context), ...headers];
    return new GitTyphoonError(code, { message, cause, headers: all });
  } catch (error) {
    return asFailure(error);
  }
}

/** The user of a request; undefined for nobody in particular. Credentials that are not good are an error. */
export async function authenticate(
  policy: AccessPolicy,
  context: RequestContext,
): Promise<GitUser | undefined> {
  if (!policy.authenticate) return undefined;
  const user = (await policy.authenticate(context)) ?? undefined;
  // A function written in plain JavaScript may return anything; a user without a name would be nobody and somebody.
  if (user && typeof (user as Partial<GitUser>).name !== 'string') {
    throw new TypeError('authenticate() must return a user with a name, or nothing');
  }
  if (!user && context.credentials) throw unauthenticated(policy, context);
  return user;
}

/** Nothing but true opens the gate: a function written in plain JavaScript may return anything. */
function isYes(answer: unknown): boolean {
  return answer === true;
}

/** A scope holds down rights of its user; what everybody may, it need not allow. */
function isInScope(user: GitUser | undefined, operation: Operation, name: string): boolean {
  const scope = user?.scope;
  return !scope || (scope.operations.includes(operation) && scope.includes(name));
}

async function isAllowed(
  policy: AccessPolicy,
  operation: Operation,
  access: RepositoryReference & { user: GitUser | undefined; context: RequestContext },
): Promise<boolean> {
  if (operation === 'read' ? policy.publicRead : policy.publicWrite) return true;
  if (!isInScope(access.user, operation, access.name)) {
    // What somebody without a name may read, whoever has a token may read as well.
    if (operation === 'write' || !policy.authorize) return false;
    return isYes(
      await policy.authorize({ ...access, user: undefined, context: { ...access.context, operation } }),
    );
  }
  if (!policy.authorize) return false;
  return isYes(await policy.authorize({ ...access, context: { ...access.context, operation } }));
}

/**
 * Whether this user may make the repository of this name, which does not exist. That everybody may push to everything
 * there is (`publicWrite`) does not say so.
 */
export async function mayCreate(
  policy: AccessPolicy,
  access: RepositoryReference & { user: GitUser | undefined; context: RequestContext },
): Promise<boolean> {
  return isAllowed({ ...policy, publicWrite: false }, 'write', access);
}

/** Looking for a repository takes longer when there is one; both take less than this. */
const hidingMs = 10;

/** What the look for a repository has come to. */
export interface Found<Made extends { readonly repository: Repository } = never> extends RepositoryReference {
  /** A repository that this push makes: whether it may has been asked already. */
  readonly made?: Made;
  /** When the look for it began. */
  readonly began: number;
  /** Pushes may create repositories here. */
  readonly pushMayCreate: boolean;
}

/**
 * The repository, if this user may do this to it. Somebody who may not read a repository gets the same answer, at the
 * same time after the look for it began, whether or not it exists. Where pushes may create repositories, whoever pushes
 * without a name is asked for one.
 */
export async function authorize(
  policy: AccessPolicy,
  context: RequestContext,
  user: GitUser | undefined,
  found: Found<{ readonly repository: Repository }>,
): Promise<Repository> {
  if (found.made) return found.made.repository;
  const { name, repository, began, pushMayCreate } = found;
  const access = { name, repository, user, context };
  if (await isAllowed(policy, context.operation, access)) {
    if (!repository) throw new GitTyphoonError('ERR_NOT_FOUND');
    return repository;
  }
  const mayRead = context.operation === 'write' && (await isAllowed(policy, 'read', access));
  // Where pushes create, a name could help also with what is missing, and git only gives one when it is asked.
  const couldCreate = pushMayCreate && !user && policy.authenticate !== undefined;
  if (mayRead && !repository && !couldCreate) throw new GitTyphoonError('ERR_NOT_FOUND');
  if (!mayRead) await sleep(Math.max(0, began + hidingMs - performance.now()));
  if (!user && policy.authenticate) throw unauthenticated(policy, context);
  if (!mayRead) throw new GitTyphoonError('ERR_NOT_FOUND');
  throw new GitTyphoonError('ERR_FORBIDDEN', {
    message: user
      ? 'you are not allowed to push to this repository'
      : 'pushing to this repository is not enabled on this server',
  });
}
