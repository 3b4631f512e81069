import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GitServer, GitServerOptions, PushEvent, RequestEvent, ErrorEvent } from '../../../src/index.js';
import { createGitServer } from '../../../src/index.js';

/**
 * One way of putting GitTyphoon into a host. Below its prefix each host serves repositories and two pages of its
 * own: GET `/welcome` answers `welcome`, POST `/form` answers with the field `name` of the JSON that it was sent.
 */
export interface Door {
  readonly name: string;
  /** The path below which the repositories are; empty for none. */
  readonly prefix: string;
  /** The host adds headers such as `Connection: keep-alive`, and has limits of its own: not ours to change. */
  readonly isOpinionated: boolean;
  /** Starts the host on a free port of 127.0.0.1. */
  listen(git: GitServer): Promise<Server>;
}

/** A host that runs. */
export interface OpenDoor {
  readonly git: GitServer;
  readonly port: number;
  /** Where repositories are, without a final slash. */
  readonly url: string;
  readonly events: {
    readonly request: RequestEvent[];
    readonly push: PushEvent[];
    readonly error: ErrorEvent[];
  };
  close(): Promise<void>;
}

export async function open(door: Door, options: GitServerOptions): Promise<OpenDoor> {
  const git = createGitServer(options);
  const events: OpenDoor['events'] = { request: [], push: [], error: [] };
  git.on('request', (event) => void events.request.push(event));
  git.on('push', (event) => void events.push.push(event));
  git.on('error', (event) => void events.error.push(event));
  const http = await door.listen(git);
  const { port } = http.address() as AddressInfo;
  return {
    git,
    port,
    url: `http://127.0.0.1:${port}${door.prefix}`,
    events,
    async close() {
      await git.close({ graceMs: 5_000 });
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

/** The settings that a host of git needs; see docs/embedding.md. */
export const serverOptions = { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000 } as const;

export async function listening(server: Server): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
