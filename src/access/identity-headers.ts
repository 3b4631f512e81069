/** Users as headers name them, of a proxy or of a service that was asked. */
import { validateHeaderName } from 'node:http';
import type { GitUser } from '../context.js';
import { OptionError } from '../errors.js';

/** A header's name in lower case. Throws an `OptionError` for what can be none. */
export function headerOption(option: string, name: string): string {
  try {
    validateHeaderName(name);
  } catch {
    throw new OptionError(option, `must be the name of a header, not ${JSON.stringify(name)}`);
  }
  return name.toLowerCase();
}

/** Node.js gives the bytes of a header as characters; names are UTF-8. Undefined for what is not. */
export function decodeHeader(value: string): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1'));
    return /\p{Cc}/u.test(text) ? undefined : text.trim();
  } catch {
    return undefined;
  }
}

/**
 * A user by the values of two headers: a name, and groups with commas between them; a text says what is wrong. A comma
 * in the name is how two headers look once they are put together (RFC 9110, section 5.3).
 */
export function userOfHeaders(nameValue: string, groupsValue: string | undefined): GitUser | string {
  const name = decodeHeader(nameValue);
  if (name === undefined || name === '') return 'names nobody';
  if (name.includes(',')) return 'names several users';
  if (groupsValue === undefined) return { name };
  const groups = decodeHeader(groupsValue);
  if (groups === undefined) return 'names groups that cannot be read';
  const all = groups
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '');
  return { name, groups: all };
}
