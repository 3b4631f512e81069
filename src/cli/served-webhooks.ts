/** Webhooks of the server that the command starts, which can be exchanged while it runs. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { ChangeEvent, Listener } from '../events.js';
import type { PushSource, Webhooks } from '../webhooks/index.js';
import { startWebhooks, type WantedWebhooks } from './webhooks.js';

/** How long deliveries that run may take to end before others begin. */
const exchangeGraceMs = 5_000;

export class ServedWebhooks {
  readonly #log: Logger;
  #wanted: WantedWebhooks | undefined;
  #running: Webhooks | undefined;
  #listener: Listener<ChangeEvent> | undefined;
  /** Pushes wait for it. */
  #exchange: Promise<void> = Promise.resolve();

  private constructor(log: Logger) {
    this.#log = log;
  }

  /** Rejects with a `CommandError` when the queue cannot be used, and as `openWebhooks` does. */
  static async open(
    wanted: WantedWebhooks | undefined,
    source: PushSource,
    log: Logger,
  ): Promise<ServedWebhooks> {
    const webhooks = new ServedWebhooks(log);
    await webhooks.#start(wanted);
    source.on('change', async (event) => {
      await webhooks.#exchange;
      await webhooks.#listener?.(event);
    });
    return webhooks;
  }

  /**
   * Takes another file or queue, without losing a push: two that share a queue would deliver everything twice, so that the
   * one has ended before the other begins. Never rejects. What changes in the file itself is noticed without this.
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
    try {
      await this.#running?.close({ graceMs: exchangeGraceMs });
      this.#running = undefined;
      await this.#start(wanted);
    } catch (error) {
      this.#wanted = undefined;
      this.#log.error({ err: error }, `no webhook is told of pushes: ${(error as Error).message}`);
    }
  }

  async #start(wanted: WantedWebhooks | undefined): Promise<void> {
    this.#running = wanted && (await startWebhooks(wanted, this.#log));
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
