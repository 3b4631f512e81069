/** What is decided about the refs of a push before git starts. */
import { GitTyphoonError } from '../errors.js';
import type { PushFacts, PushPolicy } from './push-policy.js';
import type { Refusals } from './refusals.js';

const noReason = 'you are not allowed to change this ref';

/** Refs that may only be updated when no history is rewritten, with the reason for whoever does. */
export type FastForwardOnly = ReadonlyMap<string, string>;

/** Asks about each ref in turn; refuses what is refused, and gives the refs that depend on their objects. */
export async function decideUpdates(
  { authorizeUpdate }: PushPolicy,
  { updates, user, repository, context }: PushFacts,
  refusals: Refusals,
): Promise<FastForwardOnly> {
  const fastForwardOnly = new Map<string, string>();
  if (!authorizeUpdate) return fastForwardOnly;
  for (const update of updates) {
    const { refName, kind } = update;
    const decision: unknown = await authorizeUpdate({ update, user, repository, context });
    if (decision === true) continue;
    if (typeof decision === 'string') refusals.add(decision, refName);
    else if (decision === false) refusals.add(noReason, refName);
    else if (isUnlessForced(decision)) {
      // Deleting and creating it anew would rewrite it as well.
      if (kind === 'delete') refusals.add(decision.unlessForced, refName);
      if (kind === 'update') fastForwardOnly.set(refName, decision.unlessForced);
    } else {
      throw new GitTyphoonError('ERR_INTERNAL', {
        cause: new TypeError(
          'authorizeUpdate() must return true, false, a reason, or { unlessForced: reason }',
        ),
      });
    }
  }
  return fastForwardOnly;
}

function isUnlessForced(decision: unknown): decision is { readonly unlessForced: string } {
  return (
    typeof decision === 'object' &&
    decision !== null &&
    typeof (decision as Record<string, unknown>)['unlessForced'] === 'string'
  );
}
