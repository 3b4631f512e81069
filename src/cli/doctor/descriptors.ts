/** How many files and sockets a server may have open. */
import { readFile } from 'node:fs/promises';
import { notTried, ok, problem, warning, type Finding } from './finding.js';

const what = 'file descriptors';

/** A request holds its connection, three pipes of git, and perhaps a file. */
const descriptorsOfARequest = 6;

/** Below it, some forty requests at once exhaust them. */
const fewDescriptors = 256;
const enoughDescriptors = 4096;

/** The soft limit in a `/proc/PID/limits`; infinity for `unlimited`. */
export function openFilesLimit(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits) ?? [];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft === undefined ? undefined : Number(soft);
}

export function judgeDescriptors(limit: number): Finding {
  const requests = Math.floor(limit / descriptorsOfARequest);
  const found = `${limit} may be open, enough for some ${requests} requests at once`;
  const advice = 'raise it with ulimit -n, or LimitNOFILE= in the systemd unit';
  if (limit < fewDescriptors) return problem(what, found, advice);
  if (limit < enoughDescriptors) return warning(what, found, advice);
  return ok(what, limit === Number.POSITIVE_INFINITY ? 'no limit' : found);
}

/** The limit of this process, which is that of a server started from the same place. Node.js raises it to the hard one. */
export async function checkDescriptors(): Promise<Finding> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const limit = openFilesLimit(limits);
  return limit === undefined
    ? notTried(what, 'this system has no /proc/self/limits', 'see that "ulimit -n" prints 4096 or more')
    : judgeDescriptors(limit);
}
