import { GitTyphoonError } from '../errors.js';
import { baseEnvironment, configEnvironment, type GitEnvironment } from './environment.js';
import { GitProcess, type GitExit } from './process.js';
import type { SocketStdout } from './stdout.js';

/** What the system is told about each process. */
export interface GitProcessBounds {
  /** How far others go before it: 0 to 19. Default 0. */
  readonly nice?: number | undefined;
  /** A command and its arguments that turns into git under limits of the system; none when empty. */
  readonly limiter: readonly string[];
}

export interface GitRunnerOptions {
  /** The git executable: a name to be found on PATH, or a path. */
  readonly command: string;
  readonly environment: GitEnvironment;
  /** Configuration given to every git, above all files. */
  readonly config: readonly (readonly [key: string, value: string])[];
  readonly bounds?: GitProcessBounds | undefined;
  readonly killGraceMs: number;
}

export interface GitInvocation {
  readonly args: readonly string[];
  readonly cwd: string;
  /** Over the runner's own environment. */
  readonly environment?: GitEnvironment;
  /** Configuration over the runner's own. */
  readonly config?: readonly (readonly [key: string, value: string])[];
  /** Default `ignore`. */
  readonly stdin?: 'pipe' | 'ignore' | number;
  /** For large outputs; default a pipe. */
  readonly stdout?: SocketStdout | undefined;
  /** A socket to git and its hooks, as file descriptor 3. */
  readonly bridge?: boolean | undefined;
  /** It is receive-pack, which must not be ended by a signal while something else ends it. */
  readonly hasQuarantine?: boolean | undefined;
}

/** The output of a git that was run to its end. */
export interface GitResult extends GitExit {
  readonly stdout: Buffer;
}

/** The one place that starts git, and that knows every git that runs. */
export class GitRunner {
  readonly #options: GitRunnerOptions;
  readonly #running = new Set<GitProcess>();
  #isClosed = false;

  constructor(options: GitRunnerOptions) {
    this.#options = options;
  }

  /** What every git is given. */
  get environment(): GitEnvironment {
    return this.#options.environment;
  }

  /** How many settings every git is given (`GIT_CONFIG_COUNT`). */
  get configCount(): number {
    return this.#options.config.length;
  }

  /** How many git processes run now, and are still being ended. */
  get runningCount(): number {
    return this.#running.size;
  }

  /** Throws `ERR_CLOSING` once {@link stopAll} has been called. */
  start(invocation: GitInvocation): GitProcess {
    if (this.#isClosed) {
      invocation.stdout?.destroy();
      throw new GitTyphoonError('ERR_CLOSING');
    }
    const { command, environment, config, bounds, killGraceMs } = this.#options;
    const [program = command, ...args] = [...(bounds?.limiter ?? []), command, ...invocation.args];
    const process = new GitProcess({
      command: program,
      args,
      nice: bounds?.nice,
      cwd: invocation.cwd,
      environment: {
        ...environment,
        ...configEnvironment([...config, ...(invocation.config ?? [])]),
        ...invocation.environment,
      },
      stdin: invocation.stdin ?? 'ignore',
      stdout: invocation.stdout,
      bridge: invocation.bridge,
      hasQuarantine: invocation.hasQuarantine,
      killGraceMs,
    });
    this.#running.add(process);
    void process.released.then(() => this.#running.delete(process));
    return process;
  }

  /** Runs a git whose output is small, with `input` on its standard input; stopped past `maxBytes` of output. */
  async run(invocation: GitInvocation, input?: Buffer, maxBytes = 64 * 1024 * 1024): Promise<GitResult> {
    const process = this.start({ ...invocation, stdin: input ? 'pipe' : 'ignore' });
    process.stdin?.end(input);
    const chunks: Buffer[] = [];
    let bytes = 0;
    process.stdout.listen((chunk) => {
      bytes += chunk.length;
      if (bytes > maxBytes) process.stop();
      else chunks.push(chunk);
    });
    const exit = await process.finished;
    return { ...exit, stdout: Buffer.concat(chunks) };
  }

  /** Ends every git that is left, with all that it had started, and waits for that; starts no other from now on. */
  async stopAll(): Promise<void> {
    this.#isClosed = true;
    const left = [...this.#running];
    for (const process of left) process.end();
    await Promise.all(left.map((process) => process.released));
  }
}

/** A runner for what is asked of repositories beside requests: plain, short gits with no configuration of their own. */
export function plainRunner(command: string): GitRunner {
  return new GitRunner({
    command,
    environment: baseEnvironment(process.env),
    config: [],
    killGraceMs: 5_000,
  });
}
