/** Webhooks for the server: from the settings to something that observes. */
import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { OptionError } from '../errors.js';
import { openWebhooks, readWebhookFile, type WebhookProblem, type Webhooks } from '../webhooks/index.js';
import { CommandError } from './command-error.js';
import type { Configuration } from './configuration/configuration.js';
import { logFileProblem } from './logging.js';
import { printable } from './printable.js';

/** The flags of `gittyphoon webhook`. */
export interface WebhookFlags {
  readonly webhooks?: string | undefined;
  readonly webhookQueue?: string | undefined;
}

/**
 * Where the queue is: as the flag says, else in the folder that systemd has made for the service (StateDirectory=), else
 * where the user's programs keep their state (XDG Base Directory Specification). With our unit the second is the folder
 * that is served: there its name has to be a reserved one, so that nobody's repository comes to lie in the queue or round it.
 */
export function queueFolder({ webhookQueue }: WebhookFlags): string {
  if (webhookQueue === '') throw new CommandError(2, '--webhook-queue needs the path of a folder');
  if (webhookQueue !== undefined) return resolve(webhookQueue);
  const { STATE_DIRECTORY: service, XDG_STATE_HOME: state, HOME: home } = process.env;
  const [ofService = ''] = service?.split(':') ?? [];
  if (isAbsolute(ofService)) return join(ofService, '.gittyphoon-webhooks');
  if (state !== undefined && isAbsolute(state)) return join(state, 'gittyphoon', 'webhooks');
  if (home !== undefined && isAbsolute(home)) return join(home, '.local', 'state', 'gittyphoon', 'webhooks');
  throw new CommandError(2, 'there is no HOME to keep deliveries in; give a folder with --webhook-queue');
}

/** The folder of the queue, which must be there. */
export function existingQueueFolder(flags: WebhookFlags): string {
  const folder = queueFolder(flags);
  if (existsSync(folder)) return folder;
  throw new CommandError(1, `there is no queue at ${folder}; give that of the server with --webhook-queue`);
}

function logProblem(log: Logger, { kind, message, cause, ...facts }: WebhookProblem): void {
  const text = printable(message, 2_000);
  const fields = { ...facts, ...(cause instanceof Error ? { err: cause } : {}) };
  if (kind === 'attempt-failed') log.warn(fields, text);
  else log.error(fields, text);
}

/** What the settings say of webhooks. */
export interface WantedWebhooks {
  readonly file: string;
  readonly queueDirectory: string;
}

/** What is wanted, once it is known that the file can be used; undefined without one. */
export async function wantedWebhooks(configuration: Configuration): Promise<WantedWebhooks | undefined> {
  const { 'webhooks.file': file, 'webhooks.queue': webhookQueue } = configuration.values;
  if (file === undefined) {
    if (webhookQueue === undefined) return undefined;
    throw configuration.error('webhooks.queue', 'is of no use without {webhooks.file}');
  }
  await configuration.naming('webhooks.file', readWebhookFile(file));
  return { file, queueDirectory: queueFolder({ webhookQueue }) };
}

/** Begins to deliver. */
export async function startWebhooks(
  { file, queueDirectory }: WantedWebhooks,
  log: Logger,
): Promise<Webhooks> {
  const count = ({ names: { length } }: Webhooks): string =>
    `${length} ${length === 1 ? 'webhook' : 'webhooks'}`;
  try {
    const webhooks = await openWebhooks(file, {
      queueDirectory,
      onProblem: (problem) => logProblem(log, problem),
      onReload: () => log.info({ file }, `${file} was read again: ${count(webhooks)}`),
      onFileProblem: logFileProblem(log, file),
    });
    log.info({ file }, printable(`${count(webhooks)}; deliveries wait in ${queueDirectory}`));
    return webhooks;
  } catch (error) {
    if (error instanceof OptionError && error.option === 'queueDirectory') {
      throw new CommandError(1, error.message.replace(/^option "\w+"/, `the folder ${queueDirectory}`));
    }
    throw error;
  }
}
