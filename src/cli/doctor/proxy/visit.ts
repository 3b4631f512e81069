/** What every check of a proxy is given. */
import { problem, type Finding } from '../finding.js';
import { adviceFor, proxyOf, type Fault, type ProxyName } from './advice.js';
import { NoAnswer, type Answer } from './exchange.js';
import type { Spoken } from './requests.js';
import type { Target } from './target.js';

/** How much of the tester's and the server's time is taken. */
export interface Effort {
  /** Try also a pause of 70 seconds. */
  readonly isPatient: boolean;
  /** The size of a large request. Default 20,000,000. */
  readonly largeBytes?: number;
  /**
   * How long the server may take to answer the beginning of a request, in milliseconds. Default 10,000: with less, a
   * slow line looks like a proxy that stores requests.
   */
  readonly earlyAnswerMs?: number;
}

export interface Visit {
  readonly effort: Effort;
  readonly target: Target;
  readonly spoken: Spoken;
  readonly proxy: ProxyName | undefined;
  /** HEAD's object; undefined where there is none, or version 2 does not get through. */
  readonly head: string | undefined;
  /** The first answer. */
  readonly advertisement: Answer;
}

export const uploadHeaders = {
  'Content-Type': 'application/x-git-upload-pack-request',
  Accept: 'application/x-git-upload-pack-result',
  'Git-Protocol': 'version=2',
} as const;

/** Whether the server itself has answered: proxies write HTML, or nothing. */
export function isFromServer({ status, headers }: Answer): boolean {
  const type = headers['content-type'] ?? '';
  return status < 502 && (type.startsWith('application/x-git-') || type.startsWith('text/plain'));
}

/** An answer for people. */
export function describe(answer: Answer): string {
  const who = isFromServer(answer) ? 'the server' : (proxyOf(answer.headers) ?? 'a proxy');
  const [line = ''] = answer.body.toString('utf8', 0, 300).split('\n');
  const said =
    (answer.headers['content-type'] ?? '').startsWith('text/plain') && line !== '' ? `: ${line}` : '';
  return `${who} answered with status ${answer.status}${said}`;
}

/** Runs a check; a connection that breaks is a finding as well. */
export async function checked(
  what: string,
  fault: Fault,
  visit: Visit,
  check: () => Promise<Finding>,
): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return problem(what, `no answer: ${error.message}`, adviceFor(fault, visit.proxy));
  }
}
