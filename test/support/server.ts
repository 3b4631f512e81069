import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createGitServer,
  nodeHandler,
  type ErrorEvent,
  type FetchEvent,
  type GitServer,
  type GitServerOptions,
  type NodeHandlerOptions,
  type PushEvent,
  type RequestEvent,
} from '../../src/index.js';

/** A server under test, with everything that it reported. */
export interface TestServer {
  readonly git: GitServer;
  readonly http: Server;
  readonly port: number;
  /** Without a final slash. */
  readonly url: string;
  readonly events: {
    readonly request: RequestEvent[];
    readonly fetch: FetchEvent[];
    readonly push: PushEvent[];
    readonly error: ErrorEvent[];
  };
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1, set up as the command sets up its own. */
export async function startServer(
  options: GitServerOptions,
  handlerOptions: NodeHandlerOptions = {},
): Promise<TestServer> {
  const git = createGitServer(options);
  const events: TestServer['events'] = { request: [], fetch: [], push: [], error: [] };
  git.on('request', (event) => void events.request.push(event));
  git.on('fetch', (event) => void events.fetch.push(event));
  git.on('push', (event) => void events.push.push(event));
  git.on('error', (event) => void events.error.push(event));
  const handler = nodeHandler(git, handlerOptions);
  const http = createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000 }, handler);
  http.on('checkContinue', handler.checkContinue);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    git,
    http,
    port,
    url: `http://127.0.0.1:${port}`,
    events,
    async close() {
      await git.close({ graceMs: 5_000 });
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

/** Waits until `condition` holds; fails with `what` after ten seconds, or after `withinMs`. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`did not happen in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
