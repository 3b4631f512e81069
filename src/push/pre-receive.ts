/** The checks of a push whose objects have arrived: git waits in its pre-receive hook until these are done. */
import { GitTyphoonError } from '../errors.js';
import type { HookBridge } from '../git/hook-bridge.js';
import type { Quarantine } from '../git/quarantine.js';
import { withDeadline } from './deadline.js';
import type { FastForwardOnly } from './decide.js';
import type { PreReceive, PushFacts } from './push-policy.js';
import type { Refusals } from './refusals.js';

export interface ObjectChecks {
  readonly fastForwardOnly: FastForwardOnly;
  readonly preReceive: PreReceive | undefined;
  readonly timeoutMs: number;
  /** One refusal ends the whole push. */
  readonly isWhole: boolean;
  /** Hears of what the embedder's function has thrown. */
  readonly onError: (error: unknown) => void;
}

async function checkObjects(
  { fastForwardOnly }: ObjectChecks,
  { updates }: PushFacts,
  objects: Quarantine,
  refusals: Refusals,
): Promise<void> {
  for (const { refName, oldOid, newOid } of updates) {
    const reason = fastForwardOnly.get(refName);
    if (reason === undefined || refusals.reasonOf(refName) !== undefined) continue;
    if (!(await objects.isFastForward(oldOid, newOid))) refusals.add(reason, refName);
  }
}

/** Runs all checks; what is refused is in `refusals` afterwards. Never rejects: a check that fails refuses the push. */
export async function runObjectChecks(
  checks: ObjectChecks,
  facts: PushFacts,
  objects: Quarantine,
  bridge: HookBridge,
  refusals: Refusals,
): Promise<void> {
  try {
    await checkObjects(checks, facts, objects, refusals);
    const { preReceive } = checks;
    if (!preReceive || refusals.coverAll(facts.updates, checks.isWhole)) return;
    let isOver = false;
    const unlessOver = (act: () => void): void => {
      if (!isOver) act();
    };
    await withDeadline(checks.timeoutMs, 'preReceive()', (signal) =>
      preReceive({
        ...facts,
        objects,
        signal,
        refuse: (reason, refName) => unlessOver(() => refusals.add(reason, refName)),
        say: (text) => unlessOver(() => bridge.say(text)),
      }),
    ).finally(() => {
      isOver = true;
    });
  } catch (error) {
    if (error instanceof GitTyphoonError && error.status < 500) {
      refusals.add(error.message);
      return;
    }
    checks.onError(error);
    refusals.add('the server could not check this push');
  }
}
