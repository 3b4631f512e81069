import { lstat, open, realpath, stat } from 'node:fs/promises';
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

/** Far more than a path takes. Whatever lies in a repository may be as large as somebody likes. */
const maxPointerBytes = 64 * 1024;

/** The text of one of the small files by which git directories point to others; undefined where there is none. */
async function readPointer(path: string): Promise<string | undefined> {
  // Looked at first, since opening a pipe or a device would wait, or never end.
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || found.size > maxPointerBytes) return undefined;
  const file = await open(path).catch(() => undefined);
  try {
    const read = await file?.read(Buffer.alloc(maxPointerBytes), 0, maxPointerBytes, 0);
    return read?.buffer.toString('utf8', 0, read.bytesRead);
  } finally {
    await file?.close();
  }
}

/** Where a linked worktree keeps what it shares with the others: objects, refs, configuration (gitrepository-layout). */
export async function commonDirectory(gitDir: string): Promise<string> {
  const text = await readPointer(join(gitDir, 'commondir'));
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
  const text = await readPointer(path);
  const match = /^gitdir: ([^\n]+)\n*$/.exec(text ?? '');
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
