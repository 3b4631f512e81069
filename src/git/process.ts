import { spawn, type ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import { Readable, type Duplex, type Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { followersOf } from './process-group.js';
import { checkDescriptorRoom, noteStartFailure } from './descriptor-room.js';
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
  /** How far others go before it, and before what it starts. Default 0. */
  readonly nice?: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** `pipe`, nothing, or an open file descriptor to read from. */
  readonly stdin: 'pipe' | 'ignore' | number;
  /** Where standard output goes instead of a pipe. */
  readonly stdout?: SocketStdout | undefined;
  /** A socket to git and its hooks, as file descriptor 3. */
  readonly bridge?: boolean | undefined;
  /**
   * It keeps what it is given in a quarantine, which it leaves behind when it is ended by a signal (tmp-objdir.c:
   * remove_tmp_objdir_on_signal). Default false.
   */
  readonly hasQuarantine?: boolean | undefined;
  /** How long SIGTERM may take before SIGKILL follows, in milliseconds. */
  readonly killGraceMs: number;
}

const stderrLimit = 16 * 1024;

/** A background process that a hook left behind may hold standard error open: wait no longer than this. */
const stderrGraceMs = 100;

/** What was killed is gone at once, unless the system's first process does not collect its dead. */
const collectionMs = 1_000;

/** Starts the child; our copy of its end of a socket is closed whether or not that works. */
function start(options: GitProcessOptions): ChildProcess {
  try {
    checkDescriptorRoom();
    return spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.environment,
      stdio: [
        options.stdin,
        options.stdout?.gitEnd ?? 'pipe',
        'pipe',
        ...(options.bridge ? (['pipe'] as const) : []),
      ],
      detached: true,
      windowsHide: true,
    });
  } catch (error) {
    options.stdout?.destroy();
    throw error;
  } finally {
    options.stdout?.gitEnd.destroy();
  }
}

/** What it starts inherits that; it has not started anything yet. */
function beNice({ pid }: ChildProcess, nice: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, nice);
  } catch {
    // It has ended already, or the system does not let us: then it runs as ever.
  }
}

/** One running git with its own process group, so that everything it starts can be ended with it. */
export class GitProcess {
  readonly stdin: Writable | undefined;
  readonly stdout: GitStdout;
  readonly bridge: Duplex | undefined;
  /** Resolves, never rejects, when the process is gone. Its output may still be unread then. */
  readonly exited: Promise<GitExit>;
  /** Resolves when the process has exited and its standard output has been read to the end. */
  readonly finished: Promise<GitExit>;
  /** Resolves when nothing is left of it: after a forced end, also what it had started has gone. */
  readonly released: Promise<void>;
  readonly #child: ChildProcess;
  readonly #killGraceMs: number;
  readonly #hasQuarantine: boolean;
  #stderr = '';
  #exit: GitExit | undefined;
  #stopping = false;
  #stoppingGently = false;
  #stopReason: Error | undefined;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(options: GitProcessOptions) {
    this.#killGraceMs = options.killGraceMs;
    this.#hasQuarantine = options.hasQuarantine ?? false;
    const child = start(options);
    this.#child = child;
    if (options.nice !== undefined) beNice(child, options.nice);
    this.stdin = child.stdin ?? undefined;
    // A system without room for another process gives a child without pipes.
    this.stdout = options.stdout ?? new PipedStdout(child.stdout ?? Readable.from([]));
    this.bridge = options.bridge ? ((child.stdio[3] as Duplex | null) ?? undefined) : undefined;
    // git may end before it has read everything; what it has to say about that comes on its standard output.
    this.stdin?.on('error', () => {});
    this.exited = this.#watch();
    this.released = this.exited.then(() => this.#whenGroupEnded());
    this.finished = this.exited.then(async (exit) => {
      if (!exit.spawnError) await this.stdout.closed;
      return exit;
    });
  }

  /** Whether we have told it to end, in whichever way. */
  get wasStopped(): boolean {
    return this.#stopping || this.#stoppingGently;
  }

  /** Why we have told it to end, where whoever did so has said why. */
  get stopReason(): Error | undefined {
    return this.#stopReason;
  }

  /** Ends the process and all that it started: SIGTERM, by which git tidies up, then SIGKILL. */
  stop(reason?: Error): void {
    if (this.#stopping || this.#exit) return;
    this.#stopReason ??= reason;
    this.#stopping = true;
    this.#signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.#signal('SIGKILL'), this.#killGraceMs);
  }

  /** Closes standard input first, which lets receive-pack fail by itself and drop its quarantine; stops it later. */
  stopGently(reason?: Error): void {
    if (this.#exit) return;
    this.stdin?.end();
    this.#stopLater(reason, () => this.stop());
  }

  /**
   * Ends it whatever it is doing, and so that nothing is left: a push that is still coming ends with its input, one that
   * has arrived with the hook or the helper that git waits for.
   */
  end(reason?: Error): void {
    if (this.stdin?.writable) this.stopGently(reason);
    else if (!this.#hasQuarantine || !this.#signalFollowers('SIGTERM')) this.stop(reason);
    else {
      this.#stopLater(reason, () => {
        if (this.#signalFollowers('SIGKILL')) this.#stopLater(reason, () => this.stop());
        else this.stop();
      });
    }
  }

  /** It should end by itself now; `insist` is called when it does not. */
  #stopLater(reason: Error | undefined, insist: () => void): void {
    if (this.#exit) return;
    this.#stopReason ??= reason;
    this.#stoppingGently = true;
    const timer = setTimeout(insist, this.#killGraceMs);
    void this.exited.then(() => clearTimeout(timer));
  }

  #watch(): Promise<GitExit> {
    const child = this.#child;
    const stderr = child.stderr ?? Readable.from([]);
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
        resolve(this.#exit);
      };
      child.once('error', (spawnError) => {
        noteStartFailure(spawnError);
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
   * Where the leader of the group was ended, by us or by somebody else, what it had started gets the same grace.
   * After an ordinary exit it may run on: hooks leave daemons behind on purpose.
   */
  async #whenGroupEnded(): Promise<void> {
    if (!this.#stopping && !this.#exit?.signal) return;
    if (!this.#stopping) this.#signal('SIGTERM');
    if (await this.#isGroupGone(this.#killGraceMs)) return;
    this.#signal('SIGKILL');
    await this.#isGroupGone(collectionMs);
  }

  async #isGroupGone(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (this.#signal(0)) {
      if (performance.now() >= deadline) return false;
      await sleep(20);
    }
    return true;
  }

  /** Signals all in the group but git itself; false when there are none. */
  #signalFollowers(signal: NodeJS.Signals): boolean {
    const { pid } = this.#child;
    const followers = pid === undefined ? [] : followersOf(pid);
    for (const follower of followers) {
      try {
        process.kill(follower, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
    return followers.length > 0;
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
