import { GitTyphoonError } from '../../errors.js';
import type { GitOutput } from '../../git/output.js';
import type { Service } from '../../protocol/service.js';
import { readBody, type ChunkSink } from '../body.js';
import type { ServiceCall } from '../call.js';
import { headerValue, type GitResponse } from '../exchange.js';
import { requestType, resultHeaders } from '../media-types.js';

/** The exact type that a form or a script of another site cannot send unasked (cross-site request forgery). */
export function checkRequestType(call: ServiceCall, service: Service): void {
  if (headerValue(call.request.headers, 'content-type') === requestType(service)) return;
  throw new GitTyphoonError('ERR_CONTENT_TYPE', {
    message: `unsupported Content-Type; a request to ${service} has ${requestType(service)}`,
  });
}

/** Gives the whole body of the request, decoded, to `sink`. */
export function readRequest(call: ServiceCall, maxBytes: number, sink: ChunkSink): Promise<void> {
  const { request, limits, deadline, timeline } = call;
  const onReceived = (bytes: number): void => {
    timeline.requestBytes += bytes;
  };
  const bounds = { maxBytes, idleTimeoutMs: limits.requestIdleTimeoutMs, deadline, onReceived };
  return timeline.during('body', () => readBody(request, bounds, sink));
}

/** The answer to the probe that git sends before a large push (remote-curl.c: probe_rpc), and to nothing at all. */
export function emptyResult(service: Service): GitResponse {
  return { status: 200, headers: resultHeaders(service, 0), body: { kind: 'empty' } };
}

export function streamedResult(service: Service, output: GitOutput): GitResponse {
  return {
    status: 200,
    headers: resultHeaders(service),
    body: {
      kind: 'stream',
      stream: output,
      sentBytes: () => output.pushedBytes,
      recycle: (chunk) => output.recycle(chunk),
    },
  };
}
