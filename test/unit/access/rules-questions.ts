/** Questions to rules, as the server asks them. */
import type { AccessRules, UpdateDecision } from '../../../src/access/index.js';
import type { GitUser, Operation, RequestContext } from '../../../src/index.js';

export function contextOf(operation: Operation): RequestContext {
  return {
    id: '1',
    method: 'POST',
    path: 'app',
    operation,
    service: operation === 'read' ? 'git-upload-pack' : 'git-receive-pack',
    phase: 'rpc',
    protocolVersion: 0,
    headers: {},
    remoteAddress: '127.0.0.1',
    credentials: undefined,
    signal: new AbortController().signal,
  };
}

export async function mayAccess(
  rules: AccessRules,
  user: GitUser | undefined,
  name: string,
  operation: Operation,
): Promise<boolean> {
  const repository = { name, gitDir: `/srv/${name}` };
  return rules.authorize({ name, repository, user, context: contextOf(operation) });
}

export async function decideOn(
  rules: AccessRules,
  user: GitUser | undefined,
  name: string,
  refName: string,
  kind: 'create' | 'update' | 'delete',
  context: RequestContext = contextOf('write'),
): Promise<UpdateDecision> {
  const [none, one, two] = ['0', '1', '2'].map((digit) => digit.repeat(40)) as [string, string, string];
  const update = {
    refName,
    kind,
    oldOid: kind === 'create' ? none : one,
    newOid: kind === 'delete' ? none : two,
  };
  return rules.authorizeUpdate({ update, user, repository: { name, gitDir: `/srv/${name}` }, context });
}
