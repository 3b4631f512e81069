/**
 * Delivers what waits for one webhook. There is a lane for each repository, in which one delivery follows the other;
 * lanes do not wait for each other, and neither do webhooks, so that a receiver that hangs holds up nobody else.
 */
import type { Delivery } from './delivery.js';
import type { WebhookProblem } from './problem.js';
import { isExhausted, retryDelayMs, type RetryRules } from './retry.js';
import { send, type SendOutcome, type SendSettings } from './send.js';
import type { DeliveryStore, StoredDelivery } from './store.js';
import type { Webhook } from './webhook.js';

export interface CourierSettings {
  readonly store: DeliveryStore;
  readonly send: SendSettings;
  readonly retry: RetryRules;
  /** How many deliveries of this webhook may run at once. */
  readonly concurrency: number;
  readonly report: (problem: WebhookProblem) => void;
  /** Told of each delivery that has left the queue, with the bytes that it had. */
  readonly onGone: (bytes: number) => void;
  /** Before each attempt: gives the webhooks' file a chance to say something else. Never rejects. */
  readonly refresh: () => Promise<void>;
}

/** What is known of a waiting delivery without reading it again. */
interface Waiting {
  readonly file: string;
  readonly bytes: number;
}

/** How long a lane waits when the folder fails. */
const folderPauseMs = 60_000;

interface Lane {
  readonly repository: string;
  readonly waiting: Waiting[];
  /** Until when nothing is tried, on the clock of the system; 0 for now. */
  notBefore: number;
}

export class Courier {
  readonly #name: string;
  #hook: Webhook | undefined;
  readonly #settings: CourierSettings;
  readonly #lanes = new Map<string, Lane>();
  readonly #ready: Lane[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  #isClosing = false;

  /** For the webhook of this name; nothing is sent before {@link use} has said which that is. */
  constructor(name: string, settings: CourierSettings) {
    this.#name = name;
    this.#settings = settings;
  }

  /** Sends to this webhook from now on; what waits is kept while there is none. */
  use(hook: Webhook | undefined): void {
    this.#hook = hook;
    this.#startNext();
  }

  /** Whether something waits, or is under way. */
  get isBusy(): boolean {
    return this.#lanes.size > 0;
  }

  /** Takes a delivery that is on the disk, behind all others of its repository. */
  take({ file, bytes }: StoredDelivery, { repository, nextAttemptAt }: Delivery): void {
    const lane = this.#lanes.get(repository);
    if (lane) {
      lane.waiting.push({ file, bytes });
      return;
    }
    const opened: Lane = { repository, waiting: [{ file, bytes }], notBefore: nextAttemptAt };
    this.#lanes.set(repository, opened);
    this.#schedule(opened);
  }

  /** Starts nothing more; what runs may end within `graceMs` and is then broken off. What is left stays on the disk. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const deadline = setTimeout(() => this.#abort.abort(), graceMs);
    await Promise.all(this.#running);
    clearTimeout(deadline);
  }

  /** Queues a lane for its next attempt. A clock that was set back must not hold it up for longer than any backoff. */
  #schedule(lane: Lane): void {
    if (this.#isClosing) return;
    const { backoff } = this.#settings.retry;
    const delay = Math.min(lane.notBefore - Date.now(), backoff.maxMs);
    if (delay <= 0) {
      this.#ready.push(lane);
      this.#startNext();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#ready.push(lane);
      this.#startNext();
    }, delay);
    // A program that has nothing else to do may end: the delivery is on the disk.
    timer.unref();
    this.#timers.add(timer);
  }

  #startNext(): void {
    while (!this.#isClosing && this.#hook && this.#running.size < this.#settings.concurrency) {
      const lane = this.#ready.shift();
      if (!lane) return;
      const run = this.#deliverFirst(lane).finally(() => {
        this.#running.delete(run);
        if (lane.waiting.length > 0) this.#schedule(lane);
        else this.#lanes.delete(lane.repository);
        this.#startNext();
      });
      this.#running.add(run);
    }
  }

  /** One attempt with the first delivery of a lane. Never rejects. */
  async #deliverFirst(lane: Lane): Promise<void> {
    const [first] = lane.waiting;
    if (!first) return;
    try {
      await this.#settings.refresh();
      const hook = this.#hook;
      if (!hook) return;
      const delivery = await this.#settings.store.get(first.file);
      // Somebody has removed the file; that is the way to take a delivery back.
      if (!delivery) return this.#leave(lane, first);
      const body = Buffer.from(delivery.body);
      const outcome = await send(hook, delivery, body, this.#settings.send, this.#abort.signal);
      await this.#settle(lane, first, delivery, outcome);
    } catch (cause) {
      lane.notBefore = Date.now() + folderPauseMs;
      const { repository } = lane;
      const message = `webhook ${this.#name}: the queue's folder fails: ${String(cause)}`;
      this.#settings.report({ kind: 'queue', message, hook: this.#name, repository, cause });
    }
  }

  async #settle(lane: Lane, first: Waiting, delivery: Delivery, outcome: SendOutcome): Promise<void> {
    const { store, retry } = this.#settings;
    // It did not fail, and it is not closed to another try after a restart.
    if (outcome.type === 'aborted') return;
    if (outcome.type === 'delivered') {
      await store.remove(first.file);
      return this.#leave(lane, first);
    }
    const failed = { ...delivery, attempts: delivery.attempts + 1, problem: outcome.reason };
    if (isExhausted(failed, retry)) {
      await store.update(first.file, failed);
      await store.setAside(first.file);
      this.#leave(lane, first);
      this.#report('given-up', failed, outcome);
      return;
    }
    const retryInMs = retryDelayMs(failed.attempts, outcome.retryAfterMs, retry);
    lane.notBefore = Date.now() + retryInMs;
    this.#report('attempt-failed', failed, outcome, retryInMs);
    await store.update(first.file, { ...failed, nextAttemptAt: lane.notBefore });
  }

  /** The first of a lane is out of the queue; the next need not wait. */
  #leave(lane: Lane, first: Waiting): void {
    lane.waiting.shift();
    lane.notBefore = 0;
    this.#settings.onGone(first.bytes);
  }

  #report(
    kind: 'attempt-failed' | 'given-up',
    { id, repository, attempts }: Delivery,
    { status, reason }: Extract<SendOutcome, { type: 'failed' }>,
    retryInMs?: number,
  ): void {
    const name = this.#name;
    const next =
      retryInMs === undefined
        ? `given up after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`
        : `attempt ${attempts}, the next in ${Math.ceil(retryInMs / 1_000)} s`;
    const message = `webhook ${name}: delivery ${id} for /${repository} failed: ${reason} (${next})`;
    this.#settings.report({ kind, message, hook: name, repository, delivery: id, status, retryInMs });
  }
}
