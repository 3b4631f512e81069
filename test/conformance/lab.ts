/** A folder with a server over it, and clients that speak one version of the protocol. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GitServerOptions } from '../../src/index.js';
import { git, gitOk, makeTempDir, type GitOptions, type GitResult } from '../support/fixtures.js';
import { startServer, type TestServer } from '../support/server.js';

export const protocolVersions = [0, 1, 2] as const;

export interface Lab {
  /** Where the served repositories are. */
  readonly root: string;
  readonly server: TestServer;
  /** A path that nothing has used yet, outside of the served folder. */
  fresh(): string;
  /** The path of a served repository. */
  at(name: string): string;
  /** The URL of a served repository. */
  url(name: string): string;
  close(): Promise<void>;
}

export async function openLab(options: Partial<GitServerOptions> = {}): Promise<Lab> {
  const folder = makeTempDir();
  const root = join(folder.path, 'served');
  mkdirSync(root);
  const server = await startServer({ repositories: root, publicRead: true, publicWrite: true, ...options });
  let count = 0;
  return {
    root,
    server,
    fresh: () => join(folder.path, `fresh-${(count += 1)}`),
    at: (name) => join(root, name),
    url: (name) => `${server.url}/${name}`,
    async close() {
      await server.close();
      folder.dispose();
    },
  };
}

export interface Client {
  /** Runs git; throws when it fails; gives its output. */
  ok(args: readonly string[], cwd?: string): Promise<string>;
  /** Runs git, and gives what came of it. */
  try(args: readonly string[], cwd?: string): Promise<GitResult>;
}

/** A client that asks for one version of the protocol. */
export function clientOf(version: number, options: Omit<GitOptions, 'cwd'> = {}): Client {
  const all = (args: readonly string[]): string[] => ['-c', `protocol.version=${version}`, ...args];
  const at = (cwd: string | undefined): GitOptions => (cwd === undefined ? options : { ...options, cwd });
  return {
    ok: (args, cwd) => gitOk(all(args), at(cwd)),
    try: (args, cwd) => git(all(args), at(cwd)),
  };
}

/** Writes a hook of a bare repository. */
export function writeHook(repository: string, name: string, body: string): void {
  mkdirSync(join(repository, 'hooks'), { recursive: true });
  const path = join(repository, 'hooks', name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

/** A ref of a repository, or an empty text. */
export async function refOf(repository: string, name: string): Promise<string> {
  return (await git(['rev-parse', '--verify', '-q', name], { cwd: repository })).stdout.trim();
}
