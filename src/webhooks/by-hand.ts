/** What the operator does by hand: trying a webhook out, and another try with what was given up. */
import { randomUUID } from 'node:crypto';
import { resolveSendSettings } from './options.js';
import { pingPayload } from './payload.js';
import { send, type SendOutcome, type SendSettings } from './send.js';
import type { DeliveryStore } from './store.js';
import { resolveWebhooks, type Webhook, type WebhookDefinition } from './webhook.js';

/** Sends a ping once. */
export function ping(hook: Webhook, settings: SendSettings): Promise<SendOutcome> {
  const body = Buffer.from(pingPayload(hook.name));
  return send(hook, { id: randomUUID(), event: 'ping' }, body, settings);
}

/** Pings these webhooks, one after the other; with `url` only those of that URL. */
export async function* pingAll(
  definitions: readonly WebhookDefinition[],
  url?: string,
): AsyncGenerator<{ readonly hook: string; readonly outcome: SendOutcome }> {
  const settings = resolveSendSettings({});
  const wanted = url !== undefined && URL.canParse(url) ? new URL(url).href : url;
  for (const hook of resolveWebhooks(definitions, 'hooks')) {
    if (wanted !== undefined && hook.url.href !== wanted) continue;
    yield { hook: hook.name, outcome: await ping(hook, settings) };
  }
}

/** How another try has ended. */
export interface RetryResult {
  readonly id: string;
  readonly hook: string;
  readonly repository: string;
  /** Undefined when its webhook is no longer configured. */
  readonly outcome: SendOutcome | undefined;
}

/**
 * Sends what was given up once more, the earliest first, each once; what arrives is removed. With `ids` only these.
 * This does not disturb a server that uses the same folder: it only adds to what was given up.
 */
export async function* retryFailed(
  store: DeliveryStore,
  definitions: readonly WebhookDefinition[],
  ids: readonly string[],
): AsyncGenerator<RetryResult> {
  const settings = resolveSendSettings({});
  const hooks = new Map(resolveWebhooks(definitions, 'hooks').map((hook) => [hook.name, hook]));
  for (const { file, delivery } of await store.listFailed()) {
    if (!delivery || (ids.length > 0 && !ids.includes(delivery.id))) continue;
    const { id, hook: name, repository } = delivery;
    const hook = hooks.get(name);
    const outcome = hook && (await send(hook, delivery, Buffer.from(delivery.body), settings));
    if (outcome?.type === 'delivered') await store.removeFailed(file);
    yield { id, hook: name, repository, outcome };
  }
}
