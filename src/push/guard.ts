/**
 * What stands between a push and the refs. Before git starts, bounds and single refs are decided; objects are measured on
 * their way; once they have arrived, git waits in its pre-receive hook until they have been looked at. Where nothing of that is configured, a push
 * costs nothing more.
 */
import { join, resolve } from 'node:path';
import { HookBridge } from '../git/hook-bridge.js';
import type { GitEnvironment } from '../git/environment.js';
import type { GitProcess } from '../git/process.js';
import { PushHooks } from '../git/push-hooks.js';
import { Quarantine } from '../git/quarantine.js';
import type { RepositoryConfig } from '../git/repository-config.js';
import type { GitInvocation, GitRunner } from '../git/runner.js';
import { commonDirectory } from '../repository/git-directory.js';
import { decideUpdates, type FastForwardOnly } from './decide.js';
import { checkLimits, type ByteLimit, type PushRates } from './limits.js';
import { limitObjects, type PackCheck } from './object-limit.js';
import { runObjectChecks, type ObjectChecks } from './pre-receive.js';
import type { PushFacts, PushPolicy } from './push-policy.js';
import { Refusals } from './refusals.js';

export interface GuardTools {
  readonly git: GitRunner;
  readonly config: RepositoryConfig;
  readonly environment: GitEnvironment;
  readonly temporaryDirectory: string;
  readonly rates: PushRates;
  readonly onError: (error: unknown) => void;
}

/** What is said of the other refs of an atomic push of which one is refused; git's own words (receive-pack.c). */
const atomicFailure = 'atomic push failure';

/** Two names that differ in bytes which are not UTF-8 look the same to every rule, and to none of git's hooks. */
function refuseUnreadable({ updates }: PushFacts, refusals: Refusals): void {
  for (const { refName } of updates) {
    if (refName.includes('\ufffd')) refusals.add('the name is not valid UTF-8', refName);
  }
}

export class PushGuard {
  readonly #policy: PushPolicy;
  readonly #facts: PushFacts;
  readonly #tools: GuardTools;
  readonly #refusals = new Refusals();
  #fastForwardOnly: FastForwardOnly = new Map();
  #byteLimit: ByteLimit | undefined;
  #packCheck: PackCheck | undefined;
  #hooks: PushHooks | undefined;

  private constructor(policy: PushPolicy, facts: PushFacts, tools: GuardTools) {
    this.#policy = policy;
    this.#facts = facts;
    this.#tools = tools;
  }

  /** Decides what can be decided by the commands of the push alone. */
  static async begin(policy: PushPolicy, facts: PushFacts, tools: GuardTools): Promise<PushGuard> {
    const guard = new PushGuard(policy, facts, tools);
    const limits = await policy.limits(facts);
    guard.#byteLimit = await checkLimits(limits, facts, tools, guard.#refusals);
    const { maxObjectBytes } = limits;
    if (maxObjectBytes !== undefined) guard.#packCheck = limitObjects(maxObjectBytes, facts);
    if (!guard.refusesAll) guard.#fastForwardOnly = await decideUpdates(policy, facts, guard.#refusals);
    if (guard.isNeeded) refuseUnreadable(facts, guard.#refusals);
    return guard;
  }

  /** Nothing is left that git could do. */
  get refusesAll(): boolean {
    return this.#refusals.coverAll(this.#facts.updates, this.#isWhole);
  }

  /**
   * Whether it is all or nothing: as the client wants it, or because git hands refs to a proc-receive hook without asking
   * the update hook, by which we refuse single ones.
   */
  get #isWhole(): boolean {
    return this.#facts.isAtomic || this.#tools.config.get('receive.procreceiverefs') !== undefined;
  }

  /** How much the push may still send. */
  get byteLimit(): ByteLimit | undefined {
    return this.#byteLimit;
  }

  /** Has to see the pack on its way to git. */
  get packCheck(): PackCheck | undefined {
    return this.#packCheck;
  }

  /** git has to ask us. */
  get isNeeded(): boolean {
    return !this.#refusals.isEmpty || this.#fastForwardOnly.size > 0 || this.#policy.preReceive !== undefined;
  }

  /** Why we have refused a ref; undefined where we have not. */
  reasonOf(refName: string): string | undefined {
    return this.#refusals.reasonOf(refName) ?? (this.refusesAll ? atomicFailure : undefined);
  }

  /** What git is to be started with so that it asks us. */
  async prepare(): Promise<Pick<GitInvocation, 'config' | 'bridge'>> {
    if (!this.isNeeded) return {};
    const { git, temporaryDirectory } = this.#tools;
    const ownHooks = this.#policy.ownHooks ? await this.#ownHooks() : undefined;
    this.#hooks = await PushHooks.open({ temporaryDirectory, ownHooks, configCount: git.configCount });
    return { bridge: true, config: [['core.hooksPath', this.#hooks.path]] };
  }

  /** Waits for git's question, answers it, and tidies up when git has ended. */
  watch(git: GitProcess): void {
    const hooks = this.#hooks;
    if (!hooks) return;
    const bridge = git.bridge && new HookBridge(git.bridge);
    if (bridge) void this.#whenAsked(bridge, hooks);
    // Nobody would be asked: git must not go on.
    else git.stopGently();
    void git.released.then(async () => {
      bridge?.close();
      await hooks.close().catch(this.#tools.onError);
    });
  }

  /** For a git that could not be started. */
  async abandon(): Promise<void> {
    await this.#hooks?.close();
  }

  /** git waits for an answer, whatever goes wrong on our side. */
  async #whenAsked(bridge: HookBridge, hooks: PushHooks): Promise<void> {
    const path = await bridge.asked;
    try {
      await this.#answer(bridge, hooks, path);
    } catch (error) {
      this.#tools.onError(error);
      this.#refusals.add('the server could not check this push');
      bridge.answer(false);
    }
  }

  async #answer(bridge: HookBridge, hooks: PushHooks, path: string): Promise<void> {
    const { git, environment, onError } = this.#tools;
    const { repository, updates } = this.#facts;
    const checks: ObjectChecks = {
      fastForwardOnly: this.#fastForwardOnly,
      preReceive: this.#policy.preReceive,
      timeoutMs: this.#policy.callbackTimeoutMs,
      isWhole: this.#isWhole,
      onError,
    };
    const objects = await Quarantine.open(git, repository, environment, path);
    await runObjectChecks(checks, this.#facts, objects, bridge, this.#refusals);
    if (!this.refusesAll) {
      const names = updates.map(({ refName }) => refName);
      await hooks.allow(names.filter((name) => this.reasonOf(name) === undefined));
    }
    bridge.answer(!this.refusesAll);
  }

  /** Where the repository's hooks are (git-config, core.hooksPath: relative to where hooks run). */
  async #ownHooks(): Promise<string> {
    const { gitDir } = this.#facts.repository;
    const configured = this.#tools.config.get('core.hookspath');
    if (configured === undefined) return join(await commonDirectory(gitDir), 'hooks');
    const home = this.#tools.git.environment['HOME'];
    if (configured.startsWith('~/') && home !== undefined) return join(home, configured.slice(2));
    return resolve(gitDir, configured);
  }
}
