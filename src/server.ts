import { Observers, type ActiveRequest, type GitServerEvents, type Listener } from './events.js';
import { baseEnvironment } from './git/environment.js';
import { OwnershipCheck } from './git/ownership.js';
import { RepositoryConfigReader } from './git/repository-config.js';
import { GitRunner } from './git/runner.js';
import { probeGitVersion } from './git/version.js';
import { Admission, type AdmissionStatus } from './http/admission/admission.js';
import { RepositoryCreator } from './http/create-on-push.js';
import type { GitRequest, GitResponse } from './http/exchange.js';
import { Pipeline } from './http/pipeline.js';
import { SpoolBudget } from './http/spool-budget.js';
import type { GitServerOptions } from './options.js';
import { PushRates } from './push/limits.js';
import { tellPostReceive } from './push/post-receive.js';
import { resolveOptions } from './resolve-options.js';

/** How much a server has to do. */
export interface ServerStatus extends AdmissionStatus {
  /** Requests that have not been answered to their end. */
  readonly requests: number;
  /** All gits that run, those included that help others or read configuration. */
  readonly gitProcesses: number;
  /** Bytes of fetch requests that are held, in memory and in files. */
  readonly spooledBytes: number;
  /** Takes no new requests any more. */
  readonly isClosing: boolean;
}

/** A Git server: give it to a door such as `nodeHandler` or `fetchHandler`. */
export interface GitServer {
  /**
   * Answers one request, or returns undefined for a target that is not git's. Doors call this; it never rejects.
   */
  handle(request: GitRequest): Promise<GitResponse | undefined>;
  /** Adds a listener for an event; call what is returned to remove it. */
  on<Name extends keyof GitServerEvents>(name: Name, listener: Listener<GitServerEvents[Name]>): () => void;
  /** The version of git in use. Rejects, saying what to do, when git is missing or too old. */
  gitVersion(): Promise<string>;
  /** How much it has to do at present. */
  status(): ServerStatus;
  /** The requests that have not been answered to their end. */
  activeRequests(): readonly ActiveRequest[];
  /**
   * Takes no new requests (they get 503, those as well that wait for their turn), waits up to `graceMs` milliseconds (default 10,000) for the running
   * ones, then ends what is left of git.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  /** For doors: tells the listeners of `error` what has failed outside of the server itself. */
  reportError(error: unknown): void;
  /** For doors: how long a client may read nothing of its answer, in milliseconds. */
  readonly responseIdleTimeoutMs: number;
}

/**
 * Creates a server. Every option is checked here; one that cannot be used throws an `OptionError` that names it.
 *
 * @example
 * const git = createGitServer({ repositories: '/srv/git' });
 * http.createServer(nodeHandler(git)).listen(8080);
 */
export function createGitServer(options: GitServerOptions): GitServer {
  const resolved = resolveOptions(options);
  const observers = new Observers();
  const git = new GitRunner({
    command: resolved.gitCommand,
    environment: baseEnvironment(process.env),
    config: resolved.gitConfig,
    killGraceMs: resolved.limits.killGraceMs,
  });
  const { createOnPush, policy, pushPolicy } = resolved;
  const told = new Set<Promise<void>>();
  observers.on('push', (event) => {
    const telling = tellPostReceive(pushPolicy, git, event)
      .catch((error: unknown) => observers.emit('error', { error, context: event.context }))
      .finally(() => told.delete(telling));
    told.add(telling);
  });
  const { temporaryDirectory } = resolved.limits;
  const creator =
    createOnPush && new RepositoryCreator({ ...createOnPush, policy, git, observers, temporaryDirectory });
  const admission = new Admission(resolved.limits);
  const spoolBudget = new SpoolBudget(resolved.limits.maxSpooledBytes);
  let isClosing = false;
  const pipeline = new Pipeline({
    ...resolved,
    creator,
    git,
    admission,
    spoolBudget,
    ownership: new OwnershipCheck(git),
    pushRates: new PushRates(),
    configs: new RepositoryConfigReader(git),
    observers,
    isClosing: () => isClosing,
  });
  return {
    handle: (request) => pipeline.handle(request),
    on: (name, listener) => observers.on(name, listener),
    gitVersion: async () => (await probeGitVersion(git, resolved.gitCommand)).text,
    status: () => ({
      ...admission.status(),
      requests: pipeline.activeCount,
      gitProcesses: git.runningCount,
      spooledBytes: spoolBudget.bytes,
      isClosing,
    }),
    activeRequests: () => pipeline.active(),
    async close({ graceMs = 10_000 } = {}) {
      isClosing = true;
      admission.close();
      const deadline = performance.now() + graceMs;
      while (pipeline.activeCount > 0 || git.runningCount > 0 || told.size > 0) {
        if (performance.now() >= deadline) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await git.stopAll();
    },
    reportError: (error) => observers.emit('error', { error, context: undefined }),
    responseIdleTimeoutMs: resolved.limits.responseIdleTimeoutMs,
  };
}
