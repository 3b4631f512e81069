import type { GitUser, RequestContext } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import type { Observers } from '../events.js';
import type { GitEnvironment } from '../git/environment.js';
import { gitFailure } from '../git/failure.js';
import type { OwnershipCheck } from '../git/ownership.js';
import { GitOutput, type GitOutputOptions } from '../git/output.js';
import type { GitProcess } from '../git/process.js';
import type { RepositoryConfig } from '../git/repository-config.js';
import type { GitInvocation, GitRunner } from '../git/runner.js';
import type { PushRates } from '../push/limits.js';
import type { PushPolicy } from '../push/push-policy.js';
import type { Repository } from '../repository/repository.js';
import type { Timeline } from '../timeline.js';
import type { Admission } from './admission/admission.js';
import type { GitKind } from './admission/kinds.js';
import type { Deadline } from './deadline.js';
import type { GitRequest } from './exchange.js';
import { asFailure, isServerFault } from './failures.js';
import type { SpoolBudget } from './spool-budget.js';

export interface ServiceLimits {
  /** The most bytes of a fetch or archive request, as sent and inflated. */
  readonly maxFetchRequestBytes: number;
  /** The most bytes of a push request, as sent and inflated. */
  readonly maxPushBytes: number;
  /** A fetch request beyond this goes to a file. */
  readonly spoolThresholdBytes: number;
  readonly temporaryDirectory: string;
  readonly requestIdleTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly gitIdleTimeoutMs: number;
  /** How long a request may take as a whole. */
  readonly requestTimeoutMs: number;
}

/** An authorised call of a service: all that it may know. */
export interface ServiceCall {
  readonly request: GitRequest;
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  readonly config: RepositoryConfig;
  readonly git: GitRunner;
  readonly admission: Admission;
  readonly spoolBudget: SpoolBudget;
  readonly deadline: Deadline;
  /** Where stages mark what they have come to. */
  readonly timeline: Timeline;
  readonly ownership: OwnershipCheck;
  readonly pushPolicy: PushPolicy;
  readonly pushRates: PushRates;
  /** For git and its hooks: the client, the protocol, and what the embedder added. */
  readonly environment: GitEnvironment;
  readonly observers: Observers;
  readonly limits: ServiceLimits;
  /** The dumb protocol is on. */
  readonly dumbHttp: boolean;
  /** Everybody may read the repository, so that caches between us and the client may keep what never changes. */
  readonly isPublic: boolean;
  /** Told of every git that is started for this call. */
  readonly onStart?: ((process: GitProcess) => void) | undefined;
}

type Invocation = Pick<
  GitInvocation,
  'args' | 'stdin' | 'stdout' | 'bridge' | 'hasQuarantine' | 'config' | 'environment'
>;

/** Starts a git in the call's repository that helps one which has been admitted, and is soon over. */
export function startHelper(call: ServiceCall, invocation: Invocation): GitProcess {
  const process = call.git.start({
    ...invocation,
    cwd: call.repository.gitDir,
    environment: { ...call.environment, ...invocation.environment },
  });
  call.onStart?.(process);
  // Not with the answer: a push that has arrived goes on without its client.
  const forget = call.deadline.watch(() => process.end(call.deadline.failure()));
  void process.released.then(forget);
  return process;
}

/**
 * Starts git in the call's repository as soon as its turn has come. `prepare` is asked then, so that whoever waits holds
 * nothing that is scarce.
 */
export async function startGit(
  call: ServiceCall,
  kind: GitKind,
  prepare: () => Invocation | Promise<Invocation>,
): Promise<GitProcess> {
  const { admission, user, repository, request, deadline, timeline } = call;
  const { remoteAddress, signal } = request;
  const applicant = { user, remoteAddress, gitDir: repository.gitDir, signal };
  const slot = await timeline.during('queue', () => admission.enter(kind, applicant));
  timeline.begin('git');
  try {
    if (deadline.hasPassed) throw deadline.failure();
    const process = startHelper(call, await prepare());
    void process.released.then(() => slot.release());
    return process;
  } catch (error) {
    slot.release();
    throw error;
  }
}

/**
 * A git that fails after its first byte: the client has part of an answer, or git's own `ERR` packet; why, only the
 * operator can be told. What the client has done wrong, and a git that we ended for no reason of its own, is no failure of ours.
 */
async function reportLateFailure(
  call: ServiceCall,
  command: string,
  process: GitProcess,
  output: GitOutput,
): Promise<void> {
  const exit = await process.finished;
  if (output.bytes === 0 || (exit.code === 0 && exit.signal === null)) return;
  const { stopReason } = process;
  if (process.wasStopped && !stopReason) return;
  const error = stopReason ? asFailure(stopReason) : gitFailure(command, exit);
  call.timeline.failure ??= error.code;
  if (isServerFault(error)) call.observers.emit('error', { error, context: call.context });
}

/**
 * The answer of `git <command>` as a stream that ends with the client; call {@link whenStarted} before sending
 * headers. git's silence counts against it from `isFed` on.
 */
export function openOutput(
  call: ServiceCall,
  command: string,
  process: GitProcess,
  options: Omit<GitOutputOptions, 'patience'> & { readonly isFed?: Promise<unknown> },
): GitOutput {
  const { firstByteTimeoutMs, gitIdleTimeoutMs } = call.limits;
  const patience = { firstByteMs: firstByteTimeoutMs, idleMs: gitIdleTimeoutMs, from: options.isFed };
  const output = new GitOutput(process, { ...options, patience });
  void process.finished.then(({ code, signal }) => {
    call.timeline.gitExit = code ?? signal ?? undefined;
  });
  void reportLateFailure(call, command, process, output);
  const { signal } = call.request;
  const abandon = (): void => {
    output.destroy();
  };
  if (signal.aborted) abandon();
  signal.addEventListener('abort', abandon, { once: true });
  output.once('close', () => signal.removeEventListener('abort', abandon));
  return output;
}

/**
 * Waits until git has something to say, or has ended well without a word; throws when it has failed without one. Response headers wait for this, so
 * that a git that fails at once can still be answered with a status.
 */
export async function whenStarted(call: ServiceCall, output: GitOutput, command: string): Promise<void> {
  const exit = await output.started;
  call.timeline.end('git');
  if (!exit || exit.code === 0) return;
  if (call.request.signal.aborted) throw new GitTyphoonError('ERR_CLIENT_GONE');
  // Without a reason: by whoever closes the server.
  if (output.wasStopped) throw output.stopReason ?? new GitTyphoonError('ERR_CLOSING');
  throw gitFailure(command, exit);
}
