/** What becomes of answers on their way. */
import { notTried, ok, problem, warning, type Finding } from '../finding.js';
import { adviceFor } from './advice.js';
import { ask } from './exchange.js';
import { fetchRequest, readAdvertisement } from './requests.js';
import { checked, describe, uploadHeaders, type Visit } from './visit.js';

const discovery = '/info/refs?service=git-upload-pack';

export function checkVersion2({ spoken, proxy }: Visit): Finding {
  const what = 'Git-Protocol header';
  return spoken.version === 2
    ? ok(what, 'is passed on: version 2 is spoken')
    : problem(what, 'is dropped: version 2 is asked for, version 0 comes', adviceFor('header', proxy));
}

/** A cache that does not look at the header would give the same answer to all. */
export function checkVersion0(visit: Visit): Promise<Finding> {
  const what = 'version 0';
  return checked(what, 'cache', visit, async () => {
    const answer = await ask(visit.target, { method: 'GET', path: discovery, headers: {} });
    const version = readAdvertisement(answer.body)?.version;
    if (version === 0) return ok(what, 'is spoken with those who ask for no other');
    const found = version === 2 ? 'version 2 comes unasked; is this kept by a cache?' : describe(answer);
    return problem(what, found, adviceFor('cache', visit.proxy));
  });
}

/** The parts of a short answer are some milliseconds apart, and may meet on a busy line. */
const maxTries = 8;

export function checkAnswerStreaming(visit: Visit): Promise<Finding> {
  const what = 'answer passed on as it comes';
  return checked(what, 'answer-buffering', visit, async () => {
    const { spoken, head, proxy } = visit;
    if (head === undefined) {
      const advice = `try a repository with commits; ${adviceFor('answer-buffering', proxy)}`;
      return notTried(what, 'there is nothing to fetch', advice);
    }
    for (let tried = 0; tried < maxTries; tried += 1) {
      const answer = await ask(visit.target, {
        method: 'POST',
        path: '/git-upload-pack',
        headers: uploadHeaders,
        body: [fetchRequest(spoken, head)],
      });
      if (answer.status !== 200 || !answer.body.includes('packfile')) {
        return problem(what, `a fetch fails: ${describe(answer)}`, adviceFor('answer-buffering', proxy));
      }
      if (answer.parts > 1) return ok(what, 'its beginning comes before its end');
    }
    // HAProxy, for one, holds back what is so short, and passes on all else.
    const found = 'a short answer came in one piece, which a proxy that streams may do as well';
    return notTried(
      what,
      found,
      `watch the progress of a large clone; ${adviceFor('answer-buffering', proxy)}`,
    );
  });
}

export function checkCompression(visit: Visit): Promise<Finding> {
  const what = 'compressed answer';
  return checked(what, 'compression', visit, async () => {
    const answer = await ask(visit.target, {
      method: 'GET',
      path: discovery,
      headers: { 'Accept-Encoding': 'gzip' },
    });
    const coding = answer.headers['content-encoding'];
    return coding === undefined
      ? ok(what, 'answers are left as they are')
      : warning(what, `${coding} is applied to answers of git`, adviceFor('compression', visit.proxy));
  });
}

export function checkCache({ advertisement: { headers }, proxy }: Visit): Finding {
  const what = 'cache';
  const advice = adviceFor('cache', proxy);
  const hit = [headers['x-cache'], headers['x-cache-status'], headers['cf-cache-status']].join(' ');
  if (headers.age !== undefined || /\bhit\b/i.test(hit)) {
    return problem(what, 'the list of refs comes from a cache, and may be old', advice);
  }
  return /no-cache|no-store/.test(headers['cache-control'] ?? '')
    ? ok(what, 'answers are marked no-cache, and none came from a cache')
    : warning(what, 'Cache-Control: no-cache is missing, so that caches may keep the list of refs', advice);
}

/** Asks for what a push begins with, without credentials; nothing is pushed. */
export function checkChallenge(visit: Visit): Promise<Finding> {
  const what = 'question for a password';
  return checked(what, 'authentication', visit, async () => {
    const nobody = { url: visit.target.url, authorization: undefined };
    const path = '/info/refs?service=git-receive-pack';
    const answer = await ask(nobody, { method: 'GET', path, headers: {} });
    if (answer.status !== 401) {
      const advice = 'nothing is wrong where nobody may push; try a server that has users';
      return notTried(what, `the server has none: ${describe(answer)}`, advice);
    }
    return answer.headers['www-authenticate'] === undefined
      ? problem(what, '401 comes without WWW-Authenticate', adviceFor('authentication', visit.proxy))
      : ok(what, '401 and WWW-Authenticate come');
  });
}
