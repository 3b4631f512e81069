/** The way of a request, stage by stage: route, authenticate, find, authorise, export rules, service. */
import { GitTyphoonError } from '../errors.js';
import type { ActiveRequest } from '../events.js';
import type { Repository } from '../repository/repository.js';
import { corsHeaders, preflightResponse, type CorsPolicy } from './cors.js';
import { answerBy } from './deadline.js';
import { emptyBody, type GitRequest, type GitResponse } from './exchange.js';
import { asFailure, failureResponse, isServerFault } from './failures.js';
import { findRepository, type FindParts } from './find.js';
import { authenticate, authorize, withChallenge } from './gate.js';
import { Passage, type PassageBounds } from './passage.js';
import { prepareCall, type CallParts } from './prepare-call.js';
import { matchRoute } from './routes.js';
import { runService } from './services/run.js';

export interface PipelineParts extends FindParts, CallParts {
  readonly highestProtocolVersion: PassageBounds['highestProtocolVersion'];
  readonly cors: CorsPolicy | undefined;
  readonly isClosing: () => boolean;
}

export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #active = new Set<Passage>();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** How many requests have not been answered to their end. */
  get activeCount(): number {
    return this.#active.size;
  }

  /** Those requests. */
  active(): readonly ActiveRequest[] {
    return [...this.#active].map((passage) => passage.snapshot());
  }

  /** Answers a request, or returns undefined for a target that is not git's. Never rejects. */
  async handle(request: GitRequest): Promise<GitResponse | undefined> {
    const route = matchRoute(request.target);
    if (!route) return undefined;
    const passage = new Passage(request, route, this.#parts);
    this.#active.add(passage);
    const response = await this.#answer(passage);
    const shown = request.method === 'HEAD' ? withoutBody(response) : response;
    const complete: GitResponse = {
      ...shown,
      headers: [...shown.headers, ...corsHeaders(request, this.#parts.cors)],
    };
    passage.whenOver(complete, (event) => {
      this.#active.delete(passage);
      this.#parts.observers.emit('request', event);
    });
    return complete;
  }

  async #answer(passage: Passage): Promise<GitResponse> {
    const { policy, observers } = this.#parts;
    const { context } = passage;
    try {
      return this.#answerItself(passage) ?? (await answerBy(passage.deadline, this.#serve(passage)));
    } catch (error) {
      const failure = withChallenge(policy, context, asFailure(error, context.signal));
      passage.timeline.failure = failure.code;
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
    const { request, route, protocol, deadline, context, timeline } = passage;
    const user = (passage.user = await timeline.during('authenticate', () =>
      authenticate(parts.policy, context),
    ));
    const found = await timeline.during('find', () => findRepository(parts, context, user));
    const { made } = found;
    try {
      const allow = (): Promise<Repository> => authorize(parts.policy, context, user, found);
      const repository = (passage.repository = await timeline.during('authorize', allow));
      const admitted = { request, protocol, deadline, context, timeline, user, repository, made };
      const call = await timeline.during('configure', () => prepareCall(parts, admitted));
      const response = await runService(call, route.endpoint);
      return made ? made.deliver(response) : response;
    } catch (error) {
      made?.end();
      throw error;
    }
  }
}

/** HEAD is GET without the body; Content-Length stays where it is known. */
function withoutBody(response: GitResponse): GitResponse {
  if (response.body.kind === 'stream') response.body.stream.destroy();
  return { ...response, body: emptyBody };
}
