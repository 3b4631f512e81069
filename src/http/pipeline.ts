/** The way of a request, stage by stage: route, authenticate, find, authorise, export rules, service. */
import { finished } from 'node:stream';
import type { GitUser } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import { negotiateProtocol, type ProtocolVersion } from '../protocol/git-protocol.js';
import type { Repository } from '../repository/repository.js';
import { corsHeaders, preflightResponse, type CorsPolicy } from './cors.js';
import { answerBy, Deadline } from './deadline.js';
import { emptyBody, headerValue, type GitRequest, type GitResponse } from './exchange.js';
import { asFailure, failureResponse, isServerFault } from './failures.js';
import { findRepository, type FindParts } from './find.js';
import { authenticate, authorize, withChallenge } from './gate.js';
import { prepareCall, type Admitted, type CallParts } from './prepare-call.js';
import { contextOf } from './request-context.js';
import { matchRoute, type Route } from './routes.js';
import { runService } from './services/run.js';

export interface PipelineParts extends FindParts, CallParts {
  readonly highestProtocolVersion: ProtocolVersion;
  readonly cors: CorsPolicy | undefined;
  readonly isClosing: () => boolean;
}

/** A request on its way, and what it has become known as, for its event. */
interface Passage extends Pick<Admitted, 'request' | 'protocol' | 'deadline' | 'context'> {
  readonly route: Route;
  user?: GitUser | undefined;
  repository?: Repository;
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
    const asked = headerValue(request.headers, 'git-protocol');
    const protocol = negotiateProtocol(asked, this.#parts.highestProtocolVersion);
    const deadline = new Deadline(this.#parts.limits.requestTimeoutMs);
    const context = contextOf(request, route, protocol);
    const passage: Passage = { request, route, protocol, deadline, context };
    this.#active += 1;
    const response = await this.#answer(passage);
    const shown = request.method === 'HEAD' ? withoutBody(response) : response;
    const complete: GitResponse = {
      ...shown,
      headers: [...shown.headers, ...corsHeaders(request, this.#parts.cors)],
    };
    this.#report(complete, passage, began);
    return complete;
  }

  async #answer(passage: Passage): Promise<GitResponse> {
    const { policy, observers } = this.#parts;
    const { context } = passage;
    try {
      return this.#answerItself(passage) ?? (await answerBy(passage.deadline, this.#serve(passage)));
    } catch (error) {
      const failure = withChallenge(policy, context, asFailure(error, context.signal));
      if (isServerFault(failure)) observers.emit('error', { error: failure, context });
      return failureResponse(failure);
    }
  }

  /** What needs no repository, and is the same for everybody. */
  #answerItself({ request, route }: Passage): GitResponse | undefined {
    const { isClosing, cors } = this.#parts;
    if (isClosing()) throw new GitTyphoonError('ERR_CLOSING', { headers: [['Retry-After', '5']] });
    if (request.method === 'OPTIONS' && cors) return preflightResponse(route.methods, cors);
    if (route.methods.includes(request.method)) return undefined;
    throw new GitTyphoonError('ERR_METHOD', { headers: [['Allow', route.methods.join(', ')]] });
  }

  async #serve(passage: Passage): Promise<GitResponse> {
    const parts = this.#parts;
    const { request, route, protocol, deadline, context } = passage;
    const user = (passage.user = await authenticate(parts.policy, context));
    const found = await findRepository(parts, context, user);
    const { made } = found;
    try {
      const repository = (passage.repository = await authorize(parts.policy, context, user, found));
      const call = await prepareCall(parts, { request, protocol, deadline, context, user, repository, made });
      const response = await runService(call, route.endpoint);
      return made ? made.deliver(response) : response;
    } catch (error) {
      made?.end();
      throw error;
    }
  }

  #report({ status, body }: GitResponse, { context, user, repository }: Passage, began: number): void {
    const report = (responseBytes: number, aborted: boolean): void => {
      this.#active -= 1;
      const durationMs = performance.now() - began;
      const told = { context, user, repository, status, responseBytes, durationMs, aborted };
      this.#parts.observers.emit('request', told);
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
