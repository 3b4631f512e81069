/** One question to an HTTP endpoint, with bounds on all that it may do. */
import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** An answer's status and its headers; several values of one header are kept apart. */
export interface ExternalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>;
}

export interface ExternalQuestion {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Keeps connections open between questions. */
  readonly agent: Agent;
  readonly timeoutMs: number;
}

/** Nobody looks at the body; a short one is read to its end, so that the connection can be used again. */
const maxBodyBytes = 64 * 1024;

function discardBody(response: IncomingMessage): void {
  let left = maxBodyBytes;
  response.on('error', () => {});
  response.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) response.destroy();
  });
}

/** The other end closed a kept connection in the moment in which it was used again: another will do. */
class StaleConnectionError extends Error {}

/** Resolves once the headers are there; redirects are answers like others. */
function askOnce({ url, headers, agent }: ExternalQuestion, signal: AbortSignal): Promise<ExternalAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, { method: 'GET', headers, agent, signal }, (response) => {
      discardBody(response);
      resolve({ status: response.statusCode ?? 0, headers: response.headersDistinct });
    });
    request.once('error', (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted;
      reject(isStale ? new StaleConnectionError() : error);
    });
    request.end();
  });
}

/** Asks with GET. Rejects when there is no answer within `timeoutMs`, the endpoint cannot be reached, or breaks off. */
export async function askExternally(question: ExternalQuestion): Promise<ExternalAnswer> {
  // It also ends a body that does not end by itself.
  const signal = AbortSignal.timeout(question.timeoutMs);
  for (;;) {
    try {
      return await askOnce(question, signal);
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error;
    }
  }
}
