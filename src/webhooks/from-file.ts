/** Webhooks that a file names, which may change while they work. */
import { asAccessFileError, type AccessFileError } from '../access/access-file-error.js';
import { WatchedFile } from '../access/watched-file.js';
import { resolveWebhooksOptions, type WebhooksOptions } from './options.js';
import { parseWebhookFile, secretFilesIn, type WebhookFile } from './webhook-file.js';
import { RunningWebhooks, type Webhooks } from './webhooks.js';

export interface WebhookFileOptions extends Omit<WebhooksOptions, 'hooks' | 'publicUrl'> {
  /** The file, or a secret that it names, has changed and is in force now. */
  readonly onReload?: (() => void) | undefined;
  /** The file has changed and cannot be used; what was read before stays in force. Default: a warning of the process. */
  readonly onFileProblem?: ((problem: AccessFileError) => void) | undefined;
}

/**
 * As `createWebhooks`, with the webhooks of a file. It is looked at again before each push is told and before each
 * attempt to deliver; what waits goes to where the file says then. Rejects with an error that has `file` and `line` when
 * the file cannot be used at first, and with an `OptionError` for an option.
 */
export async function openWebhooks(file: string, options: WebhookFileOptions): Promise<Webhooks> {
  const { onReload, onFileProblem, ...rest } = options;
  let current: WebhookFile = { hooks: [], publicUrl: undefined };
  const opened: { webhooks?: RunningWebhooks } = {};
  const watched = new WatchedFile(file, {
    parse: (content) => parseWebhookFile(content, file),
    take(read) {
      opened.webhooks?.replace(read);
      current = read;
    },
    companions: (content) => secretFilesIn(content, file),
    problemOf: (error) => asAccessFileError(file, error),
    onReload,
    onProblem: onFileProblem,
  });
  await watched.load();
  const resolved = resolveWebhooksOptions({ ...rest, ...current });
  opened.webhooks = new RunningWebhooks(resolved, () => watched.refresh());
  return opened.webhooks;
}
