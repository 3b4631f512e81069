/** The way of a request, stage by stage: route, authenticate, find, authorise, run, deliver. */
import { finished } from 'node:stream';
import { parseCredentials } from '../access/credentials.js';
import type { AccessPolicy } from '../access/policy.js';
import type { GitUser, RequestContext } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import type { Observers } from '../events.js';
import { checkEnvironment, clientEnvironment, type GitEnvironment } from '../git/environment.js';
import type { OwnershipCheck } from '../git/ownership.js';
import type { RepositoryConfigReader } from '../git/repository-config.js';
import type { GitRunner } from '../git/runner.js';
import { negotiateProtocol, type GitProtocol, type ProtocolVersion } from '../protocol/git-protocol.js';
import type { PushRates } from '../push/limits.js';
import type { PushPolicy } from '../push/push-policy.js';
import type { Repository } from '../repository/repository.js';
import type { ServiceCall, ServiceLimits } from './call.js';
import type { RepositoryCreator } from './create-on-push.js';
import { corsHeaders, preflightResponse, type CorsPolicy } from './cors.js';
import { emptyBody, headerValue, type GitRequest, type GitResponse } from './exchange.js';
import { checkExportRules } from './export-rules.js';
import { asFailure, failureResponse, isServerFault } from './failures.js';
import { authenticate, authorize, withChallenge } from './gate.js';
import type { NewRepository } from './new-repository.js';
import { matchRoute, type Endpoint, type Route } from './routes.js';
import { checkDumbAllowed, dumbFile, dumbPacks } from './services/dumb.js';
import { dumbHead, dumbRefs } from './services/dumb-refs.js';
import { advertise } from './services/info-refs.js';
import { receivePack } from './services/receive-pack.js';
import { upload } from './services/upload.js';

export interface PipelineParts {
  readonly policy: AccessPolicy;
  readonly find: (path: string, context: RequestContext) => Promise<Repository | undefined>;
  /** Makes repositories of pushes; undefined where none does. */
  readonly creator: RepositoryCreator | undefined;
  readonly git: GitRunner;
  readonly ownership: OwnershipCheck;
  readonly pushPolicy: PushPolicy;
  readonly pushRates: PushRates;
  readonly configs: RepositoryConfigReader;
  /** An embedder's function; what it gives is checked. */
  readonly environment: (access: {
    readonly context: RequestContext;
    readonly user: GitUser | undefined;
    readonly repository: Repository;
  }) => unknown;
  readonly observers: Observers;
  readonly limits: ServiceLimits;
  readonly highestProtocolVersion: ProtocolVersion;
  readonly dumbHttp: boolean;
  readonly cors: CorsPolicy | undefined;
  readonly isClosing: () => boolean;
}

/** What a request has become known as, for its event. */
interface Progress {
  user?: GitUser | undefined;
  repository?: Repository;
}

/** What the gate has let through. */
interface Admitted {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  /** The repository is one that this push makes. */
  readonly made: NewRepository | undefined;
}

let lastId = 0;

function phaseOf({ kind }: Endpoint): RequestContext['phase'] {
  if (kind === 'rpc') return 'rpc';
  return kind === 'advertisement' || kind === 'unknown-service' ? 'discovery' : 'file';
}

function contextOf(request: GitRequest, route: Route, protocol: GitProtocol): RequestContext {
  const { endpoint } = route;
  const service = 'service' in endpoint ? endpoint.service : 'dumb';
  return {
    id: (++lastId).toString(36).padStart(6, '0'),
    method: request.method,
    path: route.repositoryPath,
    operation: service === 'git-receive-pack' ? 'write' : 'read',
    service,
    phase: phaseOf(endpoint),
    protocolVersion: protocol.version,
    headers: request.headers,
    remoteAddress: request.remoteAddress,
    peerAddress: request.peerAddress,
    clientCertificate: request.clientCertificate,
    credentials: parseCredentials(headerValue(request.headers, 'authorization')),
    signal: request.signal,
  };
}

export class Pipeline {
  readonly #parts: PipelineParts;
  #active = 0;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** How many requests have not been answered to their end. */
  get activeCount(): number {
    return this.#active;
  }

  /** Answers a request, or returns undefined for a target that is not git's. Never rejects. */
  async handle(request: GitRequest): Promise<GitResponse | undefined> {
    const route = matchRoute(request.target);
    if (!route) return undefined;
    const began = performance.now();
    const protocol = negotiateProtocol(
      headerValue(request.headers, 'git-protocol'),
      this.#parts.highestProtocolVersion,
    );
    const context = contextOf(request, route, protocol);
    const progress: Progress = {};
    this.#active += 1;
    const response = await this.#answer(request, route, protocol, context, progress);
    const shown = request.method === 'HEAD' ? withoutBody(response) : response;
    const complete: GitResponse = {
      ...shown,
      headers: [...shown.headers, ...corsHeaders(request, this.#parts.cors)],
    };
    this.#report(complete, context, progress, began);
    return complete;
  }

  async #answer(
    request: GitRequest,
    route: Route,
    protocol: GitProtocol,
    context: RequestContext,
    progress: Progress,
  ): Promise<GitResponse> {
    try {
      if (this.#parts.isClosing())
        throw new GitTyphoonError('ERR_CLOSING', { headers: [['Retry-After', '5']] });
      if (request.method === 'OPTIONS' && this.#parts.cors) {
        return preflightResponse(route.methods, this.#parts.cors);
      }
      if (!route.methods.includes(request.method)) {
        throw new GitTyphoonError('ERR_METHOD', { headers: [['Allow', route.methods.join(', ')]] });
      }
      return await this.#serve(request, route.endpoint, protocol, context, progress);
    } catch (error) {
      const failure = withChallenge(this.#parts.policy, context, asFailure(error, context.signal));
      if (isServerFault(failure)) this.#parts.observers.emit('error', { error: failure, context });
      return failureResponse(failure);
    }
  }

  async #serve(
    request: GitRequest,
    endpoint: Endpoint,
    protocol: GitProtocol,
    context: RequestContext,
    progress: Progress,
  ): Promise<GitResponse> {
    const { policy, find, creator } = this.#parts;
    const user = (progress.user = await authenticate(policy, context));
    const began = performance.now();
    const first = await find(context.path, context);
    const made = first ? undefined : await creator?.open(context, user);
    // Another push may have created it meanwhile.
    const found = first ?? (creator && !made ? await find(context.path, context) : undefined);
    const reference = { name: found?.name ?? context.path, repository: found };
    const pushMayCreate = creator !== undefined;
    const repository =
      made?.repository ?? (await authorize(policy, context, user, reference, began, pushMayCreate));
    progress.repository = repository;
    try {
      const response = await this.#call(request, endpoint, protocol, { context, user, repository, made });
      return made ? made.deliver(response) : response;
    } catch (error) {
      made?.end();
      throw error;
    }
  }

  async #call(
    request: GitRequest,
    endpoint: Endpoint,
    protocol: GitProtocol,
    { context, user, repository, made }: Admitted,
  ): Promise<GitResponse> {
    const { policy, git, configs, limits } = this.#parts;
    const environment: GitEnvironment = {
      ...clientEnvironment(user?.name, request.remoteAddress),
      ...(protocol.environment === undefined ? {} : { GIT_PROTOCOL: protocol.environment }),
      ...checkEnvironment(await this.#parts.environment({ context, user, repository })),
    };
    const config = await configs.read(repository, environment);
    if (context.service !== 'dumb') checkExportRules(context.service, config, policy, context, user);
    const { ownership, pushPolicy, pushRates } = this.#parts;
    const call = {
      request,
      context,
      user,
      repository,
      config,
      git,
      ownership,
      pushPolicy,
      pushRates,
      environment,
      observers: made?.observers ?? this.#parts.observers,
      limits,
      isPublic: policy.publicRead,
      onStart: made?.onStart,
    };
    return this.#run(call, endpoint);
  }

  #run(call: ServiceCall, endpoint: Endpoint): Promise<GitResponse> {
    switch (endpoint.kind) {
      case 'advertisement':
        return advertise(call, endpoint.service);
      case 'rpc':
        return endpoint.service === 'git-receive-pack' ? receivePack(call) : upload(call, endpoint.service);
      case 'unknown-service':
        throw new GitTyphoonError('ERR_SERVICE_UNKNOWN');
      default:
        return this.#runDumb(call, endpoint);
    }
  }

  async #runDumb(
    call: ServiceCall,
    endpoint: Exclude<Endpoint, { kind: 'advertisement' | 'rpc' | 'unknown-service' }>,
  ): Promise<GitResponse> {
    await checkDumbAllowed(call, this.#parts.dumbHttp);
    switch (endpoint.kind) {
      case 'dumb-refs':
        return dumbRefs(call);
      case 'dumb-head':
        return dumbHead(call);
      case 'dumb-packs':
        return dumbPacks(call);
      case 'dumb-file':
        return dumbFile(call, endpoint.file, endpoint.path);
    }
  }

  #report(response: GitResponse, context: RequestContext, progress: Progress, began: number): void {
    const { status, body } = response;
    const report = (responseBytes: number, aborted: boolean): void => {
      this.#active -= 1;
      this.#parts.observers.emit('request', {
        context,
        user: progress.user,
        repository: progress.repository,
        status,
        responseBytes,
        durationMs: performance.now() - began,
        aborted,
      });
    };
    if (body.kind === 'stream') {
      finished(body.stream, { writable: false }, (error) => report(body.sentBytes(), Boolean(error)));
    } else {
      report(body.kind === 'bytes' ? body.bytes.length : 0, context.signal.aborted);
    }
  }
}

/** HEAD is GET without the body; Content-Length stays where it is known. */
function withoutBody(response: GitResponse): GitResponse {
  if (response.body.kind === 'stream') response.body.stream.destroy();
  return { ...response, body: emptyBody };
}
