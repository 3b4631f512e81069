/** What is right, written down: rules of every kind, and by hand what each lets whom do. No code under test is asked. */
import type { AccessRulesData } from '../../../src/access/index.js';
import { permissionWords } from '../../support/permission-words.js';

/** The members of this group are the same person, under the names that her credentials give her. */
const who = '@actors';

/** A repository for every kind of rule; its name tells the kind. */
export const rules: AccessRulesData = {
  groups: { actors: ['ann', 'ci:team/app'] },
  repositories: [
    { name: ['public', 'public-deny-*'], visibility: 'public' },
    { name: 'authenticated', visibility: 'authenticated' },
    { name: ['private', 'allow-*', 'deny-*'], visibility: 'private' },
    { name: 'noted-*', visibility: 'noted' },
  ],
  rules: [
    ...permissionWords.map((word) => ({ who, repositories: `allow-${word}`, allow: word })),
    ...permissionWords.map((word) => ({ who, repositories: `deny-${word}`, deny: word })),
    { who, repositories: 'deny-*', allow: 'all' },
    { who, repositories: 'public-deny-write', deny: 'write', message: 'protected: ask a maintainer' },
    { who, repositories: 'public-deny-all', deny: 'all' },
    { who, repositories: 'public-deny-*', allow: 'all' },
  ],
};

/** The changes of a push. */
export const changes = ['create', 'update', 'force', 'delete', 'new-tag', 'move-tag', 'drop-tag'] as const;
export type Change = (typeof changes)[number];

/** The last two columns are about others: a stranger, who has a name and no more, and somebody without a name. */
const table = `
                     read create update force delete new-tag move-tag drop-tag  stranger nobody
no-entry             -    -      -      -     -      -       -        -         -        -
private              -    -      -      -     -      -       -        -         -        -
authenticated        yes  -      -      -     -      -       -        -         yes      -
public               yes  -      -      -     -      -       -        -         yes      yes
noted-authenticated  yes  -      -      -     -      -       -        -         yes      -
noted-nothing        -    -      -      -     -      -       -        -         -        -
public-deny-write    yes  -      -      -     -      -       -        -         yes      yes
public-deny-all      -    -      -      -     -      -       -        -         yes      yes
allow-read           yes  -      -      -     -      -       -        -         -        -
allow-create         yes  yes    -      -     -      yes     -        -         -        -
allow-update         yes  -      yes    -     -      -       -        -         -        -
allow-force-push     yes  -      yes    yes   -      -       -        -         -        -
allow-delete         yes  -      -      -     yes    -       -        -         -        -
allow-change-tags    yes  -      -      -     -      -       yes      yes       -        -
allow-write          yes  yes    yes    yes   yes    yes     -        -         -        -
allow-all            yes  yes    yes    yes   yes    yes     yes      yes       -        -
deny-read            -    -      -      -     -      -       -        -         -        -
deny-create          yes  -      yes    yes   yes    -       yes      yes       -        -
deny-update          yes  yes    -      -     yes    yes     yes      yes       -        -
deny-force-push      yes  yes    yes    -     yes    yes     yes      yes       -        -
deny-delete          yes  yes    yes    yes   -      yes     yes      yes       -        -
deny-change-tags     yes  yes    yes    yes   yes    yes     -        -         -        -
deny-write           yes  -      -      -     -      -       -        -         -        -
deny-all             -    -      -      -     -      -       -        -         -        -
`;

const [head = [], ...rows] = table
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/ +/));

/** By kind of rule, what may be done. */
const rights: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  rows.map(([kind = '', ...cells]) => [kind, new Set(head.filter((_column, at) => cells[at] === 'yes'))]),
);

export const kinds: readonly string[] = [...rights.keys()];

/**
 * Who asks: the one whom the rules name, the same with credentials for reading alone, somebody else with a name,
 * nobody, and somebody whose credentials are wrong.
 */
export type Caller = 'actor' | 'reader' | 'stranger' | 'nobody' | 'impostor';

function may(kind: string, right: string): boolean {
  return rights.get(kind)?.has(right) === true;
}

/** The status of everything that reads. */
export function readStatus(caller: Caller, kind: string): number {
  if (caller === 'impostor') return 401;
  if (caller === 'nobody') return may(kind, 'nobody') ? 200 : 401;
  return may(kind, caller === 'stranger' ? 'stranger' : 'read') ? 200 : 404;
}

/** The status of a push and of its discovery: who may change something gets an answer for each ref. */
export function pushStatus(caller: Caller, kind: string): number {
  const status = readStatus(caller, kind);
  if (caller === 'nobody') return 401;
  if (status !== 200) return status;
  return caller === 'actor' && changes.some((change) => may(kind, change)) ? 200 : 403;
}

/** What becomes of one change of a push: a status for the whole of it, or what the report says of its ref. */
export function changeAnswer(caller: Caller, kind: string, change: Change): number | 'ok' | 'ng' {
  const status = pushStatus(caller, kind);
  if (status !== 200) return status;
  return may(kind, change) ? 'ok' : 'ng';
}
