import { relative, sep } from 'node:path';

/** Where repositories are made and unmade, below the root; nothing in it is ever served. */
export const stagingFolder = '.gittyphoon-new';

/** Where deleted repositories wait, below the root; nothing in it is ever served. */
export const trashFolder = '.gittyphoon-trash';

/** Whether a folder's name is ours. Some file systems find it in capitals as well. */
export function isReservedSegment(segment: string): boolean {
  return segment.toLowerCase().startsWith('.gittyphoon-');
}

/** Whether the real path `path` lies in one of our own folders below `root`. */
export function isReservedPath(path: string, root: string): boolean {
  return relative(root, path).split(sep).some(isReservedSegment);
}
