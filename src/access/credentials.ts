import type { Credentials } from '../context.js';

/**
 * The Authorization header (RFC 7617, RFC 6750). The user's name ends at the first colon only: passwords may
 * hold colons. Basic credentials are UTF-8.
 */
export function parseCredentials(header: string | undefined): Credentials | undefined {
  if (header === undefined || header === '') return undefined;
  const match = /^([A-Za-z0-9-]+) +([A-Za-z0-9._~+/=-]+) *$/.exec(header);
  const [, scheme = '', value = ''] = match ?? [];
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'bearer', token: value };
  if (scheme.toLowerCase() === 'basic') {
    const text = Buffer.from(value, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon >= 0) {
      return { scheme: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
    }
  }
  return { scheme: 'other', header };
}
