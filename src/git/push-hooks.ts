/**
 * Hooks of ours around those of a repository, for one push: git is pointed at a folder in which `pre-receive` asks the
 * server and `update` lets through what was allowed; all else leads on to the repository's own hooks.
 */
import { chmodSync, constants, writeFileSync } from 'node:fs';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pushHookNames } from './hook-names.js';

/** All but the two that are ours. */
const passedOn = pushHookNames.filter((name) => name !== 'pre-receive' && name !== 'update');

export interface PushHooksOptions {
  readonly temporaryDirectory: string;
  /** Where the repository has its own hooks; undefined where they are not to run. */
  readonly ownHooks: string | undefined;
  /** How many settings git is given besides ours. */
  readonly configCount: number;
}

/** A word for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What hooks start must not take our folder for that of another repository, nor hold our socket. */
function leaveNoTrace(configCount: number): string {
  const restore =
    configCount === 0 ? 'unset GIT_CONFIG_COUNT' : `GIT_CONFIG_COUNT=${configCount}; export GIT_CONFIG_COUNT`;
  return `${restore}\nexec 3>&-`;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

export class PushHooks {
  /** For `core.hooksPath`. */
  readonly path: string;
  readonly #options: PushHooksOptions;

  private constructor(path: string, options: PushHooksOptions) {
    this.path = path;
    this.#options = options;
  }

  /** Makes the folder, readable for us alone. */
  static async open(options: PushHooksOptions): Promise<PushHooks> {
    const hooks = new PushHooks(
      await mkdtemp(join(options.temporaryDirectory, 'gittyphoon-hooks-')),
      options,
    );
    try {
      await hooks.#fill();
    } catch (error) {
      await hooks.close();
      throw error;
    }
    return hooks;
  }

  async #fill(): Promise<void> {
    this.#write('pre-receive', await this.#preReceive());
    // git passes over a hook that it may not run, without a word: nobody would be asked.
    if (!(await isExecutable(join(this.path, 'pre-receive')))) {
      throw new Error(
        `programs cannot be run below ${this.#options.temporaryDirectory}; set limits.temporaryDirectory`,
      );
    }
    await this.allow([]);
    for (const name of passedOn) {
      const own = await this.#own(name);
      if (own !== undefined)
        this.#write(name, `${leaveNoTrace(this.#options.configCount)}\nexec ${own} "$@"`);
    }
  }

  /** From now on `update` lets these refs through, and no other: what nobody has decided about is not carried out. */
  async allow(refNames: readonly string[]): Promise<void> {
    const own = await this.#own('update');
    const allowed = refNames.map((refName) => quoted(refName)).join('|');
    this.#write(
      'update',
      [
        allowed === '' ? 'exit 1' : `case "$1" in ${allowed}) ;; *) exit 1 ;; esac`,
        ...(own === undefined ? ['exit 0'] : [leaveNoTrace(this.#options.configCount), `exec ${own} "$@"`]),
      ].join('\n'),
    );
  }

  close(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  /** The hook at the other end of `hook-bridge.ts`. */
  async #preReceive(): Promise<string> {
    const own = await this.#own('pre-receive');
    const goOn =
      own === undefined
        ? ['exit 0']
        : [leaveNoTrace(this.#options.configCount), `printf '%s\\n' "$commands" | ${own}`, 'exit $?'];
    return [
      'commands=$(cat)',
      `printf '%s\\n' "$GIT_QUARANTINE_PATH" >&3`,
      'while IFS= read -r line <&3; do',
      'case "$line" in',
      `'say '*) printf '%s\\n' "\${line#say }" ;;`,
      'yes)',
      ...goOn,
      ';;',
      '*) exit 1 ;;',
      'esac',
      'done',
      'exit 1',
    ].join('\n');
  }

  /** The repository's own hook of a name, as a word for a shell. */
  async #own(name: string): Promise<string | undefined> {
    if (this.#options.ownHooks === undefined) return undefined;
    const path = join(this.#options.ownHooks, name);
    return (await isExecutable(path)) ? quoted(path) : undefined;
  }

  /**
   * In one step, in which no other process can be started: that would hold the file open for writing until its exec is
   * over, and git could not run it meanwhile (ETXTBSY, which refuses the ref).
   */
  #write(name: string, lines: string): void {
    const path = join(this.path, name);
    writeFileSync(path, `#!/bin/sh\n${lines}\n`);
    chmodSync(path, 0o700);
  }
}
