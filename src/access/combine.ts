import type { Authenticate } from './policy.js';

/**
 * One function of several: they are asked in order, and the first that recognises somebody decides. One that throws
 * ends it, so that nobody is let in by the next because the one before could not be asked, or has refused.
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
      if (user) return user;
    }
    return undefined;
  };
}
