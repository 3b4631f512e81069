import { resolve } from 'node:path';
import { OptionError } from './errors.js';
import type { CreateOnPush, CreatePlace } from './http/create-on-push.js';
import type { GitServerOptions } from './options.js';
import { DirectoryStore } from './repository/directory-store.js';

function placeOf(options: GitServerOptions): CreatePlace {
  const { repositories, requireExportOk = false } = options;
  if (typeof repositories === 'string') {
    return { kind: 'folder', options: { root: resolve(repositories), exportOk: requireExportOk } };
  }
  if (repositories instanceof DirectoryStore) {
    return {
      kind: 'folder',
      options: { root: repositories.root, exportOk: repositories.requiresExportOk },
    };
  }
  if (typeof repositories === 'function' || typeof repositories.create !== 'function') {
    throw new OptionError('createOnPush', 'needs a folder in "repositories", or a store with create()');
  }
  return { kind: 'store', create: repositories.create.bind(repositories) };
}

/** Checks `createOnPush`; undefined where pushes create nothing. */
export function resolveCreateOnPush(
  options: GitServerOptions,
): { readonly decide: CreateOnPush; readonly place: CreatePlace } | undefined {
  const { createOnPush = false, authorize } = options;
  if (createOnPush === false) return undefined;
  if (typeof createOnPush !== 'function') {
    throw new OptionError('createOnPush', 'must be false or a function');
  }
  if (authorize === undefined) {
    throw new OptionError('createOnPush', 'needs "authorize", which says who may push to the new name');
  }
  return { decide: createOnPush, place: placeOf(options) };
}
