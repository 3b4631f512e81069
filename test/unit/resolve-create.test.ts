import { afterAll, describe, expect, test } from 'vitest';
import type { ResolvedOptions } from '../../src/options.js';
import { DirectoryStore } from '../../src/repository/directory-store.js';
import { resolveOptions } from '../../src/resolve-options.js';
import { makeTempDir } from '../support/fixtures.js';

const folder = makeTempDir();
const root = folder.path;
afterAll(() => folder.dispose());

/** Options as somebody gives them who does not use TypeScript. */
const resolved = (options: object): ResolvedOptions => resolveOptions({ repositories: root, ...options });

describe('createOnPush', () => {
  const create = (): Promise<never> => Promise.reject(new Error('not called'));
  const authorize = (): boolean => true;
  const createOnPush = (): object => ({});

  test('is off unless it is a function', () => {
    expect(resolved({}).createOnPush).toBeUndefined();
    expect(resolved({ createOnPush: false }).createOnPush).toBeUndefined();
  });

  test('makes repositories in the folder, or with the store’s create()', () => {
    const folderOptions = resolved({ createOnPush, authorize, requireExportOk: true });
    expect(folderOptions.createOnPush?.place).toEqual({ kind: 'folder', options: { root, exportOk: true } });
    const store = { find: async () => undefined, create };
    expect(resolved({ repositories: store, createOnPush, authorize }).createOnPush?.place.kind).toBe('store');
    const directory = new DirectoryStore({ root });
    expect(resolved({ repositories: directory, createOnPush, authorize }).createOnPush?.place).toEqual({
      kind: 'folder',
      options: { root, exportOk: false },
    });
  });

  test.each([
    ['true', () => ({ repositories: root, authorize, createOnPush: true })],
    ['without authorize', () => ({ repositories: root, createOnPush })],
    ['with a lookup', () => ({ repositories: () => root, authorize, createOnPush })],
    ['with a store that cannot', () => ({ repositories: { find: create }, authorize, createOnPush })],
  ])('is refused %s', (_what, options) => {
    expect(() => resolved(options())).toThrow('option "createOnPush"');
  });
});
