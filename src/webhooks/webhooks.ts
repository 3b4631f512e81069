import { randomUUID } from 'node:crypto';
import { OptionError } from '../errors.js';
import type { Listener, PushEvent } from '../events.js';
import { ping } from './by-hand.js';
import { Courier } from './courier.js';
import type { Delivery } from './delivery.js';
import { resolveWebhooksOptions, type ResolvedWebhooksOptions, type WebhooksOptions } from './options.js';
import { hasChanged, pushPayload } from './payload.js';
import type { WebhookProblem } from './problem.js';
import type { SendOutcome } from './send.js';
import { DeliveryStore, type StoredDelivery } from './store.js';

/** What tells of pushes: a `GitServer`. */
export interface PushSource {
  on(name: 'push', listener: Listener<PushEvent>): () => void;
}

/** Webhooks at work. */
export interface Webhooks {
  /**
   * Delivers the pushes of a server from now on; call what is returned to stop. A push is on the disk some milliseconds
   * after its event; a server that is killed before that does not deliver it.
   */
  observe(server: PushSource): () => void;
  /**
   * Sends a ping to the webhook of this name at once, without the queue and without retries. Rejects with an
   * `OptionError` when there is no such webhook.
   */
  test(hook: string): Promise<SendOutcome>;
  /**
   * Stops: what runs may end within `graceMs` milliseconds (default 5,000), what waits stays on the disk for the next time.
   * Close the server first, so that its last pushes are kept.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

class RunningWebhooks implements Webhooks {
  readonly #options: ResolvedWebhooksOptions;
  readonly #store: DeliveryStore;
  readonly #couriers: ReadonlyMap<string, Courier>;
  readonly #subscriptions = new Set<() => void>();
  #queueBytes = 0;
  /** Loading, then one push after the other, so that the order of events is that of the queue. */
  #writing: Promise<void>;

  constructor(options: ResolvedWebhooksOptions) {
    this.#options = options;
    const { queueDirectory, maxFailed, hooks, retry, concurrency } = options;
    try {
      this.#store = new DeliveryStore(queueDirectory, maxFailed);
    } catch (error) {
      throw new OptionError('queueDirectory', `cannot be used: ${(error as Error).message}`);
    }
    const settings = {
      store: this.#store,
      send: options.send,
      retry,
      concurrency,
      report: (problem: WebhookProblem) => this.#report(problem),
      onGone: (bytes: number) => void (this.#queueBytes -= bytes),
    };
    this.#couriers = new Map(hooks.map((hook) => [hook.name, new Courier(hook, settings)]));
    this.#writing = this.#load();
  }

  observe(server: PushSource): () => void {
    const stop = server.on('push', (event) => {
      this.#writing = this.#writing.then(() => this.#enqueue(event));
    });
    this.#subscriptions.add(stop);
    return () => {
      stop();
      this.#subscriptions.delete(stop);
    };
  }

  async test(name: string): Promise<SendOutcome> {
    const hook = this.#options.hooks.find((known) => known.name === name);
    if (!hook) throw new OptionError('hook', 'names no webhook');
    return ping(hook, this.#options.send);
  }

  async close({ graceMs = 5_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    for (const stop of this.#subscriptions) stop();
    await Promise.all([...this.#couriers.values()].map((courier) => courier.close(graceMs)));
    await this.#writing;
  }

  async #load(): Promise<void> {
    try {
      const unknown = new Set<string>();
      for (const stored of await this.#store.load()) {
        const { delivery, file } = stored;
        if (!delivery || this.#take(stored, delivery)) continue;
        unknown.add(delivery.hook);
        // Its webhook may come back with the next change of the configuration, but not for ever.
        if (Date.now() - delivery.createdAt < this.#options.retry.maxAgeMs) continue;
        await this.#store.setAside(file);
        this.#queueBytes -= stored.bytes;
      }
      if (unknown.size > 0) {
        const names = [...unknown].join(', ');
        const message = `deliveries wait for webhooks that are not configured: ${names}`;
        this.#report({ kind: 'queue', message });
      }
    } catch (cause) {
      const message = `the webhooks' queue cannot be read: ${String(cause)}`;
      this.#report({ kind: 'queue', message, cause });
    }
  }

  #take(stored: StoredDelivery, delivery: Delivery): boolean {
    this.#queueBytes += stored.bytes;
    const courier = this.#couriers.get(delivery.hook);
    courier?.take(stored, delivery);
    return courier !== undefined;
  }

  /** Keeps what a push has changed for all who want to know. Never rejects. */
  async #enqueue(event: PushEvent): Promise<void> {
    const repository = event.repository.name;
    const changed = event.updates.filter(hasChanged);
    const hooks = this.#options.hooks.filter(({ wants }) => wants(repository));
    for (const { name: hook } of hooks) {
      let kept = 0;
      try {
        for (const update of changed) {
          if (this.#queueBytes >= this.#options.maxQueueBytes) throw new Error('the queue is full');
          const delivery: Delivery = {
            version: 1,
            id: randomUUID(),
            hook,
            repository,
            event: 'push',
            createdAt: Date.now(),
            attempts: 0,
            nextAttemptAt: 0,
            problem: undefined,
            body: pushPayload(event, update, this.#options.publicUrl),
          };
          this.#take(await this.#store.add(delivery), delivery);
          kept += 1;
        }
      } catch (cause) {
        const what = `${changed.length - kept} of ${changed.length} changes of a push to /${repository}`;
        const message = `webhook ${hook}: ${what} are not delivered: ${(cause as Error).message}`;
        this.#report({ kind: 'dropped', message, hook, repository, cause });
      }
    }
  }

  #report(problem: WebhookProblem): void {
    try {
      this.#options.onProblem(problem);
    } catch (error) {
      process.emitWarning(`onProblem of the webhooks failed: ${String(error)}`);
    }
  }
}

/**
 * Creates webhooks and begins to deliver what an earlier run has left in the queue. Throws an `OptionError` that names
 * an option which cannot be used.
 *
 * @example
 * const webhooks = createWebhooks({
 *   queueDirectory: '/var/lib/gittyphoon/webhooks',
 *   hooks: [{ url: 'https://ci.example.org/hook', secret, repositories: ['team/**'] }],
 * });
 * webhooks.observe(git);
 */
export function createWebhooks(options: WebhooksOptions): Webhooks {
  return new RunningWebhooks(resolveWebhooksOptions(options));
}
