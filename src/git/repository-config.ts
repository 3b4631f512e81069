import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { commonDirectory } from '../repository/git-directory.js';
import type { Repository } from '../repository/repository.js';
import type { GitEnvironment } from './environment.js';
import { gitFailure } from './failure.js';
import type { GitRunner } from './runner.js';

/** Every value of every key that is in force for a repository, the strongest last. */
export class RepositoryConfig {
  readonly #values: ReadonlyMap<string, readonly (string | undefined)[]>;

  constructor(values: ReadonlyMap<string, readonly (string | undefined)[]>) {
    this.#values = values;
  }

  /** The last value of `key` (lower case but for a subsection). */
  get(key: string): string | undefined {
    return this.#values.get(key)?.at(-1);
  }

  /** A boolean as git reads it (git-config, "Values"): a key without a value is true. Undefined when unset. */
  getBoolean(key: string): boolean | undefined {
    const values = this.#values.get(key);
    if (!values) return undefined;
    const value = values.at(-1)?.toLowerCase();
    if (value === undefined || ['true', 'yes', 'on'].includes(value)) return true;
    // A whole number in the notations of C, with a unit (parse.c: git_parse_int).
    return /^\s*[+-]?(?:0x[\da-f]+|0[0-7]*|[1-9]\d*)[kmg]?$/.test(value) && /[1-9a-f]/.test(value);
  }

  /** `sha1` or `sha256`. */
  get objectFormat(): string {
    return this.get('extensions.objectformat')?.toLowerCase() ?? 'sha1';
  }

  hasIncludes(): boolean {
    return [...this.#values.keys()].some((key) => key.startsWith('include.') || key.startsWith('includeif.'));
  }
}

function parseList(output: Buffer): { values: Map<string, (string | undefined)[]>; files: Set<string> } {
  const values = new Map<string, (string | undefined)[]>();
  const files = new Set<string>();
  const fields = output.toString('utf8').split('\0');
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const origin = fields[i] ?? '';
    const entry = fields[i + 1] ?? '';
    if (origin.startsWith('file:')) files.add(origin.slice('file:'.length));
    const newline = entry.indexOf('\n');
    const key = newline < 0 ? entry : entry.slice(0, newline);
    const known = values.get(key) ?? [];
    known.push(newline < 0 ? undefined : entry.slice(newline + 1));
    values.set(key, known);
  }
  return { values, files };
}

interface Known {
  readonly config: RepositoryConfig;
  readonly fingerprint: string;
}

/** How many repositories' configurations are remembered. */
const cacheSize = 1000;

/** The variables that decide which files git reads (git-config, "FILES" and "ENVIRONMENT"). */
function configVariables(environment: GitEnvironment): GitEnvironment {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => name.startsWith('GIT_CONFIG') || name === 'HOME' || name === 'XDG_CONFIG_HOME',
    ),
  );
}

/** The files that git looks at by itself, whether or not they exist. */
async function standardFiles(gitDir: string, variables: GitEnvironment): Promise<string[]> {
  const home = variables['HOME'] ?? '/';
  const xdg = variables['XDG_CONFIG_HOME'] ?? join(home, '.config');
  return [
    variables['GIT_CONFIG_SYSTEM'] ?? '/etc/gitconfig',
    variables['GIT_CONFIG_GLOBAL'] ?? join(home, '.gitconfig'),
    join(xdg, 'git', 'config'),
    join(await commonDirectory(gitDir), 'config'),
    join(gitDir, 'config.worktree'),
  ];
}

async function fingerprint(files: readonly string[]): Promise<string> {
  const contents = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => undefined)));
  return JSON.stringify(contents);
}

/**
 * Reads repositories' configuration with git, and reads it again only when the content of a file behind it has
 * changed. A configuration with includes may depend on files that do not exist yet and is never remembered.
 */
export class RepositoryConfigReader {
  readonly #runner: GitRunner;
  readonly #known = new Map<string, Known>();
  /** Files that this build of git has been seen to read besides the standard ones. */
  readonly #furtherFiles = new Set<string>();

  constructor(runner: GitRunner) {
    this.#runner = runner;
  }

  async read(repository: Repository, environment: GitEnvironment): Promise<RepositoryConfig> {
    const variables = configVariables({ ...this.#runner.environment, ...environment });
    const key = JSON.stringify([repository.gitDir, variables]);
    const files = [...(await standardFiles(repository.gitDir, variables)), ...this.#furtherFiles];
    const before = await fingerprint(files);
    const known = this.#known.get(key);
    // Put in again at the end, so that the one used longest ago is forgotten first.
    this.#known.delete(key);
    if (known?.fingerprint === before) {
      this.#known.set(key, known);
      return known.config;
    }
    const { config, origins } = await this.#list(repository, variables);
    for (const origin of origins) if (!files.includes(origin)) this.#furtherFiles.add(origin);
    const isCovered = [...origins].every((origin) => files.includes(origin));
    if (isCovered && !config.hasIncludes() && (await fingerprint(files)) === before) {
      if (this.#known.size >= cacheSize) this.#known.delete(this.#known.keys().next().value ?? '');
      this.#known.set(key, { config, fingerprint: before });
    }
    return config;
  }

  async #list(
    { gitDir }: Repository,
    environment: GitEnvironment,
  ): Promise<{ config: RepositoryConfig; origins: Set<string> }> {
    const result = await this.#runner.run({
      args: ['--git-dir', gitDir, 'config', '--list', '-z', '--show-origin'],
      cwd: gitDir,
      environment,
    });
    if (result.code !== 0) throw gitFailure('config', result);
    const { values, files } = parseList(result.stdout);
    const config = new RepositoryConfig(values);
    const origins = config.hasIncludes() ? [] : [...files].map((file) => resolve(gitDir, file));
    return { config, origins: new Set(origins) };
  }
}
