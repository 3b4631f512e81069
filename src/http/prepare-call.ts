import type { AccessPolicy } from '../access/policy.js';
import type { GitUser, RequestContext } from '../context.js';
import type { Observers } from '../events.js';
import { checkEnvironment, clientEnvironment, type GitEnvironment } from '../git/environment.js';
import type { RepositoryConfigReader } from '../git/repository-config.js';
import type { GitProtocol } from '../protocol/git-protocol.js';
import type { Repository } from '../repository/repository.js';
import type { Timeline } from '../timeline.js';
import type { ServiceCall } from './call.js';
import type { Deadline } from './deadline.js';
import type { GitRequest } from './exchange.js';
import { checkExportRules } from './export-rules.js';
import type { NewRepository } from './new-repository.js';

/** What the gate has let through. */
export interface Admitted {
  readonly request: GitRequest;
  readonly protocol: GitProtocol;
  readonly deadline: Deadline;
  readonly context: RequestContext;
  readonly timeline: Timeline;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  /** The repository is one that this push makes. */
  readonly made: NewRepository | undefined;
}

/** What calls share. */
type SharedParts = Pick<
  ServiceCall,
  'git' | 'admission' | 'spoolBudget' | 'ownership' | 'pushPolicy' | 'pushRates' | 'limits' | 'dumbHttp'
>;

export interface CallParts extends SharedParts {
  readonly policy: AccessPolicy;
  readonly configs: RepositoryConfigReader;
  /** An embedder's function; what it gives is checked. */
  readonly environment: (access: {
    readonly context: RequestContext;
    readonly user: GitUser | undefined;
    readonly repository: Repository;
  }) => unknown;
  readonly observers: Observers;
}

/** All that a service may know, once the repository's own configuration allows the service as well. */
export async function prepareCall(parts: CallParts, admitted: Admitted): Promise<ServiceCall> {
  const { policy, configs, git, admission, spoolBudget, ownership, pushPolicy, pushRates } = parts;
  const { limits, dumbHttp } = parts;
  const { request, protocol, deadline, context, timeline, user, repository, made } = admitted;
  const environment: GitEnvironment = {
    ...clientEnvironment(user?.name, request.remoteAddress),
    ...(protocol.environment === undefined ? {} : { GIT_PROTOCOL: protocol.environment }),
    ...checkEnvironment(await parts.environment({ context, user, repository })),
  };
  const config = await configs.read(repository, environment);
  if (context.service !== 'dumb') checkExportRules(context.service, config, policy, context, user);
  return {
    request,
    context,
    user,
    repository,
    config,
    git,
    admission,
    spoolBudget,
    deadline,
    timeline,
    ownership,
    pushPolicy,
    pushRates,
    environment,
    limits,
    dumbHttp,
    observers: made?.observers ?? parts.observers,
    isPublic: policy.publicRead,
    onStart: made?.onStart,
  };
}
