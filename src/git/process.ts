import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { PipedStdout, type GitStdout, type SocketStdout } from './stdout.js';

/** How a git process ended. */
export interface GitExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last of what it wrote to standard error. */
  readonly stderr: string;
  /** It never ran: the command is missing, or the system had no room for another process. */
  readonly spawnError: Error | undefined;
}

export interface GitProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** `pipe`, nothing, or an open file descriptor to read from. */
  readonly stdin: 'pipe' | 'ignore' | number;
  /** Where standard output goes instead of a pipe. */
  readonly stdout?: SocketStdout | undefined;
  /** How long SIGTERM may take before SIGKILL follows, in milliseconds. */
  readonly killGraceMs: number;
}

const stderrLimit = 16 * 1024;

/** A background process that a hook left behind may hold standard error open: wait no longer than this. */
const stderrGraceMs = 100;

/** One running git with its own process group, so that everything it starts can be ended with it. */
export class GitProcess {
  readonly stdin: Writable | undefined;
  readonly stdout: GitStdout;
  /** Resolves, never rejects, when the process is gone. Its output may still be unread then. */
  readonly exited: Promise<GitExit>;
  /** Resolves when the process has exited and its standard output has been read to the end. */
  readonly finished: Promise<GitExit>;
  readonly #child: ChildProcess;
  readonly #killGraceMs: number;
  #stderr = '';
  #exit: GitExit | undefined;
  #stopping = false;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(options: GitProcessOptions) {
    this.#killGraceMs = options.killGraceMs;
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.environment,
      stdio: [options.stdin, options.stdout?.gitEnd ?? 'pipe', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    this.#child = child;
    this.stdin = child.stdin ?? undefined;
    options.stdout?.gitEnd.destroy();
    this.stdout = options.stdout ?? new PipedStdout(child.stdout as Readable);
    // git may end before it has read everything; what it has to say about that comes on its standard output.
    this.stdin?.on('error', () => {});
    this.exited = this.#watch();
    this.finished = this.exited.then(async (exit) => {
      if (!exit.spawnError) await this.stdout.closed;
      return exit;
    });
  }

  get hasExited(): boolean {
    return this.#exit !== undefined;
  }

  /** Ends the process and all that it started: SIGTERM, by which git tidies up, then SIGKILL. */
  stop(): void {
    if (this.#stopping || this.#exit) return;
    this.#stopping = true;
    this.#signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.#signal('SIGKILL'), this.#killGraceMs);
  }

  /** Closes standard input first, which lets receive-pack fail by itself and drop its quarantine; stops it later. */
  stopGently(): void {
    if (this.#exit) return;
    this.stdin?.end();
    const timer = setTimeout(() => this.stop(), this.#killGraceMs);
    void this.exited.then(() => clearTimeout(timer));
  }

  #watch(): Promise<GitExit> {
    const child = this.#child;
    const stderr = child.stderr as Readable;
    stderr.setEncoding('utf8');
    stderr.on('error', () => {});
    stderr.on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrLimit);
    });
    const stderrEnded = new Promise<void>((resolve) => stderr.once('close', resolve));
    return new Promise((resolve) => {
      const settle = (exit: Omit<GitExit, 'stderr'>): void => {
        clearTimeout(this.#killTimer);
        this.#exit = { ...exit, stderr: this.#stderr };
        if (this.#stopping || exit.signal) this.#stopOrphans();
        resolve(this.#exit);
      };
      child.once('error', (spawnError) => {
        if (child.pid === undefined) settle({ code: null, signal: null, spawnError });
      });
      child.once('exit', (code, signal) => {
        const grace = setTimeout(() => stderr.destroy(), stderrGraceMs);
        void stderrEnded.then(() => {
          clearTimeout(grace);
          settle({ code, signal, spawnError: undefined });
        });
      });
    });
  }

  /**
   * The leader of the group was ended, by us or by somebody else; what it had started gets the same grace. After
   * an ordinary exit it may run on: hooks leave daemons behind on purpose.
   */
  #stopOrphans(): void {
    if (this.#signal(this.#stopping ? 0 : 'SIGTERM'))
      setTimeout(() => this.#signal('SIGKILL'), this.#killGraceMs).unref();
  }

  /** Signals the whole group; false when nobody is left in it. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) return false;
    try {
      return process.kill(process.platform === 'win32' ? pid : -pid, signal);
    } catch {
      return false;
    }
  }
}
