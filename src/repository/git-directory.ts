import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Where a linked worktree keeps what it shares with the others: objects, refs, configuration (gitrepository-layout). */
export async function commonDirectory(gitDir: string): Promise<string> {
  const text = await readFile(join(gitDir, 'commondir'), 'utf8').catch(() => undefined);
  return text === undefined ? gitDir : resolve(gitDir, text.trim());
}

/** Whether `path` is a git directory as git sees it: HEAD, objects and refs (setup.c: is_git_directory). */
export async function isGitDirectory(path: string): Promise<boolean> {
  if (!(await exists(join(path, 'HEAD')))) return false;
  const common = await commonDirectory(path);
  return (await isDirectory(join(common, 'objects'))) && (await isDirectory(join(common, 'refs')));
}

/** Where a `.git` file points to (gitrepository-layout); undefined when it is none. */
async function readGitFile(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const match = /^gitdir: ([^\n]+)\n*$/.exec(text);
  return match?.[1] === undefined ? undefined : resolve(dirname(path), match[1]);
}

/** The order in which git itself looks when it is given a path (path.c: enter_repo). */
const suffixes = ['/.git', '', '.git/.git', '.git'] as const;

/** The real path of the git directory that `path` stands for. */
export async function resolveGitDirectory(path: string): Promise<string | undefined> {
  for (const suffix of suffixes) {
    const candidate = path + suffix;
    const found = await stat(candidate).catch(() => undefined);
    const gitDir = found?.isFile() ? await readGitFile(candidate) : candidate;
    if (found && gitDir !== undefined && (await isGitDirectory(gitDir))) return realpath(gitDir);
  }
  return undefined;
}
