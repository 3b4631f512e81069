import { OptionError } from '../errors.js';
import type { ChangeEvent, Listener, RefUpdate } from '../events.js';
import { ping } from './by-hand.js';
import { factsWithoutGit, PushDescriber } from './describe.js';
import {
  resolvePublicUrl,
  resolveWebhooksOptions,
  type ResolvedWebhooksOptions,
  type WebhooksOptions,
} from './options.js';
import { pushPayload } from './payload.js';
import type { WebhookProblem } from './problem.js';
import { DeliveryQueue, type KeptDelivery } from './queue.js';
import type { SendOutcome } from './send.js';
import { resolveWebhooks, type Webhook } from './webhook.js';

/** What tells of pushes: a `GitServer`. */
export interface PushSource {
  on(name: 'change', listener: Listener<ChangeEvent>): () => void;
}

/** Webhooks at work. */
export interface Webhooks {
  /** What the webhooks are called that are at work now. */
  readonly names: readonly string[];
  /**
   * Delivers the pushes of a server from now on; call what is returned to stop. A push is on the disk some milliseconds
   * after its event for each ref; a server that is killed before that does not deliver it.
   */
  observe(server: PushSource): () => void;
  /**
   * Takes these webhooks, and this base of URLs, in place of those that were given before. What waits goes to the webhook
   * of its name as it is now; where that is gone it is kept. Throws an `OptionError`, and changes nothing, where they
   * cannot be used.
   */
  replace(targets: WebhookTargets): void;
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

/** What can be replaced while they work. */
export type WebhookTargets = Pick<WebhooksOptions, 'hooks' | 'publicUrl'>;

export class RunningWebhooks implements Webhooks {
  readonly #options: ResolvedWebhooksOptions;
  readonly #queue: DeliveryQueue;
  readonly #refresh: () => Promise<void>;
  readonly #subscriptions = new Set<() => void>();
  readonly #closing = new AbortController();
  #hooks: readonly Webhook[];
  #publicUrl: URL | undefined;
  readonly #loading: Promise<void>;
  /**
   * The last push of each repository that is being written: one after the other, so that the order of events is that of
   * the queue. A push of very many refs takes minutes, and holds up no other repository.
   */
  readonly #writing = new Map<string, Promise<unknown>>();
  /** The last push of each repository that git is asked about. */
  readonly #describing = new Map<string, Promise<void>>();

  /** `refresh` is called before the webhooks are needed, and may replace them; it never rejects. */
  constructor(options: ResolvedWebhooksOptions, refresh = (): Promise<void> => Promise.resolve()) {
    this.#options = options;
    this.#refresh = refresh;
    this.#hooks = options.hooks;
    this.#publicUrl = options.publicUrl;
    const { queueDirectory: folder, maxQueueBytes: maxBytes, maxFailed, retry, send, concurrency } = options;
    const report = (problem: WebhookProblem): void => this.#report(problem);
    const settings = { folder, maxBytes, maxFailed, retry, send, concurrency, report, refresh };
    try {
      this.#queue = new DeliveryQueue(settings, options.hooks);
    } catch (error) {
      throw new OptionError('queueDirectory', `cannot be used: ${(error as Error).message}`);
    }
    this.#loading = this.#queue.load();
  }

  get names(): readonly string[] {
    return this.#hooks.map(({ name }) => name);
  }

  observe(server: PushSource): () => void {
    const stop = server.on('change', (event) => this.#hear(event));
    this.#subscriptions.add(stop);
    return () => {
      stop();
      this.#subscriptions.delete(stop);
    };
  }

  replace({ hooks, publicUrl }: WebhookTargets): void {
    const resolved = resolveWebhooks(hooks, 'hooks');
    this.#publicUrl = resolvePublicUrl(publicUrl, 'publicUrl');
    this.#hooks = resolved;
    this.#queue.use(resolved);
  }

  async test(name: string): Promise<SendOutcome> {
    await this.#refresh();
    const hook = this.#hooks.find((known) => known.name === name);
    if (!hook) throw new OptionError('hook', 'names no webhook');
    return ping(hook, this.#options.send);
  }

  async close({ graceMs = 5_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    for (const stop of this.#subscriptions) stop();
    const deadline = setTimeout(() => this.#closing.abort(new Error('the webhooks are closed')), graceMs);
    await this.#queue.close(graceMs);
    await this.#loading;
    // Each waits for its writing first.
    await Promise.all(this.#describing.values());
    clearTimeout(deadline);
  }

  /** Resolves, and never rejects, when the deliveries of a push are on their way. */
  #hear(event: ChangeEvent): Promise<void> {
    const { name } = event.repository;
    const writing = (this.#writing.get(name) ?? this.#loading).then(() => this.#keep(event));
    this.#writing.set(name, writing);
    const describing = Promise.all([writing, this.#describing.get(name)])
      .then(([kept]) => this.#describe(event, kept))
      .finally(() => {
        if (this.#writing.get(name) === writing) this.#writing.delete(name);
        if (this.#describing.get(name) === describing) this.#describing.delete(name);
      });
    this.#describing.set(name, describing);
    return describing;
  }

  /**
   * Keeps what a push has changed for all who want to know, before git is asked for anything: a server that is killed
   * meanwhile delivers it without commits. Never rejects.
   */
  async #keep(event: ChangeEvent): Promise<readonly KeptChange[]> {
    await this.#refresh();
    const { changes, repository } = event;
    const publicUrl = this.#publicUrl;
    const all = changes.map((change): KeptChange => ({ change, publicUrl, deliveries: [] }));
    for (const { name: hook } of this.#hooks.filter(({ wants }) => wants(repository.name))) {
      let count = 0;
      try {
        for (const { change, deliveries } of all) {
          const body = pushPayload(event, change, factsWithoutGit(change), publicUrl);
          deliveries.push(await this.#queue.keep(hook, repository.name, body));
          count += 1;
        }
      } catch (cause) {
        const what = `${changes.length - count} of ${changes.length} changes of a push to /${repository.name}`;
        const message = `webhook ${hook}: ${what} are not delivered: ${(cause as Error).message}`;
        this.#report({ kind: 'dropped', message, hook, repository: repository.name, cause });
      }
    }
    return all.filter(({ deliveries }) => deliveries.length > 0);
  }

  /** Sends on their way what was kept, with what git says. Never rejects. */
  async #describe(event: ChangeEvent, kept: readonly KeptChange[]): Promise<void> {
    if (kept.length === 0) return;
    const { historyTimeoutMs } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(
      () => late.abort(new Error(`git took longer than ${historyTimeoutMs} ms`)),
      historyTimeoutMs,
    );
    const describer = new PushDescriber(event, AbortSignal.any([late.signal, this.#closing.signal]));
    for (const { change, publicUrl, deliveries } of kept) {
      const body = pushPayload(event, change, await describer.facts(change), publicUrl);
      for (const delivery of deliveries) await this.#release(delivery, body);
    }
    clearTimeout(timer);
    // Node.js keeps a combined signal for as long as anybody listens to it, and with it what this push has brought.
    late.abort();
    const { problem } = describer;
    if (!problem) return;
    const repository = event.repository.name;
    const what = `${problem.count} of ${event.changes.length} changes of a push to /${repository}`;
    const message = `webhooks: ${what} are delivered without commits: ${problem.cause.message}`;
    this.#report({ kind: 'incomplete', message, repository, cause: problem.cause });
  }

  async #release(kept: KeptDelivery, body: string): Promise<void> {
    try {
      await this.#queue.release(kept, body);
    } catch (cause) {
      const { id, hook, repository } = kept.delivery;
      const what = `delivery ${id} for /${repository} goes without its commits`;
      const message = `webhook ${hook}: ${what}: the queue's folder fails: ${String(cause)}`;
      this.#report({ kind: 'incomplete', message, hook, repository, delivery: id, cause });
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

/** A change and its deliveries, one for each webhook. */
interface KeptChange {
  readonly change: RefUpdate;
  /** As it was configured when the delivery was written. */
  readonly publicUrl: URL | undefined;
  readonly deliveries: KeptDelivery[];
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
