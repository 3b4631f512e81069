/** What a push has really changed, for all who hear of it. */
import type { ChangeEvent, PushEvent } from '../events.js';
import { Quarantine } from '../git/quarantine.js';
import { readRefHistory } from '../git/ref-history.js';
import type { GitRunner } from '../git/runner.js';
import type { RefUpdate } from '../protocol/push-request.js';

/** Undefined when nothing has changed: what was refused, or what nobody knows of, is not told. */
export function changesOf(git: GitRunner, event: PushEvent): ChangeEvent | undefined {
  const changes: readonly RefUpdate[] = event.updates
    .filter(({ result, oldOid, newOid }) => result.status === 'ok' && oldOid !== newOid)
    .map(({ result: _done, ...update }) => update);
  if (changes.length === 0) return undefined;
  const { context, user, repository, pushOptions, certificate, isAtomic } = event;
  const known = new Map<RefUpdate, Promise<boolean>>();
  const compare = async ({ kind, oldOid, newOid }: RefUpdate): Promise<boolean> => {
    if (kind !== 'update') return false;
    const objects = await Quarantine.open(git, repository, {}, '');
    return !(await objects.isFastForward(oldOid, newOid));
  };
  return {
    context,
    user,
    repository,
    changes,
    pushOptions,
    certificate,
    isAtomic,
    isForced(change) {
      const answer = known.get(change) ?? compare(change);
      known.set(change, answer);
      return answer;
    },
    history: (change, signal) => readRefHistory(git, repository, change, changes, signal),
  };
}
