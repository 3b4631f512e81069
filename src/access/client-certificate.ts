import type { ClientCertificate, GitUser, RequestContext } from '../context.js';
import type { Authenticate } from './policy.js';

type Answer = GitUser | string | null | undefined;

export interface ClientCertificateOptions {
  /**
   * Whose certificate it is: a user or a user's name; nothing for nobody. Default the common name (CN) of its subject,
   * where there is exactly one.
   */
  readonly user?: (certificate: ClientCertificate, context: RequestContext) => Answer | Promise<Answer>;
}

function commonName({ subject }: ClientCertificate): string | undefined {
  const name = Object.hasOwn(subject, 'CN') ? subject['CN'] : undefined;
  // Of several, whoever signs might have checked another one than we would take.
  return typeof name === 'string' && !/\p{Cc}/u.test(name) ? name : undefined;
}

/**
 * Recognises users by the certificates of their clients. TLS must end at this server, which must ask for certificates
 * and name the authority: `https.createServer({ requestCert: true, rejectUnauthorized: false, ca, … })`. Every certificate
 * that this authority has signed is good, also one meant for a server: give it an authority of its own, and no other.
 *
 * @example
 * const authenticate = clientCertificateAuthenticator({ user: ({ fingerprint256 }) => users.get(fingerprint256) });
 */
export function clientCertificateAuthenticator(options: ClientCertificateOptions = {}): Authenticate {
  const { user: userOf = commonName } = options;
  if (typeof userOf !== 'function') throw new TypeError('option "user" must be a function');
  return async (context) => {
    if (!context.clientCertificate) return undefined;
    const user = await userOf(context.clientCertificate, context);
    if (typeof user !== 'string') return user;
    return user === '' ? undefined : { name: user };
  };
}
