import type { RepositoryDetails } from '../administration/inspect.js';
import type { TrashEntry } from '../administration/trash.js';
import { printable } from './printable.js';

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

function sizeText(bytes: number): string {
  let unit = 0;
  let size = bytes;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** To the second, in universal time. */
function dateText(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** What is known of a repository, one fact in a line. */
export function detailsText(details: RepositoryDetails): string {
  const { branches, lastPush } = details;
  const rows: readonly (readonly [string, string])[] = [
    ['name', details.name === '' ? '.' : details.name],
    ['description', details.description ?? '(none)'],
    ['visibility', details.visibility ?? '(not set)'],
    ['default branch', details.defaultBranch ?? '(HEAD leads to no branch)'],
    ['branches', branches.length === 0 ? '(none)' : branches.join(', ')],
    ['object format', details.objectFormat],
    ['size', sizeText(details.sizeBytes)],
    ['last push', lastPush ? dateText(lastPush) : '(not known)'],
  ];
  return rows.map(([label, value]) => `${`${label}:`.padEnd(16)}${printable(value, 2_000)}\n`).join('');
}

/** The deleted repositories, each with what `restore` takes. */
export function trashText(entries: readonly TrashEntry[]): string {
  return entries.map(({ id, name }) => `${id}  ${printable(name, 2_000)}\n`).join('');
}
