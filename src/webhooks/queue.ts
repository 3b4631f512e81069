/** Deliveries from when they are written to when they have arrived: the folder, and a courier for each webhook. */
import { randomUUID } from 'node:crypto';
import { Courier, type CourierSettings } from './courier.js';
import type { Delivery } from './delivery.js';
import { DeliveryStore, type StoredDelivery } from './store.js';
import type { Webhook } from './webhook.js';

export interface QueueSettings extends Omit<CourierSettings, 'store' | 'onGone'> {
  readonly folder: string;
  readonly maxFailed: number;
  readonly maxBytes: number;
}

/** A delivery that is on the disk and not on its way yet. */
export interface KeptDelivery {
  readonly stored: StoredDelivery;
  readonly delivery: Delivery;
}

export class DeliveryQueue {
  readonly #settings: QueueSettings;
  readonly #store: DeliveryStore;
  readonly #courierSettings: CourierSettings;
  readonly #couriers = new Map<string, Courier>();
  #names: ReadonlySet<string> = new Set();
  #bytes = 0;

  /** Throws when the folder cannot be used. */
  constructor(settings: QueueSettings, hooks: readonly Webhook[]) {
    this.#settings = settings;
    this.#store = new DeliveryStore(settings.folder, settings.maxFailed);
    this.#courierSettings = {
      ...settings,
      store: this.#store,
      onGone: (bytes) => void (this.#bytes -= bytes),
    };
    this.use(hooks);
  }

  /** These are the webhooks from now on. What waits for others is kept, and told of, in case they come back. */
  use(hooks: readonly Webhook[]): void {
    this.#names = new Set(hooks.map(({ name }) => name));
    for (const hook of hooks) this.#courier(hook.name).use(hook);
    for (const [name, courier] of this.#couriers) if (!this.#names.has(name)) courier.use(undefined);
    this.#reportForgotten();
  }

  /** Takes up what an earlier run has left. Never rejects. */
  async load(): Promise<void> {
    try {
      for (const stored of await this.#store.load()) {
        const { delivery, file } = stored;
        if (!delivery) continue;
        // Its webhook may come back with the next change of the configuration, but not for ever.
        const isTooOld = Date.now() - delivery.createdAt >= this.#settings.retry.maxAgeMs;
        if (!this.#names.has(delivery.hook) && isTooOld) await this.#store.setAside(file);
        else this.#take(stored, delivery);
      }
      this.#reportForgotten();
    } catch (cause) {
      const message = `the webhooks' queue cannot be read: ${String(cause)}`;
      this.#settings.report({ kind: 'queue', message, cause });
    }
  }

  /** Writes a delivery to the disk, behind all others, and keeps it back until {@link release}. Rejects when it cannot. */
  async keep(hook: string, repository: string, body: string): Promise<KeptDelivery> {
    if (this.#bytes >= this.#settings.maxBytes) throw new Error('the queue is full');
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
      body,
    };
    const stored = await this.#store.add(delivery);
    this.#bytes += stored.bytes;
    return { stored, delivery };
  }

  /** Sends a kept delivery on its way, with this body. Rejects when that cannot be written; the first one is sent then. */
  async release({ stored, delivery }: KeptDelivery, body: string): Promise<void> {
    let { bytes } = stored;
    try {
      if (body !== delivery.body) bytes = await this.#store.update(stored.file, { ...delivery, body });
    } finally {
      this.#bytes -= stored.bytes;
      this.#take({ ...stored, bytes }, delivery);
    }
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all([...this.#couriers.values()].map((courier) => courier.close(graceMs)));
  }

  #take(stored: StoredDelivery, delivery: Delivery): void {
    this.#bytes += stored.bytes;
    this.#courier(delivery.hook).take(stored, delivery);
  }

  #courier(name: string): Courier {
    const known = this.#couriers.get(name);
    if (known) return known;
    const courier = new Courier(name, this.#courierSettings);
    this.#couriers.set(name, courier);
    return courier;
  }

  #reportForgotten(): void {
    const forgotten = [...this.#couriers].filter(([name, { isBusy }]) => isBusy && !this.#names.has(name));
    if (forgotten.length === 0) return;
    const names = forgotten.map(([name]) => name).join(', ');
    const message = `deliveries wait for webhooks that are not configured: ${names}`;
    this.#settings.report({ kind: 'queue', message });
  }
}
