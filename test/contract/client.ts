/** The real git client, as the contracts of doors, proxies and examples use it. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ClientResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.org',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.org',
};

/** Starts git; `done` resolves when it has ended, well or not. */
export function startGit(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): { readonly done: Promise<ClientResult>; kill(): void } {
  const child = spawn('git', args, {
    cwd: options.cwd,
    env: { ...environment, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = new Promise<ClientResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    done,
    // git-remote-http is a process of its own, in git's group.
    kill: () => void (child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')),
  };
}

/** Runs git to its end, whatever that is. */
export function tryGit(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<ClientResult> {
  return startGit(args, options).done;
}

/** Runs git; fails with what it printed when it fails. Returns its standard output. */
export async function git(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<string> {
  const { code, stdout, stderr } = await tryGit(args, options);
  if (code !== 0) throw new Error(`git ${args.join(' ')} exited with ${code}: ${stderr}`);
  return stdout.trim();
}

/** A folder for one test file: `repositories` to be served, `work` for clients. */
export interface Playground {
  readonly repositories: string;
  readonly work: string;
  /** A working tree with one commit, whose origin is `url`; a new one at each call. */
  checkout(url: string, size?: number): Promise<string>;
  /** A name below `work` that is not in use. */
  readonly fresh: () => string;
  remove(): Promise<void>;
}

/** A bare repository below `folder` with one commit that holds a readme and `bytes` random bytes. */
export async function makeRepository(folder: string, name: string, bytes = 0): Promise<void> {
  const bare = join(folder, name);
  const tree = await mkdtemp(join(tmpdir(), 'gittyphoon-tree-'));
  try {
    await git(['init', '--quiet', '--bare', '--initial-branch=main', bare], { cwd: folder });
    await makeCommit(tree, bytes);
    await git(['push', '--quiet', bare, 'main'], { cwd: tree });
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function makeCommit(tree: string, bytes: number): Promise<void> {
  await mkdir(tree, { recursive: true });
  await git(['init', '--quiet', '--initial-branch=main', '.'], { cwd: tree });
  await writeFile(join(tree, 'README'), `made in ${tree}\n`);
  // Random bytes: a pack cannot make them smaller, so that the transfer is as large as it says.
  for (let i = 0; i * 1_000_000 < bytes; i += 1) {
    await writeFile(join(tree, `part-${i}`), randomBytes(Math.min(1_000_000, bytes - i * 1_000_000)));
  }
  // Random bytes cannot be compressed; git need not try.
  await git(['-c', 'core.compression=0', 'add', '.'], { cwd: tree });
  await git(['commit', '--quiet', '-m', 'first'], { cwd: tree });
}

export async function makePlayground(): Promise<Playground> {
  const root = await mkdtemp(join(tmpdir(), 'gittyphoon-doors-'));
  const repositories = join(root, 'repositories');
  const work = join(root, 'work');
  await mkdir(repositories);
  await mkdir(work);
  let count = 0;
  const fresh = (): string => join(work, String((count += 1)));
  return {
    repositories,
    work,
    fresh,
    async checkout(url, size = 0) {
      const tree = fresh();
      await makeCommit(tree, size);
      await git(['remote', 'add', 'origin', url], { cwd: tree });
      return tree;
    },
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}
