import { createHmac, randomBytes } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { GitUser, RequestContext } from '../context.js';
import { GitTyphoonError, OptionError } from '../errors.js';
import { wholeNumberOr } from '../option-checks.js';
import { AnswerCache } from './answer-cache.js';
import { askExternally, type ExternalAnswer } from './external-request.js';
import { headerOption, userOfHeaders } from './identity-headers.js';
import type { Authenticate } from './policy.js';

export interface ExternalAuthenticatorOptions {
  /** The endpoint, with `http:` or `https:`. Passwords go there: use https beyond this machine. Required. */
  readonly url: string | URL;
  /** Milliseconds until an answer must have come. Default 5,000; at most 60,000. A client waits for that long. */
  readonly timeoutMs?: number | undefined;
  /**
   * Milliseconds for which a yes holds for the same credentials, path and operation. Default 5,000, which covers one command
   * of git; at most 300,000; 0 asks each time. Whoever loses access keeps it for that long.
   */
  readonly cacheMs?: number | undefined;
  /** The header of the answer with the user's name. Default `Remote-User`. */
  readonly userHeader?: string | undefined;
  /** The header of the answer with the user's groups, with commas between them. Default none. */
  readonly groupsHeader?: string | undefined;
  /** Further headers of the client that the endpoint is to see, such as `Cookie`. Default none. */
  readonly forwardHeaders?: readonly string[] | undefined;
  /** Whether to ask also about requests without an Authorization header. Default `false`: they are nobody's. */
  readonly askAnonymous?: boolean | undefined;
}

/** So many questions at once, and no more connections than these. */
const maxConnections = 50;
const maxPending = 1_000;

/** They speak of the client's connection, or of its body, which the endpoint does not get. */
const ofConnection = new Set(
  'connection content-length expect host keep-alive te trailer transfer-encoding upgrade'.split(' '),
);

function endpoint(given: string | URL): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) throw new OptionError('url', 'must be an http or https URL');
  // They would stand in the place of the client's.
  if (url.username !== '' || url.password !== '') throw new OptionError('url', 'must not hold credentials');
  return url;
}

/** What the endpoint is told. All of it goes into the key of the cache, so that no answer serves another question. */
function questionHeaders(context: RequestContext, forwarded: readonly string[]): Record<string, string> {
  const { headers, path, operation, remoteAddress } = context;
  const told: Record<string, string> = {};
  for (const name of forwarded) {
    const value = headers[name];
    if (value !== undefined) told[name] = typeof value === 'string' ? value : value.join(', ');
  }
  told['x-original-uri'] = `/${path.split('/').map(encodeURIComponent).join('/')}`;
  told['x-git-operation'] = operation;
  if (remoteAddress !== undefined) told['x-real-ip'] = remoteAddress;
  return told;
}

/** A 401 would make git forget a good password, and a yes would let everybody in. */
function unavailable(cause: unknown): GitTyphoonError {
  return new GitTyphoonError('ERR_AUTHENTICATION_UNAVAILABLE', { cause, headers: [['Retry-After', '5']] });
}

/**
 * Asks an HTTP endpoint who it is, as nginx's auth_request does: a GET with the client's Authorization, and with
 * `X-Original-URI` (the repository's path), `X-Git-Operation` (`read` or `write`) and `X-Real-IP`. 2xx is a yes and names the
 * user in a header, 401 and 403 are a no. Anything else lets nobody in: another status (redirects are not followed), a
 * yes without a name, no answer in time, an endpoint that cannot be reached. The client gets 503 then, and the server's
 * `error` event the cause. A no is never remembered.
 *
 * @example
 * const authenticate = externalAuthenticator({ url: 'http://127.0.0.1:9000/auth', userHeader: 'Remote-User' });
 */
export function externalAuthenticator(options: ExternalAuthenticatorOptions): Authenticate {
  const url = endpoint(options.url);
  const timeoutMs = wholeNumberOr(options.timeoutMs, 'timeoutMs', 5_000, { highest: 60_000 });
  const cache = new AnswerCache(
    wholeNumberOr(options.cacheMs, 'cacheMs', 5_000, { lowest: 0, highest: 300_000 }),
  );
  const userHeader = headerOption('userHeader', options.userHeader ?? 'Remote-User');
  const { groupsHeader: groupsOption, askAnonymous = false } = options;
  const groupsHeader = groupsOption === undefined ? undefined : headerOption('groupsHeader', groupsOption);
  const extra = (options.forwardHeaders ?? []).map((name) => headerOption('forwardHeaders', name));
  const unfit = extra.find((name) => ofConnection.has(name));
  if (unfit !== undefined) throw new OptionError('forwardHeaders', `must not hold "${unfit}"`);
  const forwarded = ['authorization', ...extra];
  const connections = { keepAlive: true, maxSockets: maxConnections };
  const agent = url.protocol === 'https:' ? new HttpsAgent(connections) : new HttpAgent(connections);
  const shown = url.origin + url.pathname;
  const key = randomBytes(32);
  const pending = new Map<string, Promise<GitUser | undefined>>();

  const userOf = ({ status, headers }: ExternalAnswer): GitUser | undefined => {
    if (status === 401 || status === 403) return undefined;
    if (status < 200 || status > 299) throw new Error(`${shown} answered with status ${status}`);
    const [names = [], groups] = [headers[userHeader], groupsHeader && headers[groupsHeader]];
    const user = userOfHeaders(names.join(','), groups ? groups.join(',') : undefined);
    if (typeof user !== 'string') return user;
    throw new Error(`${shown} answered with status ${status}, but its header ${userHeader} ${user}`);
  };
  const ask = async (digest: string, headers: Record<string, string>): Promise<GitUser | undefined> => {
    const askedAt = performance.now();
    try {
      const user = userOf(await askExternally({ url, headers, agent, timeoutMs }));
      if (user) cache.set(digest, user, askedAt);
      return user;
    } catch (error) {
      throw unavailable(error);
    }
  };
  return (context) => {
    if (context.headers['authorization'] === undefined && !askAnonymous) return undefined;
    const headers = questionHeaders(context, forwarded);
    const digest = createHmac('sha256', key).update(JSON.stringify(headers)).digest('base64');
    const known = cache.get(digest) ?? pending.get(digest);
    if (known) return known;
    if (pending.size >= maxPending) throw unavailable(new Error(`${shown} has too many questions to answer`));
    const answer = ask(digest, headers).finally(() => pending.delete(digest));
    pending.set(digest, answer);
    return answer;
  };
}
