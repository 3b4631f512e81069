/** What an embedder's function is told of a push when it is known what has become of it. */
import type { PushEvent } from '../events.js';
import { Quarantine } from '../git/quarantine.js';
import type { GitRunner } from '../git/runner.js';
import { withDeadline } from './deadline.js';
import type { ChangedRef, PushPolicy } from './push-policy.js';

/** Tells `postReceive` what has changed, if anything has. Rejects with what it throws. */
export async function tellPostReceive(
  { postReceive, callbackTimeoutMs }: PushPolicy,
  git: GitRunner,
  event: PushEvent,
): Promise<void> {
  const done = event.updates.filter(({ result }) => result.status === 'ok');
  if (!postReceive || done.length === 0) return;
  const { context, user, repository, pushOptions, certificate, isAtomic } = event;
  const objects = await Quarantine.open(git, repository, {}, '');
  const changes: ChangedRef[] = [];
  for (const { result: _done, ...update } of done) {
    const { kind, oldOid, newOid } = update;
    const isForced = kind === 'update' && !(await objects.isFastForward(oldOid, newOid));
    changes.push({ ...update, isForced });
  }
  const facts = { context, user, repository, pushOptions, certificate, isAtomic, changes };
  await withDeadline(callbackTimeoutMs, 'postReceive()', (signal) => postReceive({ ...facts, signal }));
}
