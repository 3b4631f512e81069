/** Whom a repository is for, as `gittyphoon repo visibility` notes it in the repository's own configuration. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { visibilities, type Visibility } from '../repository/create-settings.js';
import { commonDirectory } from '../repository/git-directory.js';
import type { Repository } from '../repository/repository.js';
import { gitFailure } from './failure.js';
import { plainRunner, type GitRunner } from './runner.js';

/** The configuration key of a repository's visibility. */
export const visibilityKey = 'gittyphoon.visibility';

/** Far more than a configuration takes. */
const maxConfigBytes = 1024 * 1024;

/** Whoever writes in place truncates first; only time tells that from a file which is to be empty. */
const settleMs = 2_000;

/** How many repositories' notes are remembered. */
const cacheSize = 1_000;

/** The content of a configuration; undefined for one that cannot be trusted to be all there is. */
async function readConfig(file: string): Promise<Buffer | undefined> {
  try {
    // Looked at first, since opening a pipe or a device would wait, or never end.
    const found = await stat(file);
    if (!found.isFile() || found.size > maxConfigBytes) return undefined;
    const content = await readFile(file);
    return content.length === 0 && Date.now() - found.mtimeMs < settleMs ? undefined : content;
  } catch {
    return undefined;
  }
}

interface Known {
  readonly content: Buffer;
  readonly visibility: Promise<Visibility | undefined>;
}

/**
 * Reads the notes of repositories, and asks git again only when the content of a configuration has changed. Only the
 * repository's own file counts, as for `git config --local`: neither files that it includes nor those of the machine.
 */
export class VisibilityNotes {
  readonly #git: GitRunner;
  readonly #known = new Map<string, Known>();

  constructor(git: GitRunner) {
    this.#git = git;
  }

  /** Undefined where nothing is noted; `private` where that cannot be known, or the note is no visibility. */
  async read({ gitDir }: Repository): Promise<Visibility | undefined> {
    const file = join(await commonDirectory(gitDir), 'config');
    const content = await readConfig(file);
    if (!content) return 'private';
    const known = this.#known.get(file);
    if (known?.content.equals(content)) return known.visibility;
    this.#known.delete(file);
    // The name of a section cannot be written in any other way: without it there is nothing to ask git.
    if (!/gittyphoon/i.test(content.toString('latin1'))) return undefined;
    const answer = this.#ask(gitDir, content);
    const [oldest] = this.#known.keys();
    if (this.#known.size >= cacheSize && oldest !== undefined) this.#known.delete(oldest);
    const asked = { content, visibility: answer.catch(() => 'private' as const) };
    this.#known.set(file, asked);
    // Not remembered: the same file may be good, and only git have failed.
    answer.catch(() => this.#known.get(file) === asked && this.#known.delete(file));
    return asked.visibility;
  }

  /**
   * What git makes of it: given as input, so that what is remembered is what git has seen. Rejects when git fails, which
   * it also does for a file that is no configuration.
   */
  async #ask(gitDir: string, content: Buffer): Promise<Visibility | undefined> {
    const args = ['config', '--file', '-', '--no-includes', '--get', visibilityKey];
    const result = await this.#git.run({ args, cwd: gitDir }, content);
    if (result.code === 1) return undefined;
    if (result.code !== 0) throw gitFailure('config', result);
    const noted = result.stdout.toString('utf8').replace(/\n$/, '');
    return visibilities.find((known) => known === noted) ?? 'private';
  }
}

/**
 * A function that reads what `gittyphoon repo visibility`, or `RepositoryAdministration.setVisibility`, has noted in a
 * repository. It resolves with undefined where nothing is noted, and with `private` where the repository's configuration
 * cannot be read or holds something else. Cheap enough for every request: git is asked again only when that file has
 * changed. For the option `visibilityOf` of access rules, or for an `authorize` of your own. `gitCommand` is the git
 * executable, by default `git`.
 *
 * @example
 * const rules = await openRulesFile('/etc/rules.toml', { visibilityOf: createVisibilityReader() });
 */
export function createVisibilityReader({ gitCommand = 'git' }: { readonly gitCommand?: string } = {}): (
  repository: Repository,
) => Promise<Visibility | undefined> {
  const notes = new VisibilityNotes(plainRunner(gitCommand));
  return (repository) => notes.read(repository);
}
