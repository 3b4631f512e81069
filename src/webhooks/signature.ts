import { createHmac } from 'node:crypto';

/** What is told about a delivery beside its body. */
export interface DeliveryHead {
  /** A UUID; the same for every attempt, so that a receiver can recognise what it has seen. */
  readonly id: string;
  readonly event: 'push' | 'ping';
}

/** Signs bodies; holds the secret where neither logs nor inspection reach it. */
export type Signer = (body: Buffer) => string;

/** A signer for HMAC with SHA-256; signatures are hexadecimal. */
export function createSigner(secret: string): Signer {
  return (body) => createHmac('sha256', secret).update(body).digest('hex');
}

/**
 * The headers of a delivery: those of GitHub ("Webhook events and payloads", "Delivery headers"), and the same once
 * more under the names of Gitea, whose signature has no `sha256=` before it.
 */
export function deliveryHeaders(
  { id, event }: DeliveryHead,
  body: Buffer,
  sign: Signer,
  userAgent: string,
): Readonly<Record<string, string>> {
  const signature = sign(body);
  return {
    Accept: '*/*',
    'Content-Type': 'application/json',
    'Content-Length': String(body.length),
    'User-Agent': userAgent,
    'X-GitHub-Event': event,
    'X-GitHub-Delivery': id,
    'X-Hub-Signature-256': `sha256=${signature}`,
    'X-Gitea-Event': event,
    'X-Gitea-Delivery': id,
    'X-Gitea-Signature': signature,
  };
}
