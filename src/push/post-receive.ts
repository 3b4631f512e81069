/** What is told of a push when git has ended. */
import { Quarantine } from '../git/quarantine.js';
import type { GitEnvironment } from '../git/environment.js';
import type { GitRunner } from '../git/runner.js';
import type { PushReport } from '../protocol/push-report.js';
import { withDeadline } from './deadline.js';
import type { ChangedRef, PostReceive, PushFacts } from './push-policy.js';

/** Tells `postReceive` what has changed, if anything has. Rejects with what it throws. */
export async function tellPostReceive(
  postReceive: PostReceive,
  { updates, ...facts }: PushFacts,
  report: PushReport | undefined,
  tools: { readonly git: GitRunner; readonly environment: GitEnvironment; readonly timeoutMs: number },
): Promise<void> {
  const done = updates.filter(({ refName }) => report?.refs.get(refName)?.status === 'ok');
  if (done.length === 0) return;
  const objects = await Quarantine.open(tools.git, facts.repository, tools.environment, '');
  const changes: ChangedRef[] = [];
  for (const update of done) {
    const { kind, oldOid, newOid } = update;
    const isForced = kind === 'update' && !(await objects.isFastForward(oldOid, newOid));
    changes.push({ ...update, isForced });
  }
  await withDeadline(tools.timeoutMs, 'postReceive()', (signal) =>
    postReceive({ ...facts, changes, signal }),
  );
}
