/** `gittyphoon webhook test|list|retry`. */
import type { Command } from 'commander';
import { pingAll, retryFailed } from '../webhooks/by-hand.js';
import { readWebhookFile } from '../webhooks/index.js';
import type { SendOutcome } from '../webhooks/send.js';
import { DeliveryStore, type StoredDelivery } from '../webhooks/store.js';
import { CommandError } from './command-error.js';
import { printable } from './printable.js';
import { existingQueueFolder, type WebhookFlags } from './webhooks.js';

function print(line: string): void {
  process.stdout.write(`${printable(line, 2_000)}\n`);
}

function outcomeText(outcome: SendOutcome | undefined): string {
  if (!outcome) return 'not sent: there is no such webhook in the file';
  if (outcome.type === 'aborted') return 'broken off';
  return outcome.type === 'delivered' ? `delivered, status ${outcome.status}` : `failed: ${outcome.reason}`;
}

/** For commands that only look, and remove what has arrived: they never make room. */
function openStore(flags: WebhookFlags): DeliveryStore {
  return new DeliveryStore(existingQueueFolder(flags), Number.MAX_SAFE_INTEGER);
}

interface FileFlags extends WebhookFlags {
  readonly webhooks: string;
}

async function test({ webhooks: file, url }: FileFlags & { readonly url?: string }): Promise<number> {
  const { hooks } = await readWebhookFile(file);
  let sent = 0;
  let failed = 0;
  for await (const { hook, outcome } of pingAll(hooks, url)) {
    print(`${hook}: ${outcomeText(outcome)}`);
    sent += 1;
    if (outcome.type !== 'delivered') failed += 1;
  }
  if (sent === 0) {
    throw new CommandError(1, `${file} has no webhook${url === undefined ? '' : ' with this URL'}`);
  }
  return failed > 0 ? 1 : 0;
}

function printDelivery({ file, delivery }: StoredDelivery): void {
  if (!delivery) return print(`${file} is no delivery that can be read`);
  const { id, createdAt, hook, repository, attempts, problem } = delivery;
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const why = problem === undefined ? '' : `: ${problem}`;
  print(`${id} ${new Date(createdAt).toISOString()} ${hook} /${repository}, ${tries}${why}`);
}

async function list(flags: WebhookFlags): Promise<void> {
  const store = openStore(flags);
  const waiting = await store.listWaiting();
  const failed = await store.listFailed();
  print(`${waiting.length} waiting`);
  for (const stored of waiting) printDelivery(stored);
  print(`${failed.length} given up`);
  for (const stored of failed) printDelivery(stored);
}

async function retry(ids: readonly string[], flags: FileFlags): Promise<number> {
  const store = openStore(flags);
  const { hooks } = await readWebhookFile(flags.webhooks);
  const missing = new Set(ids);
  let failed = 0;
  for await (const { id, hook, repository, outcome } of retryFailed(store, hooks, ids)) {
    print(`${id} ${hook} /${repository}: ${outcomeText(outcome)}`);
    missing.delete(id);
    if (outcome?.type !== 'delivered') failed += 1;
  }
  if (missing.size > 0) throw new CommandError(1, `not among what was given up: ${[...missing].join(', ')}`);
  return failed > 0 ? 1 : 0;
}

/** Adds the commands to the program. */
export function addWebhookCommands(program: Command, setExitCode: (code: number) => void): void {
  const queue = ['--webhook-queue <DIR>', 'the queue of the server'] as const;
  const file = ['--webhooks <FILE>', 'the file with the webhooks'] as const;
  // None of its own action: commander then says itself which command is missing or unknown.
  const webhook = program.command('webhook').description('try webhooks out, and look after what has failed');
  webhook
    .command('test')
    .description('send a ping to the webhooks of a file')
    .requiredOption(...file)
    .option('--url <URL>', 'only to the webhook with this URL')
    .action(async (flags: FileFlags & { readonly url?: string }) => setExitCode(await test(flags)));
  webhook
    .command('list')
    .description('show what waits, and what was given up')
    .option(...queue)
    .action(list);
  webhook
    .command('retry')
    .description('send what was given up once more')
    .argument('[ID...]', 'only these deliveries')
    .requiredOption(...file)
    .option(...queue)
    .action(async (ids: readonly string[], flags: FileFlags) => setExitCode(await retry(ids, flags)));
}
