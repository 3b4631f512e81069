/** Pushes without git: what a server would tell of them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Observers, type PushEvent, type RefUpdateResult } from '../../../src/events.js';

export const zeroOid = '0'.repeat(40);

export function oid(number: number): string {
  return number.toString(16).padStart(40, 'a');
}

/** An update of a ref that git has accepted. */
export function updated(refName: string, from: string = oid(1), to: string = oid(2)): RefUpdateResult {
  const kind = to === zeroOid ? 'delete' : from === zeroOid ? 'create' : 'update';
  return { refName, oldOid: from, newOid: to, kind, result: { status: 'ok' } };
}

export function pushOf(repository: string, ...updates: RefUpdateResult[]): PushEvent {
  return {
    context: {} as PushEvent['context'],
    user: { name: 'ann' },
    repository: { name: repository, gitDir: `/srv/git/${repository}` },
    updates,
    unpack: 'ok',
    pushOptions: [],
    certificate: undefined,
  };
}

/** A source that says what it is told to. */
export class Pushes extends Observers {
  push(repository: string, ...refNames: string[]): void {
    this.emit('push', pushOf(repository, ...refNames.map((name) => updated(name))));
  }
}

const deliveriesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .toSorted();

/** The names of the files that wait. */
export const waitingIn = (queue: string): string[] => deliveriesIn(queue);
/** The names of the files that were given up. */
export const failedIn = (queue: string): string[] => deliveriesIn(join(queue, 'failed'));
