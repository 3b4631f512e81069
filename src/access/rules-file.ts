/** A rules file at work: read, watched for changes, and asked. */
import { parse, TomlError } from 'smol-toml';
import { AccessFileError, asAccessFileError } from './access-file-error.js';
import type { RequestContext } from '../context.js';
import { tomlProblem } from './file-problem.js';
import type { Authorize, AuthorizeUpdate } from './policy.js';
import { compileRules, type CompiledRules } from './rules-compile.js';
import { locate } from './rules-positions.js';
import { RulesProblem, type RulesPath } from './rules-problem.js';
import {
  asAccessRules,
  summarise,
  type AccessRules,
  type AccessRulesOptions,
  type RulesSummary,
} from './rules.js';
import { decodeLines } from './text-lines.js';
import { WatchedFile } from './watched-file.js';

export interface RulesFileOptions extends AccessRulesOptions {
  /** A changed file cannot be used; what was read before stays in force. Default: a warning of the process. */
  readonly onProblem?: ((problem: AccessFileError) => void) | undefined;
  /** A changed file is in force now. */
  readonly onReload?: ((summary: RulesSummary) => void) | undefined;
}

/** The rules of a file. Give the two functions to `createGitServer`, with `publicRead: false`. */
export interface RulesFile extends AccessRules {
  /** What the file holds now. */
  readonly summary: RulesSummary;
}

interface ReadRules {
  readonly rules: AccessRules;
  readonly summary: RulesSummary;
}

function parseRulesFile(content: Uint8Array, file: string, options: AccessRulesOptions): ReadRules {
  const fail = (line: number | undefined, problem: string): never => {
    throw new AccessFileError(file, line, problem);
  };
  const text = decodeLines(content, fail)
    .join('\n')
    .replace(/^\uFEFF/, '');
  let lines: ((path: RulesPath) => number | undefined) | undefined;
  const lineOf = (path: RulesPath): number | undefined => (lines ??= locate(text))(path);
  let compiled: CompiledRules;
  try {
    const data = parse(text);
    // An empty file takes nobody's rights away.
    if (Object.keys(data).length === 0) fail(undefined, 'there is no rule in it; begin with [[rules]]');
    compiled = compileRules(data, options.visibilityOf !== undefined);
  } catch (error) {
    if (error instanceof RulesProblem) return fail(lineOf(error.path), error.message);
    if (!(error instanceof TomlError)) throw error;
    return fail(error.line, tomlProblem(error));
  }
  return { rules: asAccessRules(compiled, { file, lineOf }, options), summary: summarise(compiled) };
}

class OpenRulesFile implements RulesFile {
  readonly #watched: WatchedFile<ReadRules, AccessFileError>;
  /** All refs of one push are decided by the same state of the file. */
  readonly #ofRequest = new WeakMap<RequestContext, Promise<AccessRules>>();
  #current: ReadRules;

  constructor(file: string, options: RulesFileOptions) {
    const none = compileRules({}, false);
    const source = { file, lineOf: () => undefined };
    this.#current = { rules: asAccessRules(none, source, {}), summary: summarise(none) };
    this.#watched = new WatchedFile(file, {
      parse: (content) => parseRulesFile(content, file, options),
      take: (rules) => {
        this.#current = rules;
      },
      problemOf: (error) => asAccessFileError(file, error),
      onReload: () => options.onReload?.(this.summary),
      onProblem: options.onProblem,
    });
  }

  get summary(): RulesSummary {
    return this.#current.summary;
  }

  readonly authorize: Authorize = async (access) => {
    await this.#watched.refresh();
    return this.#current.rules.authorize(access);
  };

  readonly authorizeUpdate: AuthorizeUpdate = async (access) => {
    let rules = this.#ofRequest.get(access.context);
    if (!rules) {
      rules = this.#watched.refresh().then(() => this.#current.rules);
      this.#ofRequest.set(access.context, rules);
    }
    return (await rules).authorizeUpdate(access);
  };

  readonly explain: AccessRules['explain'] = (question) => this.#current.rules.explain(question);

  /** Reads the file for the first time; rejects when it cannot be used. */
  load(): Promise<void> {
    return this.#watched.load();
  }
}

/**
 * Opens a rules file; rejects with an `AccessFileError`, which names the line, when it cannot be used. Later changes
 * are in force with the next request, or once the file has been left alone for two seconds when it was made shorter in
 * place; a file that is broken then leaves what was read before in force.
 *
 * @example
 * const store = new DirectoryStore({ root: '/srv/git' });
 * const { authenticate } = await openAccessFile('/etc/access.ini');
 * const { authorize, authorizeUpdate } = await openRulesFile('/etc/rules.toml');
 * const git = createGitServer({ repositories: store, publicRead: false, authenticate, authorize, authorizeUpdate });
 */
export async function openRulesFile(file: string, options: RulesFileOptions = {}): Promise<RulesFile> {
  const opened = new OpenRulesFile(file, options);
  await opened.load();
  return opened;
}
