import type { GitServer } from '../../server.js';

/**
 * The server with spans for OpenTelemetry, which go nowhere unless the operator has loaded an SDK before us (`NODE_OPTIONS`);
 * the server itself where there is no package to tell them to.
 */
export async function traced(server: GitServer): Promise<GitServer> {
  try {
    const { traceRequests } = await import('../../opentelemetry/index.js');
    return traceRequests(server);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return server;
    throw error;
  }
}
