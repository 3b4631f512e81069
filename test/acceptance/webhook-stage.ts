/** A workspace with a receiver, and the server's webhooks between them. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningCommand } from '../support/command.js';
import { startReceiver, type Answer, type Receiver } from '../support/receiver.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

export const secret = 'never-to-be-seen-in-a-log';

export interface WebhookStage {
  readonly place: Workspace;
  readonly receiver: Receiver;
  /** The path of the queue's folder. */
  readonly queue: string;
  /** Writes a file with one webhook, `ci`, for the receiver; gives its path. */
  writeWebhooks(url?: string, more?: string): string;
  /** Starts the server with these webhooks; ann may push to `app.git`. */
  serve(file: string, ...args: string[]): Promise<RunningCommand>;
  push(server: RunningCommand): Promise<void>;
  /** The files that wait. */
  waiting(): string[];
  /** Another receiver at a port that is free. */
  replaceReceiver(port: number, answer: Answer): Promise<void>;
  close(): Promise<void>;
}

export async function openWebhookStage(): Promise<WebhookStage> {
  const place = await createWorkspace();
  const { folder } = place;
  const queue = join(folder, 'queue');
  let receiver = await startReceiver();
  await place.addBare('app.git');
  return {
    place,
    queue,
    get receiver() {
      return receiver;
    },
    writeWebhooks(url = receiver.url, more = 'allow_private = ["127.0.0.1"]') {
      const file = join(folder, 'webhooks.toml');
      writeFileSync(join(folder, 'ci.secret'), `${secret}\n`);
      writeFileSync(
        file,
        `public_url = "https://git.example.org"\n[[webhook]]\nname = "ci"\nurl = "${url}"\nsecret_file = "ci.secret"\n${more}\n`,
      );
      return file;
    },
    async serve(file, ...args) {
      const access = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
      return place.serve('--accessfile', access, '--webhooks', file, '--webhook-queue', queue, ...args);
    },
    async push(server) {
      const { code, stderr } = await place.tryPush(withCredentials(`${server.url}app`, 'ann', 'x'));
      if (code !== 0) throw new Error(`the push failed: ${stderr}`);
    },
    waiting: () => readdirSync(queue).filter((name) => name.endsWith('.json')),
    async replaceReceiver(port, answer) {
      receiver = await startReceiver(answer, port);
    },
    async close() {
      await place.close();
      await receiver.close();
    },
  };
}
