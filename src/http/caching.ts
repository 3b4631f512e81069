import type { Header } from './exchange.js';

/** For everything that may change (http-backend.c: hdr_nocache). */
export const noCache: readonly Header[] = [
  ['Expires', 'Fri, 01 Jan 1980 00:00:00 GMT'],
  ['Pragma', 'no-cache'],
  ['Cache-Control', 'no-cache, max-age=0, must-revalidate'],
];

const yearMs = 31_536_000_000;

/**
 * For what is named by its content and so never changes (http-backend.c: hdr_cache_forever). Where not everybody may
 * read it, a cache that many share may not keep it (RFC 9111, section 3.5).
 */
export function cacheForever(now: number, isPublic: boolean): readonly Header[] {
  return [
    ['Date', new Date(now).toUTCString()],
    ['Expires', new Date(now + yearMs).toUTCString()],
    ['Cache-Control', `${isPublic ? 'public' : 'private'}, max-age=31536000`],
  ];
}
