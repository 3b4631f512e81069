/** A place with repositories, a home for git, and real git beside it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  commitFile,
  git as runGit,
  gitOk,
  makeBareRepository,
  makeTempDir,
  makeWorkTree,
  type GitResult,
  replaceFile,
} from '../support/fixtures.js';
import { runCommand, startCommand, type CommandResult, type RunningCommand } from '../support/command.js';

export interface Workspace {
  readonly folder: string;
  /** The folder that is served. */
  readonly root: string;
  /** Runs git in the workspace's folder, whatever its outcome. */
  tryGit(...args: string[]): Promise<GitResult>;
  /** Runs git; fails when git fails. Resolves with its standard output, trimmed. */
  git(...args: string[]): Promise<string>;
  /** A bare repository below the root, with one commit on `main`. */
  addBare(name: string): Promise<void>;
  /** A repository with a working tree below the root, with one commit on `main`. */
  addWorkTree(name: string): Promise<void>;
  /** Clones, commits `file` and pushes to `main` from a new folder. */
  tryPush(url: string, file?: string): Promise<GitResult>;
  writeAccessFile(text: string): Promise<string>;
  /** Starts the command for the root; `close` ends it. */
  serve(...args: string[]): Promise<RunningCommand>;
  run(...args: string[]): Promise<CommandResult>;
  close(): Promise<void>;
}

export async function createWorkspace(): Promise<Workspace> {
  const temporary = makeTempDir();
  const folder = temporary.path;
  const root = join(folder, 'repositories');
  const env = { HOME: join(folder, 'home') };
  await mkdir(root);
  await mkdir(env.HOME);
  const gitOptions = {
    cwd: folder,
    env: { ...env, GIT_CONFIG_GLOBAL: join(env.HOME, '.gitconfig'), GIT_ASKPASS: 'true' },
  };
  const running: RunningCommand[] = [];
  let count = 0;

  const tryGit = (...args: string[]): Promise<GitResult> => runGit(args, gitOptions);
  const git = (...args: string[]): Promise<string> => gitOk(args, gitOptions);
  const addWorkTree = async (name: string): Promise<void> => void (await makeWorkTree(join(root, name)));
  const addBare = async (name: string): Promise<void> =>
    void (await makeBareRepository(join(root, name), { commits: 1 }));
  const tryPush = async (url: string, file = 'new'): Promise<GitResult> => {
    const clone = join(folder, `clone-${(count += 1)}`);
    // Reading needs no name, so that what follows is about the push alone.
    await git('clone', '--quiet', url.replace(/\/\/[^/]*@/, '//'), clone);
    await commitFile(clone, file, `${count}\n`);
    return tryGit('-C', clone, 'push', url, 'HEAD:refs/heads/main');
  };
  return {
    folder,
    root,
    tryGit,
    git,
    addBare,
    addWorkTree,
    tryPush,
    async writeAccessFile(text) {
      const file = join(folder, 'access.ini');
      replaceFile(file, text);
      return file;
    },
    async serve(...args) {
      const command = await startCommand([root, ...args], { env, cwd: folder });
      running.push(command);
      return command;
    },
    run: (...args) => runCommand(args, { env, cwd: folder }),
    async close() {
      await Promise.all(running.map((command) => command.stop()));
      temporary.dispose();
    },
  };
}

/** A URL with a user's name and password in it. */
export function withCredentials(url: string, user: string, password: string): string {
  return url.replace('//', `//${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);
}
