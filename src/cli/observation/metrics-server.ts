/** The address for those who run the server: metrics and health, and nothing of git. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import { sendText } from '../send-text.js';
import { answerHealth, type Health } from './health.js';

export interface MetricsServerParts {
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>;
  readonly health: Health;
  readonly log: Logger;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { registry, health }: MetricsServerParts,
): Promise<void> {
  if (await answerHealth(request, response, health, { tellsWhy: true })) return;
  const [path] = (request.url ?? '/').split('?');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    sendText(request, response, { status: 405, text: 'method not allowed\n' });
  } else if (path === '/metrics') {
    sendText(request, response, { status: 200, text: await registry.metrics(), type: registry.contentType });
  } else {
    const known = 'There is /metrics, /healthz and /readyz here.\n';
    sendText(request, response, { status: path === '/' ? 200 : 404, text: known });
  }
}

/** Makes the server; it does not listen yet. */
export function createMetricsServer(parts: MetricsServerParts): Server {
  // Nothing here has a body or takes long.
  const timeouts = { headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 75_000 };
  return createServer(timeouts, (request, response) => {
    answer(request, response, parts).catch((error: unknown) => {
      parts.log.error({ err: error }, 'metrics could not be shown');
      response.destroy();
    });
  });
}
