import type { Service } from '../protocol/service.js';
import { noCache } from './caching.js';
import type { Header } from './exchange.js';

/** Exact, without parameters: libgit2 and JGit compare the whole value. */
export function requestType(service: Service): string {
  return `application/x-${service}-request`;
}

/** The headers of a result; its length where that is known. */
export function resultHeaders(service: Service, length?: number): readonly Header[] {
  const headers: Header[] = [...noCache, ['Content-Type', `application/x-${service}-result`]];
  if (length !== undefined) headers.push(['Content-Length', String(length)]);
  return headers;
}
