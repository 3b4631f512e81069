/** Pushes without git: what a server would tell of them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  createWebhooks,
  type WebhookProblem,
  type Webhooks,
  type WebhooksOptions,
} from '../../../src/webhooks/index.js';
import { makeTempDir, type TempDir } from '../../support/fixtures.js';
import { startReceiver, type Receiver } from '../../support/receiver.js';
import { eventually } from '../../support/server.js';
import { Observers, type ChangedCommit, type ChangeEvent, type RefUpdate } from '../../../src/events.js';

export const zeroOid = '0'.repeat(40);

export function oid(number: number): string {
  return number.toString(16).padStart(40, 'a');
}

export function updated(refName: string, from: string = oid(1), to: string = oid(2)): RefUpdate {
  const kind = to === zeroOid ? 'delete' : from === zeroOid ? 'create' : 'update';
  return { refName, oldOid: from, newOid: to, kind };
}

/** A commit in the middle of things. */
export function commitOf(number: number, more: Partial<ChangedCommit> = {}): ChangedCommit {
  return {
    oid: oid(number),
    treeOid: oid(number + 100),
    message: `commit ${number}`,
    committedAt: '2026-02-03T04:05:06+07:00',
    authorName: 'Ann',
    authorEmail: 'ann@example.org',
    committerName: 'Bob',
    committerEmail: 'bob@example.org',
    added: [],
    removed: [],
    modified: [],
    isDistinct: true,
    ...more,
  };
}

/** What a server tells whose git says that every change goes forward by one commit. */
export function pushOf(repository: string, ...changes: RefUpdate[]): ChangeEvent {
  return {
    context: {} as ChangeEvent['context'],
    user: { name: 'ann' },
    repository: { name: repository, gitDir: `/srv/git/${repository}` },
    changes,
    pushOptions: [],
    certificate: undefined,
    isAtomic: false,
    isForced: () => Promise.resolve(false),
    history: () => Promise.resolve({ head: commitOf(2), commits: [commitOf(2)], isTruncated: false }),
  };
}

/** A source that says what it is told to. */
export class Pushes extends Observers {
  push(repository: string, ...refNames: string[]): void {
    this.emit('change', pushOf(repository, ...refNames.map((name) => updated(name))));
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

export const secret = 'correct horse battery staple';

/** A receiver, a queue, and webhooks between them. */
export interface Stage {
  readonly folder: TempDir;
  /** The path of the queue's folder. */
  readonly queue: string;
  readonly receiver: Receiver;
  readonly pushes: Pushes;
  /** All that was told to `onProblem`. */
  readonly problems: WebhookProblem[];
  problemsOf(kind: WebhookProblem['kind']): WebhookProblem[];
  /** Starts webhooks with one named `ci` for the receiver; `close` ends them. */
  start(options?: Partial<WebhooksOptions>): Webhooks;
  /** The refs of what has arrived, in order. */
  refs(): unknown[];
  /** The ids of what has arrived, in order. */
  ids(): unknown[];
  /** Waits until nothing waits. */
  emptied(): Promise<void>;
  /** Ends all webhooks at once. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const folder = makeTempDir();
  const queue = join(folder.path, 'state', 'queue');
  const receiver = await startReceiver();
  const pushes = new Pushes();
  const problems: WebhookProblem[] = [];
  const open: Webhooks[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(open.map((webhooks) => webhooks.close({ graceMs: 0 })));
  };
  return {
    folder,
    queue,
    receiver,
    pushes,
    problems,
    problemsOf: (kind) => problems.filter((problem) => problem.kind === kind),
    start(options = {}) {
      const webhooks = createWebhooks({
        queueDirectory: queue,
        hooks: [{ name: 'ci', url: receiver.url, secret, allowPrivateAddresses: true }],
        backoff: { firstMs: 1, maxMs: 20 },
        onProblem: (problem) => void problems.push(problem),
        ...options,
      });
      webhooks.observe(pushes);
      open.push(webhooks);
      return webhooks;
    },
    refs: () => receiver.received.map(({ payload }) => payload['ref']),
    ids: () => receiver.received.map(({ headers }) => headers['x-github-delivery']),
    emptied: () => eventually('the queue is empty', () => waitingIn(queue).length === 0),
    stop,
    async close() {
      await stop();
      await receiver.close();
      folder.dispose();
    },
  };
}
