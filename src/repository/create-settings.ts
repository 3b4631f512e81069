import { isAbsolute } from 'node:path';
import { AdministrationError } from './administration-error.js';
import type { Repository } from './repository.js';

/** Whom a repository is for; kept in its configuration as `gittyphoon.visibility`. */
export const visibilities = ['public', 'authenticated', 'private'] as const;
export type Visibility = (typeof visibilities)[number];

/** What a new repository is like. */
export interface CreateSettings {
  /** Where HEAD leads. Default `main`; after a first push without a `main`, a branch that was pushed. */
  readonly defaultBranch?: string | undefined;
  /** git's hash function; a push of the other one is refused by git. Default `sha1`. */
  readonly objectFormat?: 'sha1' | 'sha256' | undefined;
  /** One line of text. Default none. */
  readonly description?: string | undefined;
  /** Default none is kept. */
  readonly visibility?: Visibility | undefined;
  /**
   * git's `core.sharedRepository`: `group`, `all`, or permissions such as `0640`. Default git's own: the process's
   * umask. git then also refuses pushes that are not fast-forward (git-init, `--shared`).
   */
  readonly shared?: string | undefined;
  /**
   * The absolute path of a folder with hooks and files that every new repository gets (git-init, "TEMPLATE
   * DIRECTORY"). Its hooks run on this machine. Default none: no hooks, no samples, whatever git is configured to do.
   */
  readonly templateDirectory?: string | undefined;
}

/** A repository that is made but not served yet, so that a failed push leaves nothing behind. */
export interface PendingRepository {
  /** Its name to be, and where it is now. */
  readonly repository: Repository;
  /** Puts it into service, in one step. Undefined when another of the same name has come first. */
  publish(): Promise<Repository | undefined>;
  /** Removes it, unless it was published. Called in any case, at the end. */
  discard(): Promise<void>;
}

function fail(problem: string): never {
  throw new AdministrationError('ERR_REPOSITORY_SETTING', problem);
}

/** Whether git takes `refs/heads/NAME` (git-check-ref-format), and no program takes NAME for an option. */
export function isBranchName(name: string): boolean {
  if (name === '' || name === '@' || name === 'HEAD' || name.startsWith('-') || name.endsWith('.'))
    return false;
  if (/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\//u.test(name) || Buffer.byteLength(name) > 200) return false;
  return name.split('/').every((part) => part !== '' && !part.startsWith('.') && !part.endsWith('.lock'));
}

/** Throws for a text that is not one line. */
export function checkDescription(text: unknown): void {
  if (typeof text !== 'string' || /\p{Cc}/u.test(text) || text.length > 1000) {
    fail('a description is one line of at most 1000 characters');
  }
}

/** Throws for what is none of {@link visibilities}. */
export function checkVisibility(text: unknown): asserts text is Visibility {
  if (!visibilities.some((known) => known === text))
    fail(`the visibility is one of ${visibilities.join(', ')}`);
}

/** Throws an {@link AdministrationError} for settings that cannot be used, also from plain JavaScript. */
export function checkCreateSettings(given: unknown): CreateSettings {
  if (typeof given !== 'object' || given === null) fail('the settings of a new repository are an object');
  const { defaultBranch, objectFormat, description, visibility, shared, templateDirectory, ...others } =
    given as CreateSettings;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) fail(`there is no setting "${unknown}" of a new repository`);
  if (defaultBranch !== undefined && (typeof defaultBranch !== 'string' || !isBranchName(defaultBranch))) {
    fail('the default branch has a name that git does not take');
  }
  if (objectFormat !== undefined && !['sha1', 'sha256'].includes(objectFormat)) {
    fail('the object format is sha1 or sha256');
  }
  if (description !== undefined) checkDescription(description);
  if (visibility !== undefined) checkVisibility(visibility);
  if (shared !== undefined && !/^(?:umask|group|all|0[0-7]{3})$/.test(shared)) {
    fail('shared is umask, group, all, or permissions such as 0640');
  }
  if (templateDirectory !== undefined && !isAbsolute(templateDirectory)) {
    fail('the template directory is an absolute path');
  }
  return { defaultBranch, objectFormat, description, visibility, shared, templateDirectory };
}
