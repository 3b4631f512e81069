import { OptionError } from './errors.js';
import { functionOrNone, isRecord, maxTimerMs, rejectUnknown, wholeNumber } from './option-checks.js';
import type { GitServerOptions } from './options.js';
import type { PushLimits, PushLimitsFunction, PushPolicy } from './push/push-policy.js';

const knownLimits: Readonly<Record<keyof PushLimits, true>> = {
  maxPushBytes: true,
  maxObjectBytes: true,
  maxRefUpdates: true,
  maxRepositoryBytes: true,
  rate: true,
};

/** Checks bounds, also those that a function has given for one push. */
function checkPushLimits(limits: unknown, option: string): PushLimits {
  if (!isRecord(limits)) throw new OptionError(option, 'must be an object of bounds');
  rejectUnknown(limits, knownLimits, `${option}.`);
  for (const [key, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    const name = `${option}.${key}`;
    if (key !== 'rate') {
      wholeNumber(value, name);
      continue;
    }
    if (!isRecord(value)) throw new OptionError(name, 'must be { pushes, seconds }');
    rejectUnknown(value, { pushes: true, seconds: true }, `${name}.`);
    wholeNumber(value['pushes'], `${name}.pushes`);
    // A timer of Node.js waits no longer.
    wholeNumber(value['seconds'], `${name}.seconds`, { highest: Math.floor(maxTimerMs / 1000) });
  }
  return { ...limits };
}

function resolveLimits(given: GitServerOptions['pushLimits']): PushLimitsFunction {
  if (typeof given === 'function') {
    return async (access) => checkPushLimits(await given(access), 'pushLimits()');
  }
  const limits = checkPushLimits(given ?? {}, 'pushLimits');
  return () => limits;
}

/** Checks all options that concern pushes. */
export function resolvePushPolicy(options: GitServerOptions, callbackTimeoutMs: number): PushPolicy {
  const { authorizeUpdate, preReceive, postReceive, pushLimits, hooks } = options;
  functionOrNone(authorizeUpdate, 'authorizeUpdate');
  functionOrNone(preReceive, 'preReceive');
  functionOrNone(postReceive, 'postReceive');
  return {
    authorizeUpdate,
    preReceive,
    postReceive,
    limits: resolveLimits(pushLimits),
    callbackTimeoutMs,
    ownHooks: hooks !== 'none',
  };
}
