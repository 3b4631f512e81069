import type { GitRunner } from '../../git/runner.js';
import type { Repository } from '../../repository/repository.js';
import type { Flaw } from './finding.js';

/** The repository that a check looks at. */
export interface Patient extends Repository {
  /** Where objects and refs are; another folder than `gitDir` for a linked worktree. */
  readonly commonDir: string;
}

/** Looks at one repository and changes nothing; no flaws mean that all is well. */
export type RepositoryCheck = (patient: Patient, git: GitRunner) => Promise<readonly Flaw[]>;
