import type { FetchRequest } from '../../protocol/fetch-request.js';

/**
 * What a git is started for. Each kind has a line of its own, so that what is quick does not wait behind clones:
 * - `refs`: advertisements, lists of refs, and whatever else makes no pack
 * - `lazy`: objects that a partial clone wants after all
 * - `fetch`: clones, fetches, archives
 * - `push`
 */
export const gitKinds = ['refs', 'lazy', 'fetch', 'push'] as const;
export type GitKind = (typeof gitKinds)[number];

/**
 * The kind of an upload-pack request. A lazy fetch names objects and has none (promisor-remote.c: fetch_objects); the
 * first fetch of a clone without blobs looks the same, which is why `lazy` does not share the line of `refs`.
 */
export function kindOfFetch(asked: FetchRequest): GitKind {
  if (asked.command !== 'fetch') return 'refs';
  const { filter, haveCount, wantRefs, depth } = asked;
  const isLazy = filter === 'blob:none' && haveCount === 0 && wantRefs.length === 0 && depth === undefined;
  return isLazy ? 'lazy' : 'fetch';
}
