import type { GitKind } from './kinds.js';
import type { Share } from './slots.js';

export interface AdmissionCaps {
  /** Fetches and pushes together. */
  readonly maxGitProcesses: number;
  /** Of those, so many are only for pushes, and as many only for fetches. */
  readonly reservedGitProcesses: number;
  /** Each of `refs` and `lazy`. */
  readonly maxQuickProcesses: number;
  /** Of each kind, in one repository. */
  readonly maxGitProcessesPerRepository: number;
  /** Of each kind, for one client. */
  readonly maxGitProcessesPerClient: number;
  /** Of each kind. */
  readonly maxQueuedRequests: number;
}

/** Who wants to start a git, and where. */
export interface Claim {
  readonly kind: GitKind;
  /** What tells one repository from others. */
  readonly repository: string;
  /** A user or an address: whoever takes turns with others. */
  readonly client: string;
  /** Whether that is one client. Where nobody can be told from another, it is all of them. */
  readonly isOneClient: boolean;
}

/** All of which there must be room for, for a git to start. */
export function sharesOf(caps: AdmissionCaps, { kind, repository, client, isOneClient }: Claim): Share[] {
  const shares: Share[] = [
    { key: `${kind} in ${repository}`, cap: caps.maxGitProcessesPerRepository },
    ...(isOneClient ? [{ key: `${kind} for ${client}`, cap: caps.maxGitProcessesPerClient }] : []),
  ];
  if (kind === 'refs' || kind === 'lazy') return [{ key: kind, cap: caps.maxQuickProcesses }, ...shares];
  return [
    { key: 'total', cap: caps.maxGitProcesses },
    { key: kind, cap: caps.maxGitProcesses - caps.reservedGitProcesses },
    ...shares,
  ];
}
