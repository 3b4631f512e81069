/** Where a fault happens: served repositories, the built command over them, and real clients. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { withCredentials } from '../acceptance/workspace.js';
import { writeHook } from '../conformance/lab.js';
import { makeScriptedGit, type ScriptedGit } from '../conformance/scripted-git.js';
import { runCommand, startCommand, type RunningCommand } from '../support/command.js';
import {
  commitRandom,
  git,
  gitOk,
  makeBareRepository,
  makeTempDir,
  type GitResult,
  type TempDir,
} from '../support/fixtures.js';
import { descendantsOf, type SystemProcess } from '../support/processes.js';
import { eventually } from '../support/server.js';

const mebibyte = 1024 * 1024;

const waitingRefs = 'refs/heads/waiting-';

/** How long what must happen may take on a machine that is busy with other things. */
export const patienceMs = 60_000;

export interface PlaceOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Repositories and temporary files are on file systems of their own, with so many MiB. */
  readonly diskMiB?: number;
}

/** What a client may expect of the server, in milliseconds. */
export interface Deadlines {
  readonly headersMs: number;
  readonly requestIdleMs: number;
  readonly responseIdleMs: number;
}

const shortDeadlines = {
  GITTYPHOON_LIMITS_REQUEST_IDLE_TIMEOUT: '2s',
  GITTYPHOON_LIMITS_RESPONSE_IDLE_TIMEOUT: '2s',
};

/** Settings of the command can shorten its deadlines; before it had any, they were fixed. */
async function deadlinesOf(): Promise<Deadlines> {
  const { stdout } = await runCommand(['serve', '--help']);
  const isSet = /--config\b/.test(stdout);
  // Node.js looks every thirty seconds for clients that have not sent all headers within a minute.
  return {
    headersMs: 90_000,
    requestIdleMs: isSet ? 2_000 : 120_000,
    responseIdleMs: isSet ? 2_000 : 300_000,
  };
}

const served = ['app.git', 'big.git'] as const;
let template: Promise<TempDir> | undefined;

/** What every place begins with, made once. */
async function makeTemplate(): Promise<TempDir> {
  const folder = makeTempDir();
  const at = (name: string): string => join(folder.path, name);
  for (const [name, mebibytes] of [
    ['app.git', 2],
    ['big.git', 24],
  ] as const) {
    await makeBareRepository(at(name));
    const work = at(name === 'app.git' ? 'work' : 'other');
    await gitOk(['clone', '-q', at(name), work]);
    for (const repository of [work, at(name)]) {
      // No time for compressing what is random.
      await gitOk(['config', 'core.compression', '0'], { cwd: repository });
    }
    await commitRandom(work, 'large', mebibytes * mebibyte);
    await gitOk(['push', '-q', 'origin', 'main'], { cwd: work });
  }
  await commitRandom(at('work'), 'pushed', 2 * mebibyte);
  return folder;
}

/** To be called at the end. */
export async function removeTemplate(): Promise<void> {
  (await template)?.dispose();
}

export class Place {
  readonly folder: string;
  /** What is served: `app.git`, with 2 MiB, and `big.git`, with more than all buffers on a way hold. */
  readonly root: string;
  /** The server's TMPDIR. */
  readonly temporary: string;
  /** Stands on the server's PATH. */
  readonly scripted: ScriptedGit;
  readonly #options: PlaceOptions;
  readonly #dispose: () => void;
  readonly #mounts: string[] = [];
  #count = 0;
  #server: RunningCommand | undefined;
  #deadlines: Deadlines | undefined;

  private constructor(options: PlaceOptions) {
    const temporary = makeTempDir();
    const { path } = temporary;
    this.folder = path;
    this.#options = options;
    this.#dispose = () => temporary.dispose();
    this.root = join(path, 'served');
    this.temporary = join(path, 'temporary');
    for (const folder of [this.root, this.temporary, join(path, 'bin'), join(path, 'home')])
      mkdirSync(folder);
    this.scripted = makeScriptedGit(join(path, 'bin', 'git'));
  }

  static async open(options: PlaceOptions = {}): Promise<Place> {
    const place = new Place(options);
    try {
      if (options.diskMiB !== undefined) {
        for (const folder of [place.root, place.temporary]) place.#mount(folder, options.diskMiB);
      }
      await place.#fill();
      place.#deadlines = await deadlinesOf();
      await place.start();
      return place;
    } catch (error) {
      await place.close();
      throw error;
    }
  }

  get server(): RunningCommand {
    if (!this.#server) throw new Error('the server was not started');
    return this.#server;
  }

  get deadlines(): Deadlines {
    if (!this.#deadlines) throw new Error('the place is not open yet');
    return this.#deadlines;
  }

  /** The work tree that pushes come from: its `main` has 2 MiB beyond `origin/main`. */
  get work(): string {
    return join(this.folder, 'work');
  }

  at(name: string): string {
    return join(this.root, name);
  }

  /** With a login that may push; by way of another port, if given. */
  url(name = 'app.git', port = this.server.port): string {
    return withCredentials(`http://127.0.0.1:${port}/${name}`, 'ann', 'x');
  }

  /** A path that nothing has used yet. */
  fresh(): string {
    return join(this.folder, `fresh-${(this.#count += 1)}`);
  }

  /** A ref that nothing has used yet. */
  freshRef(): string {
    return `refs/heads/fresh-${(this.#count += 1)}`;
  }

  push(ref: string, port?: number): Promise<GitResult> {
    return git(['push', this.url('app.git', port), `main:${ref}`], { cwd: this.work });
  }

  clone(name = 'app.git', port?: number): Promise<GitResult> {
    return git(['clone', '-q', '--bare', this.url(name, port), this.fresh()]);
  }

  /** What the server runs at this moment, of git's own programs and hooks. */
  running(program: string): SystemProcess[] {
    return descendantsOf(this.server.pid).filter(({ command }) => command.includes(program));
  }

  /** Waits until the server runs it, and gives the first. */
  async whenRunning(program: string): Promise<SystemProcess> {
    await eventually(`${program} runs`, () => this.running(program).length > 0, patienceMs);
    const [found] = this.running(program);
    if (!found) throw new Error(`${program} ended at once`);
    return found;
  }

  /** A ref for which the hook waits, from now on until {@link letHooksGo}, and does not listen to SIGTERM. */
  waitingRef(): string {
    rmSync(join(this.folder, 'go'), { force: true });
    return `${waitingRefs}${(this.#count += 1)}`;
  }

  letHooksGo(): void {
    writeFileSync(join(this.folder, 'go'), '');
  }

  /** Starts the server, again after it has ended. */
  async start(): Promise<void> {
    const { args = [], env } = this.#options;
    const access = join(this.folder, 'access.ini');
    this.#server = await startCommand(
      // A bound on objects, so that every push goes through our own hooks as well.
      [this.root, '--accessfile', access, '--max-object-size', '1g', '--log-level', 'warn', ...args],
      {
        cwd: this.folder,
        env: {
          ...shortDeadlines,
          HOME: join(this.folder, 'home'),
          PATH: `${join(this.folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
          TMPDIR: this.temporary,
          ...env,
        },
      },
    );
  }

  async close(): Promise<void> {
    this.letHooksGo();
    await this.#server?.stop();
    for (const folder of this.#mounts) spawnSync('umount', ['--lazy', folder]);
    this.#dispose();
  }

  #mount(folder: string, mebibytes: number): void {
    const { status, stderr } = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      `size=${mebibytes}m`,
      'tmpfs',
      folder,
    ]);
    if (status !== 0) throw new Error(`no file system could be mounted: ${String(stderr)}`);
    this.#mounts.push(folder);
  }

  async #fill(): Promise<void> {
    template ??= makeTemplate();
    const from = (await template).path;
    for (const name of served) cpSync(join(from, name), this.at(name), { recursive: true });
    cpSync(join(from, 'work'), this.work, { recursive: true });
    writeFileSync(join(this.folder, 'access.ini'), '[users]\nann = x\n[access]\nann = app, big\n');
    writeHook(
      this.at('app.git'),
      'pre-receive',
      `while read -r old new ref; do case $ref in ${waitingRefs}*)
trap '' TERM; while ! test -e '${join(this.folder, 'go')}'; do sleep 0.1; done;; esac; done`,
    );
  }
}
