import type { Repository } from '../repository/repository.js';
import type { GitEnvironment } from './environment.js';
import { gitFailure } from './failure.js';
import type { GitRunner } from './runner.js';

/** A change of owner, or of `safe.directory`, is noticed after so long. */
const rememberedMs = 10_000;

const maxRemembered = 1_000;

/**
 * git's check of who owns a repository (`safe.directory`), for answers that no git takes part in: files of a
 * repository that somebody else has put there could be links to anything (CVE-2022-24765, CVE-2024-32465).
 */
export class OwnershipCheck {
  readonly #runner: GitRunner;
  /** When each repository was last found good. */
  readonly #good = new Map<string, number>();

  constructor(runner: GitRunner) {
    this.#runner = runner;
  }

  /** Throws what git says when it does not trust the repository. */
  async require({ gitDir }: Repository, environment: GitEnvironment): Promise<void> {
    const checked = this.#good.get(gitDir);
    if (checked !== undefined && performance.now() - checked < rememberedMs) return;
    this.#good.delete(gitDir);
    // The capabilities of version 2: no ref is read for them.
    const result = await this.#runner.run({
      args: ['upload-pack', '--http-backend-info-refs', '--strict', gitDir],
      cwd: gitDir,
      environment: { ...environment, GIT_PROTOCOL: 'version=2' },
    });
    if (result.code !== 0) throw gitFailure('upload-pack', result);
    const [oldest] = this.#good.keys();
    if (this.#good.size >= maxRemembered && oldest !== undefined) this.#good.delete(oldest);
    this.#good.set(gitDir, performance.now());
  }
}
