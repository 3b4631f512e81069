import type { PermissionWord } from '../../src/access/index.js';

/** Every word that a rule may allow or deny, written down once more: no list of the code under test is asked. */
export const permissionWords = [
  'read',
  'create',
  'update',
  'force-push',
  'delete',
  'change-tags',
  'write',
  'all',
] as const satisfies readonly PermissionWord[];
