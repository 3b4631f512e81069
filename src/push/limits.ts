/** Bounds on pushes that hold before git starts. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from '../access/address-list.js';
import { countObjects, storedBytes } from '../git/count-objects.js';
import { gitFailure } from '../git/failure.js';
import type { GitRunner } from '../git/runner.js';
import type { Repository } from '../repository/repository.js';
import { sizeText } from '../size-text.js';
import type { PushFacts, PushLimits } from './push-policy.js';
import type { Refusals } from './refusals.js';

/** Counts pushes by user, or by address where there is no user. */
export class PushRates {
  /** By their bounds, which are the embedder's to choose, and few. */
  readonly #limiters = new Map<string, RateLimiterMemory>();

  /** How long to wait, in seconds, when this push is one too many. */
  async count(
    { pushes, seconds }: NonNullable<PushLimits['rate']>,
    who: string,
  ): Promise<number | undefined> {
    const key = `${pushes} in ${seconds}`;
    const limiter = this.#limiters.get(key) ?? new RateLimiterMemory({ points: pushes, duration: seconds });
    this.#limiters.set(key, limiter);
    try {
      await limiter.consume(who);
      return undefined;
    } catch (error) {
      if (error instanceof RateLimiterRes) return Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      throw error;
    }
  }
}

async function bytesOf(git: GitRunner, { gitDir }: Repository): Promise<number> {
  const result = await git.run({ args: ['--git-dir', gitDir, ...countObjects], cwd: gitDir });
  if (result.code !== 0) throw gitFailure('count-objects', result);
  return storedBytes(result.stdout.toString());
}

/** How many bytes a push may have, and what is said when it has more. */
export interface ByteLimit {
  readonly maxBytes: number;
  readonly message: string;
}

/** Refuses a push that is over a bound already; gives the bound on what it may still send. */
export async function checkLimits(
  limits: PushLimits,
  facts: PushFacts,
  tools: { readonly git: GitRunner; readonly rates: PushRates },
  refusals: Refusals,
): Promise<ByteLimit | undefined> {
  const { maxRefUpdates, rate, maxRepositoryBytes, maxPushBytes } = limits;
  if (maxRefUpdates !== undefined && facts.updates.length > maxRefUpdates) {
    refusals.add(
      `too many refs: a push may change ${maxRefUpdates} here, and this one has ${facts.updates.length}`,
    );
  }
  const who = facts.user
    ? `user ${facts.user.name}`
    : `address ${networkOf(facts.context.remoteAddress ?? '')}`;
  const waitSeconds = rate && (await tools.rates.count(rate, who));
  if (waitSeconds !== undefined) refusals.add(`too many pushes; try again in ${waitSeconds} seconds`);
  const perPush =
    maxPushBytes === undefined
      ? undefined
      : {
          maxBytes: maxPushBytes,
          message: `a push may have ${sizeText(maxPushBytes)} here`,
        };
  // What only deletes makes nothing larger.
  if (maxRepositoryBytes === undefined || facts.updates.every(({ kind }) => kind === 'delete'))
    return perPush;
  const left = maxRepositoryBytes - (await bytesOf(tools.git, facts.repository));
  const message = `the repository is full: it may have ${sizeText(maxRepositoryBytes)}`;
  if (left <= 0) refusals.add(message);
  return perPush && perPush.maxBytes <= left ? perPush : { maxBytes: Math.max(0, left), message };
}
