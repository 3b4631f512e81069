/** What becomes of the bodies of requests on their way. */
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { notTried, ok, problem, warning, type Finding } from '../finding.js';
import { adviceFor } from './advice.js';
import { ask } from './exchange.js';
import { largeRequest, smallRequest } from './requests.js';
import { checked, describe, isFromServer, uploadHeaders, type Visit } from './visit.js';

const path = '/git-upload-pack';
const defaultLargeBytes = 20_000_000;

/** More than proxies collect before they ask the server (Apache: 16 KiB). */
const beginning = Buffer.alloc(64 * 1024, '0');

const defaultEarlyAnswerMs = 10_000;

/** Longer than the usual 60 seconds after which proxies give up. */
const patientMs = 70_000;

export function checkChunked(visit: Visit): Promise<Finding> {
  const what = 'chunked request';
  return checked(what, 'http-version', visit, async () => {
    const body = smallRequest(visit.spoken);
    const pieces = [body.subarray(0, 3), body.subarray(3)];
    const answer = await ask(visit.target, { method: 'POST', path, headers: uploadHeaders, body: pieces });
    return answer.status === 200 && isFromServer(answer)
      ? ok(what, 'arrives')
      : problem(what, describe(answer), adviceFor('http-version', visit.proxy));
  });
}

export function checkLarge(visit: Visit): Promise<Finding> {
  const what = 'large request';
  return checked(what, 'body-size', visit, async () => {
    const { largeBytes = defaultLargeBytes } = visit.effort;
    const size = `${Math.round(largeBytes / 1_000_000)} MB`;
    const body = largeRequest(visit.spoken, largeBytes);
    const answer = await ask(visit.target, { method: 'POST', path, headers: uploadHeaders, body });
    if (answer.status === 200 && isFromServer(answer)) return ok(what, `${size} arrive`);
    if (answer.status === 413 && isFromServer(answer)) {
      const advice = 'right if you have lowered limits.maxFetchRequestBytes; a proxy did not stop it';
      return ok(what, `${describe(answer)}; ${advice}`);
    }
    const found =
      answer.status === 413 ? `a body of ${size} is refused; ${describe(answer)}` : describe(answer);
    return problem(what, found, adviceFor('body-size', visit.proxy));
  });
}

export function checkCompressed(visit: Visit): Promise<Finding> {
  const what = 'compressed request';
  return checked(what, 'header', visit, async () => {
    const answer = await ask(visit.target, {
      method: 'POST',
      path,
      headers: { ...uploadHeaders, 'Content-Encoding': 'gzip' },
      body: [gzipSync(smallRequest(visit.spoken))],
    });
    return answer.status === 200 && isFromServer(answer)
      ? ok(what, 'arrives')
      : problem(
          what,
          `${describe(answer)}; Content-Encoding is dropped, or gzip forbidden`,
          `let the proxy pass Content-Encoding on (docs/reverse-proxies.md)`,
        );
  });
}

export function checkExpect(visit: Visit): Promise<Finding> {
  const what = 'Expect: 100-continue';
  return checked(what, 'http-version', visit, async () => {
    const answer = await ask(visit.target, {
      method: 'POST',
      path,
      headers: { ...uploadHeaders, Expect: '100-continue' },
      body: [smallRequest(visit.spoken)],
    });
    if (answer.status !== 200) return problem(what, describe(answer), adviceFor('http-version', visit.proxy));
    if (answer.wasContinued) return ok(what, 'is answered');
    const advice = 'nothing breaks, but git waits for a second before it sends a push with Kerberos';
    return warning(what, '100 Continue does not come', advice);
  });
}

/**
 * Whether the server has the beginning of a request before its end is sent. The type is one that it refuses as soon
 * as it sees it; its body is not looked at by anybody.
 */
export function checkRequestStreaming(visit: Visit): Promise<Finding> {
  const what = 'request passed on as it comes';
  if (visit.proxy === 'Apache') {
    const found = 'Apache shows no answer before the end of a request, so that this cannot be seen from here';
    return Promise.resolve(notTried(what, found, adviceFor('request-buffering', visit.proxy)));
  }
  return checked(what, 'request-buffering', visit, async () => {
    const { earlyAnswerMs = defaultEarlyAnswerMs } = visit.effort;
    const answered = new AbortController();
    const slow = async function* (): AsyncGenerator<Buffer> {
      yield beginning;
      // The answer ends the wait.
      await sleep(earlyAnswerMs, undefined, { signal: answered.signal }).catch(() => {});
      yield beginning;
    };
    const headers = { ...uploadHeaders, 'Content-Type': 'application/x-gittyphoon-doctor' };
    const answer = await ask(visit.target, { method: 'POST', path, headers, body: slow() }).finally(() =>
      answered.abort(),
    );
    if (answer.status !== 415) {
      return notTried(
        what,
        `the server is expected to answer with 415, but ${describe(answer)}`,
        adviceFor('request-buffering', visit.proxy),
      );
    }
    if (answer.wasEarly) return ok(what, 'the server sees the beginning before the end is sent');
    const found = 'a push is stored by the proxy before the server sees any of it';
    return problem(what, found, adviceFor('request-buffering', visit.proxy));
  });
}

/** A request with a pause of 70 seconds in it. */
export function checkPatience(visit: Visit): Promise<Finding> {
  const what = 'pause in a request';
  if (!visit.effort.isPatient) {
    const advice = `--patient tries it; ${adviceFor('time', visit.proxy)}`;
    return Promise.resolve(notTried(what, 'takes 70 seconds', advice));
  }
  return checked(what, 'time', visit, async () => {
    const body = smallRequest(visit.spoken);
    const slow = async function* (): AsyncGenerator<Buffer> {
      yield body.subarray(0, 3);
      await sleep(patientMs);
      yield body.subarray(3);
    };
    const answer = await ask(visit.target, {
      method: 'POST',
      path,
      headers: uploadHeaders,
      body: slow(),
      silenceMs: 2 * patientMs,
    });
    return answer.status === 200 && isFromServer(answer)
      ? ok(what, 'of 70 seconds is waited for')
      : problem(what, `of 70 seconds is too long; ${describe(answer)}`, adviceFor('time', visit.proxy));
  });
}
