import { duration, path, rate, size, wholeNumber } from '../kinds.js';
import { setting } from '../setting.js';

const mebibyte = 1024 * 1024;

/** Bounds on size and time. */
export const limits = {
  'limits.max-push-size': setting({
    kind: size,
    flag: '--max-push-size <SIZE>',
    text: 'the most bytes of a push, such as 500m',
    without: '`64g`',
    option: 'pushLimits.maxPushBytes',
  }),
  'limits.max-object-size': setting({
    kind: size,
    flag: '--max-object-size <SIZE>',
    text: 'the most bytes of a file or another object',
    without: 'no bound',
    option: 'pushLimits.maxObjectBytes',
  }),
  'limits.max-repository-size': setting({
    kind: size,
    flag: '--max-repository-size <SIZE>',
    text: 'the most bytes that a repository may take',
    without: 'no bound',
    option: 'pushLimits.maxRepositoryBytes',
  }),
  'limits.max-ref-updates': setting({
    kind: wholeNumber(1),
    flag: '--max-ref-updates <NUMBER>',
    text: 'the most refs that a push may change',
    without: 'no bound',
    option: 'pushLimits.maxRefUpdates',
  }),
  'limits.push-rate': setting({
    kind: rate,
    flag: '--push-rate <PUSHES/SECONDS>',
    text: 'how often a user may push, such as 30/60',
    without: 'no bound',
    option: 'pushLimits.rate',
  }),
  'limits.max-fetch-request-size': setting({
    kind: size,
    default: 64 * mebibyte,
    text: 'the most bytes of a fetch request, as sent and once inflated',
    option: 'limits.maxFetchRequestBytes',
  }),
  'limits.spool-threshold': setting({
    kind: size,
    default: mebibyte,
    text: 'a fetch request beyond this waits in a temporary file',
    option: 'limits.spoolThresholdBytes',
  }),
  'limits.temporary-directory': setting({
    kind: path,
    text: 'the folder for temporary files',
    without: "the system's",
    option: 'limits.temporaryDirectory',
  }),
  'limits.request-idle-timeout': setting({
    kind: duration,
    default: 120_000,
    text: 'how long a client may send nothing in the middle of its request',
    option: 'limits.requestIdleTimeoutMs',
  }),
  'limits.response-idle-timeout': setting({
    kind: duration,
    default: 300_000,
    text: 'how long a client may read nothing of its answer',
    option: 'limits.responseIdleTimeoutMs',
  }),
  'limits.max-spooled-size': setting({
    kind: size,
    default: 1024 * mebibyte,
    text: 'the most bytes of all fetch requests that are held at the same time',
    option: 'limits.maxSpooledBytes',
    needsRestart: true,
  }),
  'limits.first-byte-timeout': setting({
    kind: duration,
    default: 1_800_000,
    text: 'how long git may take for the first byte of its answer',
    option: 'limits.firstByteTimeoutMs',
  }),
  'limits.git-idle-timeout': setting({
    kind: duration,
    default: 1_800_000,
    text: 'how long git may say nothing behind that while its client waits',
    option: 'limits.gitIdleTimeoutMs',
  }),
  'limits.request-timeout': setting({
    kind: duration,
    default: 21_600_000,
    text: 'how long a request may take as a whole, slow clients included',
    option: 'limits.requestTimeoutMs',
  }),
  'limits.max-git-processes': setting({
    kind: wholeNumber(1),
    text: 'how many gits answer fetches and pushes at the same time; what is beyond waits',
    without: 'twice the processors and eight',
    option: 'limits.maxGitProcesses',
    needsRestart: true,
  }),
  'limits.reserved-git-processes': setting({
    kind: wholeNumber(0),
    text: 'of those, so many only for pushes and as many only for fetches',
    without: 'a quarter of them',
    option: 'limits.reservedGitProcesses',
    needsRestart: true,
  }),
  'limits.max-quick-processes': setting({
    kind: wholeNumber(1),
    text: 'how many gits answer quick requests of a kind at the same time, such as lists of refs',
    without: 'twice the processors and eight',
    option: 'limits.maxQuickProcesses',
    needsRestart: true,
  }),
  'limits.max-git-processes-per-repository': setting({
    kind: wholeNumber(1),
    text: 'how many of each kind may work in one repository',
    without: 'three quarters of `limits.max-git-processes`',
    option: 'limits.maxGitProcessesPerRepository',
    needsRestart: true,
  }),
  'limits.max-git-processes-per-client': setting({
    kind: wholeNumber(1),
    text: 'how many of each kind may work for one user, or for one address without a user',
    without: 'half of `limits.max-git-processes`',
    option: 'limits.maxGitProcessesPerClient',
    needsRestart: true,
  }),
  'limits.max-queued-requests': setting({
    kind: wholeNumber(1),
    default: 500,
    text: 'how many requests of each kind may wait for their turn',
    option: 'limits.maxQueuedRequests',
    needsRestart: true,
  }),
  'limits.queue-timeout': setting({
    kind: duration,
    default: 60_000,
    text: 'how long a request may wait for its turn',
    option: 'limits.queueTimeoutMs',
    needsRestart: true,
  }),
  'limits.kill-grace': setting({
    kind: duration,
    default: 5_000,
    text: 'how long a git that is told to end may take before it is killed',
    option: 'limits.killGraceMs',
    needsRestart: true,
  }),
};
