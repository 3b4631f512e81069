import type { GitUser, RequestContext } from '../context.js';
import type { Observers } from '../events.js';
import type { GitEnvironment } from '../git/environment.js';
import { gitFailure } from '../git/failure.js';
import { GitOutput, type GitOutputOptions } from '../git/output.js';
import type { GitProcess } from '../git/process.js';
import type { RepositoryConfig } from '../git/repository-config.js';
import type { GitInvocation, GitRunner } from '../git/runner.js';
import type { Repository } from '../repository/repository.js';
import type { GitRequest } from './exchange.js';

export interface ServiceLimits {
  /** The most bytes of a fetch or archive request, as sent and inflated. */
  readonly maxFetchRequestBytes: number;
  /** The most bytes of a push request, as sent and inflated. */
  readonly maxPushBytes: number;
  /** A fetch request beyond this goes to a file. */
  readonly spoolThresholdBytes: number;
  readonly temporaryDirectory: string;
  readonly requestIdleTimeoutMs: number;
}

/** An authorised call of a service: all that it may know. */
export interface ServiceCall {
  readonly request: GitRequest;
  readonly context: RequestContext;
  readonly user: GitUser | undefined;
  readonly repository: Repository;
  readonly config: RepositoryConfig;
  readonly git: GitRunner;
  /** For git and its hooks: the client, the protocol, and what the embedder added. */
  readonly environment: GitEnvironment;
  readonly observers: Observers;
  readonly limits: ServiceLimits;
}

/** Starts git in the call's repository. */
export function startGit(
  call: ServiceCall,
  invocation: Pick<GitInvocation, 'args' | 'stdin' | 'stdout' | 'config' | 'environment'>,
): GitProcess {
  return call.git.start({
    ...invocation,
    cwd: call.repository.gitDir,
    environment: { ...call.environment, ...invocation.environment },
  });
}

/** git's answer as a stream that ends with the client; call {@link whenStarted} before sending headers. */
export function openOutput(call: ServiceCall, process: GitProcess, options: GitOutputOptions): GitOutput {
  const output = new GitOutput(process, options);
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
 * Waits until git has something to say, or has ended well without a word. Response headers wait for this, so
 * that a git that fails at once can still be answered with a status.
 */
export async function whenStarted(output: GitOutput, command: string): Promise<void> {
  const exit = await output.started;
  if (exit && exit.code !== 0) throw gitFailure(command, exit);
}
