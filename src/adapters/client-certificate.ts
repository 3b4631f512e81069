import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { GitRequest } from '../http/exchange.js';

/**
 * The client's certificate, if TLS has found it good. `authorized` is false for one of an unknown authority, of another
 * time or that is revoked, which a server with `rejectUnauthorized: false` lets in all the same.
 */
export function clientCertificateOf(socket: Socket): GitRequest['clientCertificate'] {
  if (!('authorized' in socket) || socket.authorized !== true) return undefined;
  // Null when the connection is gone; without members where TLS came about without a certificate.
  const given = (socket as TLSSocket).getPeerCertificate() as Partial<
    ReturnType<TLSSocket['getPeerCertificate']>
  > | null;
  if (!given?.fingerprint256) return undefined;
  const subject: Record<string, string | readonly string[] | undefined> = { ...given.subject };
  return {
    subject,
    subjectAltName: given.subjectaltname,
    fingerprint256: given.fingerprint256,
  };
}
