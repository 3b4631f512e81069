import { finished } from 'node:stream';
import type { GitUser, RequestContext } from '../context.js';
import type { ActiveRequest, RequestEvent } from '../events.js';
import { negotiateProtocol, type GitProtocol, type ProtocolVersion } from '../protocol/git-protocol.js';
import type { Repository } from '../repository/repository.js';
import { Timeline } from '../timeline.js';
import { Deadline } from './deadline.js';
import { headerValue, type GitRequest, type GitResponse } from './exchange.js';
import { contextOf } from './request-context.js';
import type { Route } from './routes.js';

/** What every passage is held to. */
export interface PassageBounds {
  readonly highestProtocolVersion: ProtocolVersion;
  readonly limits: { readonly requestTimeoutMs: number };
}

/** A request on its way, and what it has become known as, for its event and for those who look at what runs. */
export class Passage {
  readonly request: GitRequest;
  readonly route: Route;
  readonly protocol: GitProtocol;
  readonly deadline: Deadline;
  readonly context: RequestContext;
  readonly timeline = new Timeline();
  user: GitUser | undefined;
  repository: Repository | undefined;
  #sentBytes = (): number => 0;

  constructor(request: GitRequest, route: Route, { highestProtocolVersion, limits }: PassageBounds) {
    this.request = request;
    this.route = route;
    const asked = headerValue(request.headers, 'git-protocol');
    this.protocol = negotiateProtocol(asked, highestProtocolVersion);
    this.deadline = new Deadline(limits.requestTimeoutMs);
    this.context = contextOf(request, route, this.protocol);
  }

  /** As it is now. */
  snapshot(): ActiveRequest {
    const { context, user, repository, timeline } = this;
    const { requestBytes, elapsedMs, current } = timeline;
    return {
      context,
      user,
      repository,
      requestBytes,
      responseBytes: this.#sentBytes(),
      elapsedMs,
      stage: current,
    };
  }

  /** Calls `tell` once the answer has gone out, or its client. */
  whenOver({ status, body }: GitResponse, tell: (event: RequestEvent) => void): void {
    if (body.kind !== 'stream') {
      this.#sentBytes = () => (body.kind === 'bytes' ? body.bytes.length : 0);
      tell(this.#event(status, this.context.signal.aborted));
      return;
    }
    this.#sentBytes = body.sentBytes;
    this.timeline.begin('answer');
    finished(body.stream, { writable: false }, (error) => tell(this.#event(status, Boolean(error))));
  }

  #event(status: number, aborted: boolean): RequestEvent {
    const { context, user, repository, timeline } = this;
    const { beganAt, requestBytes, refCount, gitExit, cache, failure, elapsedMs } = timeline;
    return {
      context,
      user,
      repository,
      status,
      failure,
      requestBytes,
      responseBytes: this.#sentBytes(),
      refCount,
      gitExit,
      cache,
      beganAt,
      durationMs: elapsedMs,
      stages: timeline.stages(),
      aborted,
    };
  }
}
