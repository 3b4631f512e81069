/** The options of a server: what each means, its default, and what it costs. */
import type { AccessPolicy, Authenticate, Authorize, AuthorizeUpdate, Challenge } from './access/policy.js';
import type { GitUser, RequestContext } from './context.js';
import type { AdmissionLimits } from './http/admission/admission.js';
import type { ServiceLimits } from './http/call.js';
import type { GitProcessBounds } from './git/runner.js';
import type { CreateOnPush, CreatePlace } from './http/create-on-push.js';
import type { CorsPolicy } from './http/cors.js';
import type { ProtocolVersion } from './protocol/git-protocol.js';
import type {
  PostReceive,
  PreReceive,
  PushLimits,
  PushLimitsFunction,
  PushPolicy,
} from './push/push-policy.js';
import type { Repository, RepositoryStore } from './repository/repository.js';

/**
 * Finds the git directory for a path: the path of the folder (`app.git`, or one with `.git` in it), or undefined
 * when there is no such repository. The path is decoded and holds no `.`, `..` or empty parts; it is still the
 * client's to choose, so look it up rather than join it to a folder.
 */
export type RepositoryLookup = (
  path: string,
  context: RequestContext,
) => string | undefined | Promise<string | undefined>;

/** Variables for git and its hooks. */
export type EnvironmentFunction = (access: {
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
}) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

/** Cross-origin access for browsers. */
export interface CorsOptions {
  /** Exact origins such as `https://example.org`, or `*` for all. */
  readonly origins: readonly string[] | '*';
  /** Lets browsers send cookies and the like along; not possible with `*`. Default false. */
  readonly credentials?: boolean | undefined;
  /** How long browsers may remember a preflight, in seconds. Default 600. */
  readonly maxAgeSeconds?: number | undefined;
}

/** Bounds. Larger values cost memory, disk or patience; none can be switched off, but all can be set very high. */
export interface LimitOptions {
  /** The most bytes of a fetch request, as sent and once inflated. Default 64 MiB. */
  readonly maxFetchRequestBytes?: number | undefined;
  /**
   * The most bytes of a push, as sent and once inflated. Default 64 GiB: git streams a push to the disk, so set
   * it to what your disk can bear; `receive.maxInputSize` in a repository's configuration works as well.
   */
  readonly maxPushBytes?: number | undefined;
  /** A fetch request beyond this many bytes waits in a nameless temporary file. Default 1 MiB. */
  readonly spoolThresholdBytes?: number | undefined;
  /**
   * The most bytes of all fetch requests that are held at the same time, in memory and in files. Beyond that, requests are
   * refused as busy. Default 1 GiB.
   */
  readonly maxSpooledBytes?: number | undefined;
  /** The folder for those files. Default the system's. */
  readonly temporaryDirectory?: string | undefined;
  /** How long a client may send nothing in the middle of its request, in milliseconds. Default 120,000. */
  readonly requestIdleTimeoutMs?: number | undefined;
  /** How long a client may read nothing of its answer, in milliseconds. Default 300,000. */
  readonly responseIdleTimeoutMs?: number | undefined;
  /**
   * How long git may take for the first byte of its answer, in milliseconds; for a push, from its last byte on. Default
   * 1,800,000 (30 minutes): counting what a client lacks in a large repository takes its time.
   */
  readonly firstByteTimeoutMs?: number | undefined;
  /**
   * How long git may say nothing behind that while its client waits, in milliseconds. Default 1,800,000. git itself sends
   * a sign of life every five seconds to clients that can take one.
   */
  readonly gitIdleTimeoutMs?: number | undefined;
  /** How long a request may take as a whole, slow clients included, in milliseconds. Default 21,600,000 (6 hours). */
  readonly requestTimeoutMs?: number | undefined;
  /** How long `preReceive` and `postReceive` may take, in milliseconds. Default 30,000. The push waits for the first. */
  readonly pushCallbackTimeoutMs?: number | undefined;
  /** How long a git that is told to end may take before it is killed, in milliseconds. Default 5,000. */
  readonly killGraceMs?: number | undefined;
  /**
   * How many gits answer fetches and pushes at the same time. Default twice the processors and eight. Each takes memory
   * and processor time; what is beyond waits, each client in turn.
   */
  readonly maxGitProcesses?: number | undefined;
  /**
   * Of those, so many are only for pushes and as many only for fetches, so that neither keeps the other waiting. Default a
   * quarter; from 0 to less than `maxGitProcesses`.
   */
  readonly reservedGitProcesses?: number | undefined;
  /**
   * How many gits answer quick requests at the same time: so many list refs, and as many give single objects to partial
   * clones. Default twice the processors and eight.
   */
  readonly maxQuickProcesses?: number | undefined;
  /** How many of each kind may work in one repository. Default three quarters of `maxGitProcesses`. */
  readonly maxGitProcessesPerRepository?: number | undefined;
  /**
   * How many of each kind may work for one client: a user, or an address where there is no user (IPv6 counts by its first
   * 64 bits). Default half of `maxGitProcesses`.
   */
  readonly maxGitProcessesPerClient?: number | undefined;
  /** How many requests of each kind may wait. Default 500. Beyond that, whoever has most of them is refused as busy. */
  readonly maxQueuedRequests?: number | undefined;
  /** How long a request may wait for its turn, in milliseconds. Default 60,000. Then it is refused as busy. */
  readonly queueTimeoutMs?: number | undefined;
}

/** What a single git, with all that it starts, may take of the machine. All are off by default. */
export interface GitResourceOptions {
  /** How many threads compress a pack (`pack.threads`). Default git's: as many as there are processors, for each git. */
  readonly packThreads?: number | undefined;
  /** The memory that each of these threads may use for its window (`pack.windowMemory`), in bytes. Default git's: no bound. */
  readonly packWindowMemoryBytes?: number | undefined;
  /** How far others go before git when processors are short: 0 to 19. Default 0. */
  readonly nice?: number | undefined;
  /**
   * The memory that each process may write to, in bytes, from 16 MiB on; packs that git reads are not counted. git fails
   * beyond it. Needs the command `prlimit` (Linux), by way of which every git is then started: a millisecond. Default no
   * bound.
   */
  readonly maxMemoryBytes?: number | undefined;
  /** The processor time of each process, in seconds; it is killed beyond it. Needs `prlimit` as well. Default no bound. */
  readonly maxCpuSeconds?: number | undefined;
}

/** Options of `createGitServer`. */
export interface GitServerOptions {
  /** A folder of repositories, a store, or a function. A folder serves everything below it, at any depth. */
  readonly repositories: string | RepositoryStore | RepositoryLookup;
  /**
   * With a folder: serve only repositories that hold a file `git-daemon-export-ok` (git-http-backend). Default
   * false.
   */
  readonly requireExportOk?: boolean | undefined;
  /**
   * Everybody may read everything. Default true, unless `authorize` is given. When true, `authorize` is not
   * asked about reading.
   */
  readonly publicRead?: boolean | undefined;
  /** Everybody may push to everything, without a name. Default false; do not use it on an open network. */
  readonly publicWrite?: boolean | undefined;
  /**
   * Recognises a user by `context.credentials`. Without it nobody is asked for a password. Credentials for which
   * it returns nothing are answered with 401, also where everybody may read.
   */
  readonly authenticate?: Authenticate | undefined;
  /** Decides what is not public. Without it, all that is not public is refused. */
  readonly authorize?: Authorize | undefined;
  /**
   * Decides about single refs of a push that `authorize` has let in: true, false, a reason for the user, or
   * `{ unlessForced: reason }`. Asked before git starts; refused refs come back as `! [remote rejected]`, the others go
   * through unless the push is atomic. Default: all may be changed.
   */
  readonly authorizeUpdate?: AuthorizeUpdate | undefined;
  /**
   * Looks at the objects of a push before any ref changes, and may refuse it or single refs. git waits meanwhile; the
   * repository's own pre-receive hook runs after it. Default none.
   */
  readonly preReceive?: PreReceive | undefined;
  /** Hears of what a push has really changed. It holds nothing up. Default none. */
  readonly postReceive?: PostReceive | undefined;
  /** Bounds on pushes: one for all, or a function of user and repository. Default none but `limits.maxPushBytes`. */
  readonly pushLimits?: PushLimits | PushLimitsFunction | undefined;
  /**
   * Lets a push to a name where there is nothing create a bare repository: the function gives its settings (`{}` for
   * the defaults), or false. It is asked only where `authorize` says yes to writing the new name, such as
   * `team/app.git` for the path `team/app`, with no repository. Default false: pushes create nothing. Whoever may
   * create can fill the disk with repositories: let `authorize` and this function bound names and numbers.
   */
  readonly createOnPush?: false | CreateOnPush | undefined;
  /** The name that a password prompt shows. Default `Git`. */
  readonly realm?: string | undefined;
  /** The WWW-Authenticate header, instead of `Basic realm="…"`. */
  readonly challenge?: Challenge | undefined;
  /** The git executable: a name to be found on PATH, or a path. Default `git`. */
  readonly gitCommand?: string | undefined;
  /**
   * Configuration for every git, such as `{ 'uploadpack.allowFilter': 'true' }`; it outranks the repositories'
   * own. A list sets several values of one key.
   */
  readonly gitConfig?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /**
   * Variables for git and its hooks, per request, such as GIT_NAMESPACE or a tenant. They outrank our own;
   * nothing of the server's own environment reaches git but PATH, HOME and the like.
   */
  readonly environment?: EnvironmentFunction | undefined;
  /**
   * `repository` runs the hooks that each repository has, as git does; `none` runs no hook. Default `repository`:
   * whoever can write into a repository's folder can then run programs here.
   */
  readonly hooks?: 'repository' | 'none' | undefined;
  /** The highest version of git's protocol that is spoken: 0, 1 or 2. Default 2. */
  readonly highestProtocolVersion?: ProtocolVersion | undefined;
  /**
   * The dumb protocol, for clients that know no other. Default true. It hands out every object, also those that
   * no ref reaches any more.
   */
  readonly dumbHttp?: boolean | undefined;
  /** Cross-origin access for browsers. Default none. */
  readonly cors?: CorsOptions | undefined;
  /** Memory and processor time of each git. Default no bounds. */
  readonly gitResources?: GitResourceOptions | undefined;
  /** Bounds on size, time and number. */
  readonly limits?: LimitOptions | undefined;
}

/** Options after checking, with all defaults. */
export interface ResolvedOptions {
  readonly find: (path: string, context: RequestContext) => Promise<Repository | undefined>;
  readonly policy: AccessPolicy;
  readonly createOnPush: { readonly decide: CreateOnPush; readonly place: CreatePlace } | undefined;
  readonly gitCommand: string;
  readonly gitConfig: readonly (readonly [key: string, value: string])[];
  readonly gitProcesses: GitProcessBounds;
  readonly environment: EnvironmentFunction;
  readonly highestProtocolVersion: ProtocolVersion;
  readonly dumbHttp: boolean;
  readonly cors: CorsPolicy | undefined;
  readonly pushPolicy: PushPolicy;
  readonly limits: ServiceLimits &
    AdmissionLimits & {
      readonly maxSpooledBytes: number;
      readonly responseIdleTimeoutMs: number;
      readonly pushCallbackTimeoutMs: number;
      readonly killGraceMs: number;
    };
}
