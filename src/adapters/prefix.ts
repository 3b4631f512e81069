import { OptionError } from '../errors.js';

/** A mounting prefix without its final slash; empty for none. */
export function validPrefix(prefix = ''): string {
  if (typeof prefix !== 'string' || (prefix !== '' && !/^\/[^?#\s]*$/.test(prefix))) {
    throw new OptionError('prefix', 'must be a path that begins with "/"');
  }
  return prefix.replace(/\/+$/, '');
}

/** The target below the prefix, or undefined for one that lies elsewhere. */
export function stripPrefix(target: string, prefix: string): string | undefined {
  const origin = target.replace(/^https?:\/\/[^/?#]*/i, '');
  if (!origin.startsWith(prefix)) return undefined;
  const rest = origin.slice(prefix.length);
  return prefix === '' || rest.startsWith('/') ? rest : undefined;
}
