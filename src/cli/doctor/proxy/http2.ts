/** Whether git's requests get through over HTTP/2, where TLS offers it. */
import { connect } from 'node:http2';
import { once } from 'node:events';
import { notTried, ok, problem, type Finding } from '../finding.js';
import { readAdvertisement } from './requests.js';
import type { Visit } from './visit.js';

const what = 'HTTP/2';
const silenceMs = 30_000;

export async function checkHttp2({ target }: Visit): Promise<Finding> {
  if (!target.url.startsWith('https:')) {
    return notTried(what, 'the URL is not https', 'HTTP/1.1 is enough for git');
  }
  const { origin, pathname } = new URL(target.url);
  const session = connect(origin);
  try {
    await once(session, 'connect', { signal: AbortSignal.timeout(silenceMs) });
    const stream = session.request({
      ':path': `${pathname}/info/refs?service=git-upload-pack`,
      'git-protocol': 'version=2',
      ...(target.authorization === undefined ? {} : { authorization: target.authorization }),
    });
    stream.setTimeout(silenceMs, () => stream.destroy(new Error('nothing came for 30 seconds')));
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return readAdvertisement(Buffer.concat(chunks))?.version === 2
      ? ok(what, 'is spoken, and version 2 of git in it')
      : problem(what, 'is spoken, but version 2 of git is not in it', 'see what differs from HTTP/1.1');
  } catch (error) {
    // Without ALPN for it the session fails with an error of its own.
    const why = (error as Error).message;
    return notTried(what, `is not offered (${why})`, 'HTTP/1.1 is enough for git');
  } finally {
    session.destroy();
  }
}
