import type { Authenticate } from './policy.js';

/**
 * One function of several: they are asked in order, and the first that recognises somebody decides. `undefined` means
 * that the credentials are not its own, and leaves them to the next; `null` means that they are, and are not good: nobody
 * else is asked, so that a token that has expired is not tried as a password elsewhere. One that throws ends it as well.
 *
 * @example
 * const { authenticate: byPassword } = await openHtpasswdFile('/etc/git.htpasswd');
 * const authenticate = combineAuthenticators(clientCertificateAuthenticator(), byPassword, myOwnFunction);
 */
export function combineAuthenticators(...authenticators: readonly Authenticate[]): Authenticate {
  for (const [index, authenticate] of authenticators.entries()) {
    if (typeof authenticate !== 'function') {
      throw new TypeError(`combineAuthenticators() takes functions; argument ${index + 1} is none`);
    }
  }
  return async (context) => {
    for (const authenticate of authenticators) {
      const user = await authenticate(context);
      if (user !== undefined) return user;
    }
    return undefined;
  };
}
