import type { RequestHeaders } from '../context.js';
import { GitTyphoonError } from '../errors.js';
import { addressMatcher } from './address-list.js';
import { headerOption, userOfHeaders } from './identity-headers.js';
import type { Authenticate } from './policy.js';

export interface ProxyHeaderOptions {
  /**
   * The proxies: addresses such as `127.0.0.1` and blocks such as `fd00::/8`. Everybody who can connect from one of them
   * can be whom they like. Required.
   */
  readonly trustedAddresses: readonly string[];
  /** The header with the user's name, such as `Remote-User`. Required. */
  readonly userHeader: string;
  /** The header with the user's groups, with commas between them, such as `Remote-Groups`. Default none. */
  readonly groupsHeader?: string | undefined;
}

function refused(header: string, problem: string): GitTyphoonError {
  return new GitTyphoonError('ERR_BAD_REQUEST', { message: `the header ${header} ${problem}` });
}

/** The only value of a header. Throws when there are several: one of them may be the client's own. */
function singleValue(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  if (typeof value === 'string' || value === undefined) return value;
  if (value.length > 1) throw refused(name, 'is there several times');
  return value[0];
}

/**
 * Takes the user from a header that a reverse proxy sets, and from nobody else: a request from another address is
 * answered as if it had no such header. The proxy must replace or remove what clients send under these names; a name
 * with a comma, which is what two headers become, is answered with 400. What counts is `context.peerAddress`, whatever
 * `X-Forwarded-For` says. With `fetchHandler`, which knows no connection, it is `context.remoteAddress`, and where that is made
 * of a header this must not be used.
 *
 * @example
 * const authenticate = proxyHeaderAuthenticator({ trustedAddresses: ['127.0.0.1', '::1'], userHeader: 'Remote-User' });
 */
export function proxyHeaderAuthenticator(options: ProxyHeaderOptions): Authenticate {
  const isTrusted = addressMatcher('trustedAddresses', options.trustedAddresses);
  const userHeader = headerOption('userHeader', options.userHeader);
  const groupsHeader =
    options.groupsHeader === undefined ? undefined : headerOption('groupsHeader', options.groupsHeader);
  return ({ headers, peerAddress, remoteAddress }) => {
    if (!isTrusted(peerAddress ?? remoteAddress)) return undefined;
    const name = singleValue(headers, userHeader);
    // What proxies send for somebody who has not signed in.
    if (name === undefined || name.trim() === '') return undefined;
    const groups = groupsHeader === undefined ? undefined : singleValue(headers, groupsHeader);
    const user = userOfHeaders(name, groups);
    if (typeof user === 'string') throw refused(userHeader, user);
    return user;
  };
}
