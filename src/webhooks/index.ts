export { openWebhooks, type WebhookFileOptions } from './from-file.js';
export type { WebhooksOptions } from './options.js';
export type { WebhookProblem } from './problem.js';
export type { Backoff } from './retry.js';
export type { SendOutcome } from './send.js';
export type { ResolveHost } from './target.js';
export type { WebhookDefinition } from './webhook.js';
export { readWebhookFile, WebhookFileError, type WebhookFile } from './webhook-file.js';
export { createWebhooks, type PushSource, type Webhooks, type WebhookTargets } from './webhooks.js';
