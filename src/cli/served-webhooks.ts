/** Webhooks of the server that the command starts, which can be exchanged while it runs. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Listener, PushEvent } from '../events.js';
import type { PushSource, Webhooks } from '../webhooks/index.js';
import { startWebhooks, type WantedWebhooks } from './webhooks.js';

/** How long deliveries that run may take to end before others begin. */
const exchangeGraceMs = 5_000;

export class ServedWebhooks {
  readonly #log: Logger;
  #wanted: WantedWebhooks | undefined;
  #running: Webhooks | undefined;
  #listener: Listener<PushEvent> | undefined;
  /** Pushes that come while nobody listens. */
  #held: PushEvent[] | undefined;
  #exchange: Promise<void> = Promise.resolve();

  /** Throws a `CommandError` when the queue cannot be used. */
  constructor(wanted: WantedWebhooks | undefined, source: PushSource, log: Logger) {
    this.#log = log;
    this.#start(wanted);
    source.on('push', (event) => {
      if (this.#held) this.#held.push(event);
      else void this.#listener?.(event);
    });
  }

  /**
   * Delivers to others from now on, without losing a push: two that share a queue would deliver everything twice, so that
   * the one has ended before the other begins. Never rejects.
   */
  change(wanted: WantedWebhooks | undefined): Promise<void> {
    this.#exchange = this.#exchange.then(() => this.#change(wanted));
    return this.#exchange;
  }

  async close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    await this.#exchange;
    await this.#running?.close({ graceMs });
  }

  async #change(wanted: WantedWebhooks | undefined): Promise<void> {
    if (isDeepStrictEqual(wanted, this.#wanted)) return;
    this.#held = [];
    try {
      await this.#running?.close({ graceMs: exchangeGraceMs });
      this.#running = undefined;
      this.#start(wanted);
      for (const event of this.#held) void this.#listener?.(event);
    } catch (error) {
      this.#wanted = undefined;
      this.#log.error({ err: error }, `no webhook is told of pushes: ${(error as Error).message}`);
    } finally {
      this.#held = undefined;
    }
  }

  #start(wanted: WantedWebhooks | undefined): void {
    this.#running = wanted && startWebhooks(wanted, this.#log);
    this.#wanted = wanted;
    this.#running?.observe({
      on: (_name, listener) => {
        this.#listener = listener;
        return () => {
          this.#listener = undefined;
        };
      },
    });
  }
}
