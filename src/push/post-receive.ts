/** What an embedder's function is told of a push when it is known what has become of it. */
import type { ChangeEvent } from '../events.js';
import { withDeadline } from './deadline.js';
import type { ChangedRef, PushPolicy } from './push-policy.js';

/** Tells `postReceive` what has changed. Rejects with what it throws. */
export async function tellPostReceive(
  { postReceive, callbackTimeoutMs }: PushPolicy,
  event: ChangeEvent,
): Promise<void> {
  if (!postReceive) return;
  const { context, user, repository, pushOptions, certificate, isAtomic } = event;
  const changes: ChangedRef[] = [];
  for (const change of event.changes) changes.push({ ...change, isForced: await event.isForced(change) });
  const facts = { context, user, repository, pushOptions, certificate, isAtomic, changes };
  await withDeadline(callbackTimeoutMs, 'postReceive()', (signal) => postReceive({ ...facts, signal }));
}
