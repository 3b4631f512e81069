/** What the tests of token files share. */
import { crc32 } from 'node:zlib';
import type { NewToken, TokenFile } from '../../../src/access/index.js';
import type { Credentials, GitUser, RequestContext } from '../../../src/context.js';

export const wanted: NewToken = { user: 'ann', scope: 'write', repositories: ['app'], expires: 'never' };

export async function ask(tokens: TokenFile, credentials?: Credentials): Promise<GitUser | null | undefined> {
  return tokens.authenticate({ credentials } as RequestContext);
}

export const basic = (password: string, username = 'whoever'): Credentials => ({
  scheme: 'basic',
  username,
  password,
});
export const bearer = (token: string): Credentials => ({ scheme: 'bearer', token });

/** The same token with another secret, and a checksum that fits. */
export function withOtherSecret(id: string): string {
  const body = `gtt_${id}${'A'.repeat(43)}`;
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let checksum = '';
  for (let rest = crc32(body); checksum.length < 6; rest = Math.floor(rest / 62))
    checksum = digits[rest % 62] + checksum;
  return body + checksum;
}
