import {
  context as contexts,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { OptionError } from '../errors.js';
import type { RequestEvent } from '../events.js';
import type { GitRequest, GitResponse } from '../http/exchange.js';
import { rejectUnknown } from '../option-checks.js';
import type { GitServer } from '../server.js';
import { answerAttributes, errorTypeOf, methodOf, requestAttributes, spanName } from './attributes.js';

export interface TracingOptions {
  /** Default the global one, which an SDK has registered. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** How clients reach the server, as `url.scheme`; a request does not hold it. Default `http`. */
  readonly scheme?: 'http' | 'https' | undefined;
}

/** A span that has been begun, and the context in which its children are. */
interface OpenSpan {
  readonly span: Span;
  readonly within: Context;
}

/** By the signal of their request, which its context holds as well. */
type OpenSpans = WeakMap<AbortSignal, OpenSpan>;

/** Below the span that runs already, such as that of a framework, and otherwise below that of the client. */
function begin(tracer: Tracer, request: GitRequest, scheme: string): OpenSpan {
  const outer = contexts.active();
  const isInner = trace.getSpan(outer) !== undefined;
  const parent = isInner ? outer : propagation.extract(outer, request.headers);
  const span = tracer.startSpan(
    methodOf(request),
    {
      kind: isInner ? SpanKind.INTERNAL : SpanKind.SERVER,
      // By the clock of the timeline, so that no stage begins before its request.
      startTime: Date.now(),
      attributes: requestAttributes(request, scheme),
    },
    parent,
  );
  return { span, within: trace.setSpan(parent, span) };
}

/** What a request has spent its time on is known in the end; spans may be told of later than they were. */
function end(tracer: Tracer, { span, within }: OpenSpan, event: RequestEvent): void {
  const { beganAt, stages, durationMs } = event;
  if (span.isRecording()) {
    for (const { stage, startMs, durationMs: stageMs } of stages) {
      const startTime = beganAt + startMs;
      tracer.startSpan(`gittyphoon.${stage}`, { startTime }, within).end(startTime + stageMs);
    }
  }
  span.updateName(spanName(event));
  span.setAttributes(answerAttributes(event));
  const errorType = errorTypeOf(event);
  if (errorType !== undefined) {
    span.setAttribute('error.type', errorType);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end(beganAt + durationMs);
}

/**
 * The same server with a span for each request, and below it one for each stage. What your own functions
 * (`authenticate`, `preReceive` and the like) trace lies below the request's as well. A client's `traceparent` is taken up as
 * the SDK's propagator says. Give the result to the door in place of the server.
 *
 * @example
 * const git = traceRequests(createGitServer({ repositories: '/srv/git' }));
 * http.createServer(nodeHandler(git)).listen(8080);
 */
export function traceRequests(server: GitServer, options: TracingOptions = {}): GitServer {
  rejectUnknown(options, { tracerProvider: true, scheme: true }, '');
  const { tracerProvider = trace.getTracerProvider(), scheme = 'http' } = options;
  if (scheme !== 'http' && scheme !== 'https') throw new OptionError('scheme', 'must be "http" or "https"');
  const tracer = tracerProvider.getTracer('gittyphoon');
  const open: OpenSpans = new WeakMap();
  server.on('request', (event) => {
    const opened = open.get(event.context.signal);
    if (opened) end(tracer, opened, event);
  });
  // Some of a server's properties change with its options, and are read anew.
  return Object.assign(Object.create(server) as GitServer, {
    handle(request: GitRequest): Promise<GitResponse | undefined> {
      const opened = begin(tracer, request, scheme);
      // The span of a request that is not git's is never ended, and so never told of: somebody else answers it.
      open.set(request.signal, opened);
      return contexts.with(opened.within, () => server.handle(request));
    },
  });
}
