/**
 * The queue's folder. A delivery is `SEQUENCE-ID.json` in it until it has arrived; what was given up is below
 * `failed/`. A file is written under another name, synced and then renamed, so that it is there whole or not at all.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../access/file-problem.js';
import { encodeDelivery, parseDelivery, type Delivery } from './delivery.js';

/** A file of the queue or of what has failed. */
export interface StoredDelivery {
  readonly file: string;
  /** What it takes on the disk, at the least a block. */
  readonly bytes: number;
  /** Undefined when the file is none of ours, or broken. */
  readonly delivery: Delivery | undefined;
}

/** File systems hand out space in blocks of about this size. */
const blockBytes = 4_096;

/** A file that is being written is younger than this; an older one was left behind by a killed server. */
const abandonedMs = 10 * 60_000;

const namePattern = /^(\d{16})-[\w-]{1,64}\.json$/;

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export class DeliveryStore {
  readonly #folder: string;
  readonly #failed: string;
  readonly #maxFailed: number;
  #sequence = 0;

  /** Makes the folder where it is missing, for its owner alone; throws when that cannot be done. */
  constructor(folder: string, maxFailed: number) {
    this.#folder = folder;
    this.#failed = join(folder, 'failed');
    this.#maxFailed = maxFailed;
    mkdirSync(this.#failed, { recursive: true, mode: 0o700 });
    for (const path of [folder, this.#failed])
      accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  }

  /** What waits, the earliest first. Broken files are moved to what has failed, and left-overs removed. */
  async load(): Promise<readonly StoredDelivery[]> {
    const waiting: StoredDelivery[] = [];
    for (const file of await readdir(this.#folder)) {
      if (file.endsWith('.tmp')) await this.#removeAbandoned(file);
      this.#noteSequence(file);
    }
    for (const file of await readdir(this.#failed)) this.#noteSequence(file);
    for (const stored of await this.listWaiting()) {
      if (stored.delivery) waiting.push(stored);
      else await this.setAside(stored.file);
    }
    return waiting;
  }

  /** Writes a new delivery behind all others. */
  async add(delivery: Delivery): Promise<StoredDelivery> {
    this.#sequence += 1;
    const file = `${String(this.#sequence).padStart(16, '0')}-${delivery.id}.json`;
    const bytes = await this.#write(file, delivery);
    return { file, bytes, delivery };
  }

  /** Writes what has changed about a delivery; gives what it takes on the disk. */
  update(file: string, delivery: Delivery): Promise<number> {
    return this.#write(file, delivery);
  }

  /** A waiting delivery; undefined when it is gone or broken. */
  async get(file: string): Promise<Delivery | undefined> {
    return (await this.#read(this.#folder, file))?.delivery;
  }

  /** Forgets a delivery that has arrived. */
  async remove(file: string): Promise<void> {
    await rm(join(this.#folder, file), { force: true });
  }

  /** Moves a delivery to what has failed; the oldest there make room. */
  async setAside(file: string): Promise<void> {
    try {
      await rename(join(this.#folder, file), join(this.#failed, file));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    const files = (await readdir(this.#failed)).toSorted();
    for (const oldest of files.slice(0, Math.max(0, files.length - this.#maxFailed))) {
      await this.removeFailed(oldest);
    }
  }

  /** What waits, the earliest first, as it is on the disk. */
  async listWaiting(): Promise<readonly StoredDelivery[]> {
    return this.#list(this.#folder);
  }

  /** What was given up, the earliest first. */
  async listFailed(): Promise<readonly StoredDelivery[]> {
    return this.#list(this.#failed);
  }

  async removeFailed(file: string): Promise<void> {
    await rm(join(this.#failed, file), { force: true });
  }

  /** New deliveries come behind all that are there. */
  #noteSequence(file: string): void {
    const [, sequence] = namePattern.exec(file) ?? [];
    this.#sequence = Math.max(this.#sequence, Number(sequence ?? 0));
  }

  async #list(folder: string): Promise<readonly StoredDelivery[]> {
    const found: StoredDelivery[] = [];
    for (const file of (await readdir(folder)).toSorted()) {
      const stored = namePattern.test(file) ? await this.#read(folder, file) : undefined;
      if (stored) found.push(stored);
    }
    return found;
  }

  async #write(file: string, delivery: Delivery): Promise<number> {
    const content = encodeDelivery(delivery);
    const path = join(this.#folder, file);
    const temporary = `${path}.tmp`;
    try {
      const handle = await open(temporary, 'w', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(this.#folder);
    return Math.ceil(content.length / blockBytes) * blockBytes;
  }

  async #read(folder: string, file: string): Promise<StoredDelivery | undefined> {
    try {
      const text = await readFile(join(folder, file), 'utf8');
      const bytes = Math.ceil(Buffer.byteLength(text) / blockBytes) * blockBytes;
      return { file, bytes, delivery: parseDelivery(text) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async #removeAbandoned(file: string): Promise<void> {
    const path = join(this.#folder, file);
    const found = await stat(path).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > abandonedMs) await unlink(path).catch(() => {});
  }
}
