/** Tries a server from outside, through whatever stands before it, as git would use it. Changes nothing there. */
import type { GitRunner } from '../../../git/runner.js';
import { notTried, ok, problem, type Finding } from '../finding.js';
import { adviceFor, proxyOf } from './advice.js';
import {
  checkAnswerStreaming,
  checkCache,
  checkChallenge,
  checkCompression,
  checkVersion0,
  checkVersion2,
} from './answers.js';
import {
  checkChunked,
  checkCompressed,
  checkExpect,
  checkLarge,
  checkPatience,
  checkRequestStreaming,
} from './bodies.js';
import { ask, NoAnswer, type Answer } from './exchange.js';
import { checkHttp2 } from './http2.js';
import { headOf, readAdvertisement, smallRequest, type Spoken } from './requests.js';
import { helperAuthorization, type Target } from './target.js';
import { describe, uploadHeaders, type Effort, type Visit } from './visit.js';

const what = 'server';

function discover(target: Target): Promise<Answer> {
  return ask(target, {
    method: 'GET',
    path: '/info/refs?service=git-upload-pack',
    headers: { 'Git-Protocol': 'version=2' },
  });
}

/** What is wrong with an answer that is no advertisement. */
function explain(answer: Answer, target: Target): Finding {
  const proxy = proxyOf(answer.headers);
  const { location } = answer.headers;
  const challenge = answer.headers['www-authenticate'];
  if (answer.status === 401 && challenge === undefined) {
    return problem(what, '401 comes without WWW-Authenticate', adviceFor('authentication', proxy));
  }
  if (answer.status === 401) {
    return target.authorization === undefined
      ? problem(what, 'a password is asked for', "put it into the URL, or into git's credential helper")
      : problem(
          what,
          'the password is refused; if it is right, Authorization is dropped',
          adviceFor('authentication', proxy),
        );
  }
  if (location !== undefined) return problem(what, `leads on to ${location}`, 'give that URL');
  const advice =
    answer.status === 404
      ? 'give the URL of a repository; see that the proxy keeps the path, and the prefix is right'
      : 'see that the server runs and the proxy leads to it';
  return problem(what, describe(answer), advice);
}

async function headOfServer(target: Target, spoken: Spoken): Promise<string | undefined> {
  if (spoken.version !== 2) return undefined;
  const question = { method: 'POST', path: '/git-upload-pack', headers: uploadHeaders } as const;
  const answer = await ask(target, { ...question, body: [smallRequest(spoken)] }).catch(() => undefined);
  return answer && headOf(answer.body);
}

/** Comes in by the door; a finding when that is not possible. */
async function enter(given: Target, git: GitRunner, effort: Effort): Promise<Visit | Finding> {
  try {
    let target = given;
    let advertisement = await discover(target);
    if (advertisement.status === 401 && target.authorization === undefined) {
      target = { ...target, authorization: await helperAuthorization(git, target.url) };
      if (target.authorization !== undefined) advertisement = await discover(target);
    }
    const spoken = advertisement.status === 200 ? readAdvertisement(advertisement.body) : undefined;
    if (!spoken) return explain(advertisement, target);
    const head = await headOfServer(target, spoken);
    return { effort, target, spoken, advertisement, head, proxy: proxyOf(advertisement.headers) };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return problem(
      what,
      `no answer from ${given.url}: ${error.message}`,
      'see that it runs, and the address',
    );
  }
}

/** One check after the other, so that each is seen by itself. */
export async function checkProxy(
  target: Target,
  git: GitRunner,
  effort: Effort,
): Promise<readonly Finding[]> {
  const visit = await enter(target, git, effort);
  if (!('spoken' in visit)) return [visit];
  const name = visit.proxy === undefined ? 'no proxy names itself' : `${visit.proxy} answers for it`;
  return [
    ok(what, `${target.url} is a repository; ${name}`),
    checkVersion2(visit),
    await checkVersion0(visit),
    await checkChunked(visit),
    await checkCompressed(visit),
    await checkLarge(visit),
    await checkRequestStreaming(visit),
    await checkAnswerStreaming(visit),
    await checkCompression(visit),
    checkCache(visit),
    await checkExpect(visit),
    await checkChallenge(visit),
    await checkHttp2(visit),
    await checkPatience(visit),
    notTried(
      'slow answer',
      'only a server that takes its time would show it',
      adviceFor('time', visit.proxy),
    ),
  ];
}
