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
import { OptionError } from './errors.js';
import type { GitServerOptions, ResolvedOptions } from './options.js';
import { changesOf } from './push/changes.js';
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
   * Takes no new requests (they get 503, and so do those that wait for their turn), waits up to `graceMs` milliseconds
   * (default 10,000) for the running ones, for `postReceive` and for the listeners of `change`, then ends what is left of
   * git.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
  /**
   * Puts other options in force for the requests that begin from now on; those that run go on as they began, and nothing
   * is forgotten that the server has counted. What is not named keeps its value, what is undefined goes back to its
   * default. Throws an `OptionError`, and changes nothing, when one cannot be used or cannot change.
   */
  reconfigure(changes: ChangeableOptions): void;
  /** For doors: tells the listeners of `error` what has failed outside of the server itself. */
  reportError(error: unknown): void;
  /** For doors: how long a client may read nothing of its answer, in milliseconds. */
  readonly responseIdleTimeoutMs: number;
}

/** What can change while a server runs: all but what every git is started with. */
export type ChangeableOptions = Partial<
  Omit<GitServerOptions, 'gitCommand' | 'gitConfig' | 'gitResources' | 'hooks'>
>;

/** What is counted from the start on, and how gits are ended. */
const fixedLimits = [
  'killGraceMs',
  'maxSpooledBytes',
  'maxGitProcesses',
  'reservedGitProcesses',
  'maxQuickProcesses',
  'maxGitProcessesPerRepository',
  'maxGitProcessesPerClient',
  'maxQueuedRequests',
  'queueTimeoutMs',
] as const satisfies (keyof ResolvedOptions['limits'])[];

function rejectFixed(changes: ChangeableOptions, { limits }: ResolvedOptions, next: ResolvedOptions): void {
  const fixed = ['gitCommand', 'gitConfig', 'gitResources', 'hooks'].find((name) =>
    Object.hasOwn(changes, name),
  );
  const limit = fixedLimits.find((name) => next.limits[name] !== limits[name]);
  const changed = limit === undefined ? fixed : `limits.${limit}`;
  if (changed !== undefined) throw new OptionError(changed, 'cannot change while the server runs');
}

/**
 * Creates a server. Every option is checked here; one that cannot be used throws an `OptionError` that names it.
 *
 * @example
 * const git = createGitServer({ repositories: '/srv/git' });
 * http.createServer(nodeHandler(git)).listen(8080);
 */
export function createGitServer(options: GitServerOptions): GitServer {
  let given = { ...options };
  let resolved = resolveOptions(given);
  const observers = new Observers();
  const git = new GitRunner({
    command: resolved.gitCommand,
    environment: baseEnvironment(process.env),
    config: resolved.gitConfig,
    bounds: resolved.gitProcesses,
    killGraceMs: resolved.limits.killGraceMs,
  });
  const told = new Set<Promise<void>>();
  observers.on('push', (event) => {
    const change = changesOf(git, event);
    if (!change) return;
    const telling = observers.tell('change', change).finally(() => told.delete(telling));
    told.add(telling);
  });
  observers.on('change', (event) =>
    tellPostReceive(resolved.pushPolicy, event).catch((error: unknown) =>
      observers.emit('error', { error, context: event.context }),
    ),
  );
  const admission = new Admission(resolved.limits);
  const spoolBudget = new SpoolBudget(resolved.limits.maxSpooledBytes);
  let isClosing = false;
  /** What one set of options shares with the next. */
  const lasting = {
    git,
    admission,
    spoolBudget,
    ownership: new OwnershipCheck(git),
    pushRates: new PushRates(),
    configs: new RepositoryConfigReader(git),
    observers,
    isClosing: () => isClosing,
  };
  const pipelineOf = (options: ResolvedOptions): Pipeline => {
    const { createOnPush, policy, limits } = options;
    const { temporaryDirectory } = limits;
    const creator =
      createOnPush && new RepositoryCreator({ ...createOnPush, policy, git, observers, temporaryDirectory });
    return new Pipeline({ ...options, ...lasting, creator });
  };
  // A request stays with the options under which it began.
  let pipeline = pipelineOf(resolved);
  let earlier: readonly Pipeline[] = [];
  const isActive = ({ activeCount }: Pipeline): boolean => activeCount > 0;
  const activeRequests = (): readonly ActiveRequest[] =>
    [...earlier, pipeline].flatMap((each) => each.active());
  return {
    handle: (request) => pipeline.handle(request),
    on: (name, listener) => observers.on(name, listener),
    gitVersion: async () => (await probeGitVersion(git, resolved.gitCommand)).text,
    status: () => ({
      ...admission.status(),
      requests: [pipeline, ...earlier].reduce((sum, { activeCount }) => sum + activeCount, 0),
      gitProcesses: git.runningCount,
      spooledBytes: spoolBudget.bytes,
      isClosing,
    }),
    activeRequests,
    async close({ graceMs = 10_000 } = {}) {
      isClosing = true;
      admission.close();
      const deadline = performance.now() + graceMs;
      while ([pipeline, ...earlier].some(isActive) || git.runningCount > 0 || told.size > 0) {
        if (performance.now() >= deadline) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await git.stopAll();
    },
    reconfigure(changes) {
      const wanted = { ...given, ...changes };
      const next = resolveOptions(wanted);
      rejectFixed(changes, resolved, next);
      earlier = [...earlier, pipeline].filter(isActive);
      pipeline = pipelineOf(next);
      given = wanted;
      resolved = next;
    },
    reportError: (error) => observers.emit('error', { error, context: undefined }),
    get responseIdleTimeoutMs() {
      return resolved.limits.responseIdleTimeoutMs;
    },
  };
}
