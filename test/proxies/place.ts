/** What stands behind a proxy under test: a server below `/git`, and what it has seen. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forwardedAddress } from '../../src/access/index.js';
import {
  createGitServer,
  GitTyphoonError,
  nodeHandler,
  type GitServer,
  type GitServerOptions,
  type RequestEvent,
} from '../../src/index.js';
import { git } from '../contract/client.js';
import { makeStage, type HeldPack, type Stage } from '../contract/cases/stage.js';
import { serverOptions } from '../contract/hosts/door.js';

/** What `limited.git` takes of a push at the most. */
export const limitBytes = 20_000_000;

/** The most of a request for a fetch, everywhere. */
export const fetchLimitBytes = 100_000;

export interface Place {
  readonly stage: Stage;
  readonly held: HeldPack;
  readonly port: number;
  readonly requests: RequestEvent[];
  /** Requests that have reached the server, before their bodies have. */
  readonly seen: string[];
  /** Gives a repository a pre-receive hook. */
  addPreReceive(name: string, ...lines: string[]): Promise<void>;
  close(): Promise<void>;
}

/** `ada` may push, `bob` may not, `eve` finds the server busy; their password is `secret`. */
export async function makePlace(): Promise<Place> {
  const stage = await makeStage();
  const held = await stage.heldPack('a part');
  const requests: RequestEvent[] = [];
  const seen: string[] = [];
  const options: GitServerOptions = {
    repositories: stage.repositories,
    publicRead: true,
    // Few objects would be unpacked, and random bytes compressed once more: most of the time of a large push.
    gitConfig: { 'uploadpack.packObjectsHook': held.script, 'receive.unpackLimit': '1' },
    authenticate: ({ credentials }) => {
      if (credentials?.scheme !== 'basic' || credentials.password !== 'secret') return undefined;
      if (credentials.username === 'eve') throw new GitTyphoonError('ERR_BUSY');
      return { name: credentials.username };
    },
    authorize: ({ user, context }) => {
      seen.push(`${context.phase} ${context.path}`);
      return user?.name === 'ada';
    },
  };
  const servers: GitServer[] = [];
  const open = (limits: GitServerOptions['limits']): ReturnType<typeof nodeHandler> => {
    const server = createGitServer({
      ...options,
      limits: { maxFetchRequestBytes: fetchLimitBytes, ...limits },
    });
    server.on('request', (event) => void requests.push(event));
    servers.push(server);
    const remoteAddress = forwardedAddress({ trustedAddresses: ['127.0.0.1'] });
    return nodeHandler(server, { prefix: '/git', remoteAddress });
  };
  const wide = open({});
  const limited = open({ maxPushBytes: limitBytes });
  const http: Server = createServer(serverOptions, (request, response) =>
    (request.url?.startsWith('/git/limited.git/') ? limited : wide)(request, response),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    stage,
    held,
    port: (http.address() as AddressInfo).port,
    requests,
    seen,
    async addPreReceive(name, ...lines) {
      const hook = join(stage.repositories, name, 'hooks', 'pre-receive');
      await writeFile(hook, ['#!/bin/sh', ...lines, ''].join('\n'));
      await chmod(hook, 0o755);
    },
    async close() {
      await held.release();
      await Promise.all(servers.map((server) => server.close({ graceMs: 5_000 })));
      http.closeAllConnections();
      http.close();
      await stage.remove();
    },
  };
}

/** What `git fast-import` reads: one commit for each ref, with one file. */
function* importOf(
  files: Iterable<readonly [ref: string, name: string, content: Buffer]>,
): Generator<Buffer> {
  for (const [ref, name, content] of files) {
    const head = `commit ${ref}\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 0\nM 100644 inline ${name}\n`;
    yield Buffer.from(`${head}data ${content.length}\n`);
    yield content;
    yield Buffer.from('\n');
  }
}

/** Objects made in one go, without files beside them: that is most of the time of making a large repository. */
function importInto(repository: string, files: Parameters<typeof importOf>[0]): void {
  const input = Buffer.concat([...importOf(files)]);
  // Trying to make random bytes smaller would be the rest of that time.
  const settings = [
    '-c',
    'pack.compression=0',
    '-c',
    'core.bigFileThreshold=1m',
    '-c',
    'fastimport.unpackLimit=0',
  ];
  execFileSync('git', [...settings, 'fast-import', '--quiet'], { cwd: repository, input });
}

/** A bare repository outside the server's, whose `main` holds so many MB that nothing can compress. */
export async function makeLarge({ fresh, work }: Stage, megabytes: number): Promise<string> {
  const bare = fresh();
  await git(['init', '--quiet', '--bare', '--initial-branch=main', bare], { cwd: work });
  await git(['config', 'core.compression', '0'], { cwd: bare });
  await git(['config', 'core.bigFileThreshold', '1m'], { cwd: bare });
  const parts = Array.from({ length: megabytes / 10 }, (_, i) => {
    const content = randomBytes(10_000_000);
    return ['refs/heads/main', `part-${i}`, content] as const;
  });
  importInto(bare, parts);
  return bare;
}

/** A bare repository with as many branches as commits, so that a clone has to ask for each. */
export async function makeManyTips({ repositories }: Stage, name: string, count: number): Promise<void> {
  const bare = join(repositories, name);
  await git(['init', '--quiet', '--bare', '--initial-branch=tip-0', bare], { cwd: repositories });
  const tips = Array.from(
    { length: count },
    (_, i) => [`refs/heads/tip-${i}`, 'file', Buffer.from(`${i}`)] as const,
  );
  importInto(bare, tips);
}
