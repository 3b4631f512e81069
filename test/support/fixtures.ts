import { spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that is gone after {@link TempDir.dispose}. */
export interface TempDir {
  readonly path: string;
  dispose(): void;
}

export function makeTempDir(): TempDir {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'gittyphoon-test-')));
  return { path, dispose: () => rmSync(path, { recursive: true, force: true }) };
}

/** Gives a file another content in one step, as careful editors do. */
export function replaceFile(path: string, content: string | Buffer): void {
  writeFileSync(`${path}.next`, content);
  renameSync(`${path}.next`, path);
}

export interface GitResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GitOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  /** Another git than the installed one. */
  readonly command?: string;
}

/** Nothing of this machine's own configuration reaches a git that the tests start. */
export const hermetic: Readonly<Record<string, string>> = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'A U Thor',
  GIT_AUTHOR_EMAIL: 'author@example.org',
  GIT_COMMITTER_NAME: 'C O Mitter',
  GIT_COMMITTER_EMAIL: 'committer@example.org',
};

/** Runs a real git to its end; a failure is a result, not an exception. */
export function git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(options.command ?? 'git', args, {
      cwd: options.cwd ?? tmpdir(),
      env: { ...hermetic, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => {});
    child.stdin.end(options.input);
  });
}

/** Runs git and gives its output without the last newline; throws with what it said when it fails. */
export async function gitOk(args: readonly string[], options: GitOptions = {}): Promise<string> {
  const result = await git(args, options);
  if (result.code !== 0) {
    throw new Error(`git ${args.join(' ')} exited with ${result.code}: ${result.stderr}${result.stdout}`);
  }
  return result.stdout.replace(/\n$/, '');
}

/** A work tree with one commit on `main`. */
export async function makeWorkTree(path: string, options: { objectFormat?: string } = {}): Promise<string> {
  await gitOk(['init', '-q', '-b', 'main', `--object-format=${options.objectFormat ?? 'sha1'}`, path]);
  await commitFile(path, 'README', 'hello\n');
  return path;
}

/** Commits a file; returns the commit's id. */
export async function commitFile(path: string, name: string, content: string | Buffer): Promise<string> {
  mkdirSync(dirname(join(path, name)), { recursive: true });
  writeFileSync(join(path, name), content);
  await gitOk(['add', '--', name], { cwd: path });
  await gitOk(['commit', '-q', '-m', `change ${name}`], { cwd: path });
  return gitOk(['rev-parse', 'HEAD'], { cwd: path });
}

/** A commit with a file that cannot be compressed. */
export function commitRandom(path: string, name: string, bytes: number): Promise<string> {
  return commitFile(path, name, randomFillSync(Buffer.alloc(bytes)));
}

export interface BareOptions {
  /** How many commits `main` has. Default 3; 0 leaves the repository empty. */
  readonly commits?: number;
  readonly objectFormat?: string;
}

/** A bare repository with `main`, a branch `topic`, an annotated tag `v1` and a light one `light`. */
export async function makeBareRepository(path: string, options: BareOptions = {}): Promise<string> {
  const { commits = 3, objectFormat = 'sha1' } = options;
  await gitOk(['init', '-q', '--bare', '-b', 'main', `--object-format=${objectFormat}`, path]);
  if (commits === 0) return path;
  const work = makeTempDir();
  try {
    await gitOk(['init', '-q', '-b', 'main', `--object-format=${objectFormat}`, work.path]);
    for (let i = 1; i <= commits; i++) await commitFile(work.path, `file-${i}`, `content ${i}\n`);
    await gitOk(['tag', '-a', '-m', 'first', 'v1'], { cwd: work.path });
    await gitOk(['tag', 'light'], { cwd: work.path });
    await gitOk(['branch', 'topic'], { cwd: work.path });
    await gitOk(['push', '-q', path, '--all'], { cwd: work.path });
    await gitOk(['push', '-q', path, '--tags'], { cwd: work.path });
  } finally {
    work.dispose();
  }
  return path;
}

/** Adds `refs/heads/many/N` for N from 1 to `count`, all at the tip of `main`, packed. */
export async function addManyRefs(repository: string, count: number): Promise<void> {
  const oid = await gitOk(['rev-parse', 'main'], { cwd: repository });
  await gitOk(['pack-refs', '--all'], { cwd: repository });
  // As git writes it, only that git would make a loose file of each first.
  const file = join(repository, 'packed-refs');
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const entries = lines.join('\n').split(/\n(?!\^)/);
  for (let i = 1; i <= count; i++) entries.push(`${oid} refs/heads/many/${i}`);
  const nameOf = (entry: string): string => entry.slice(oid.length + 1).split('\n', 1)[0] ?? '';
  const sorted = entries.map((entry) => ({ entry, name: nameOf(entry) }));
  sorted.sort((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(file, `${[header, ...sorted.map(({ entry }) => entry)].join('\n')}\n`);
}

/** Fails with what git says when the repository is not sound. */
export async function fsck(repository: string): Promise<void> {
  await gitOk(['fsck', '--strict', '--no-progress'], { cwd: repository });
}

/** All refs of a repository, as `oid name` lines. */
export function refsOf(repository: string): Promise<string> {
  return gitOk(['for-each-ref', '--format=%(objectname) %(refname)'], { cwd: repository });
}
