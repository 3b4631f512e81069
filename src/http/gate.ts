/**
 * The gate in front of every service: who is it, and may they. One function for all routes and schemes, so that
 * no request goes round it.
 */
import type { AccessPolicy } from '../access/policy.js';
import type { GitUser, Operation, RepositoryReference, RequestContext } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import type { Repository } from '../repository/repository.js';
import type { Header } from './exchange.js';

function challengeHeaders(policy: AccessPolicy, context: RequestContext): readonly Header[] {
  const values = policy.challenge(context);
  return (typeof values === 'string' ? [values] : values).map((value) => ['WWW-Authenticate', value]);
}

export function unauthenticated(policy: AccessPolicy, context: RequestContext): GitTyphoonError {
  const message = context.credentials
    ? 'the user name, password or token is not valid'
    : 'authentication required';
  return new GitTyphoonError('ERR_UNAUTHENTICATED', { message, headers: challengeHeaders(policy, context) });
}

/** The user of a request; undefined for nobody in particular. Credentials that are not good are an error. */
export async function authenticate(
  policy: AccessPolicy,
  context: RequestContext,
): Promise<GitUser | undefined> {
  if (!policy.authenticate) return undefined;
  const user = (await policy.authenticate(context)) ?? undefined;
  if (!user && context.credentials) throw unauthenticated(policy, context);
  return user;
}

async function isAllowed(
  policy: AccessPolicy,
  operation: Operation,
  access: RepositoryReference & { user: GitUser | undefined; context: RequestContext },
): Promise<boolean> {
  if (operation === 'read' ? policy.publicRead : policy.publicWrite) return true;
  if (!policy.authorize) return false;
  // Nothing but true opens the gate: a function written in plain JavaScript may return anything.
  // oxlint-disable-next-line typescript/no-unnecessary-boolean-literal-compare
  return (await policy.authorize({ ...access, context: { ...access.context, operation } })) === true;
}

/**
 * The repository, if this user may do this to it. Somebody who may not read a repository gets the same answer,
 * after the same steps, whether or not it exists.
 */
export async function authorize(
  policy: AccessPolicy,
  context: RequestContext,
  user: GitUser | undefined,
  reference: RepositoryReference,
): Promise<Repository> {
  const access = { ...reference, user, context };
  if (await isAllowed(policy, context.operation, access)) {
    if (!reference.repository) throw new GitTyphoonError('ERR_NOT_FOUND');
    return reference.repository;
  }
  const mayRead = context.operation === 'write' && (await isAllowed(policy, 'read', access));
  if (mayRead && !reference.repository) throw new GitTyphoonError('ERR_NOT_FOUND');
  if (!user && policy.authenticate) throw unauthenticated(policy, context);
  if (!mayRead) throw new GitTyphoonError('ERR_NOT_FOUND');
  throw new GitTyphoonError('ERR_FORBIDDEN', {
    message: user
      ? 'you are not allowed to push to this repository'
      : 'pushing to this repository is not enabled on this server',
  });
}
