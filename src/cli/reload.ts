/** A new configuration for a server that runs: all of it, or nothing. */
import type { Logger } from 'pino';
import type { DirectoryStore } from '../repository/directory-store.js';
import type { GitServer } from '../server.js';
import { allOf, eachOf } from './all-of.js';
import { readConfiguration, type Configuration } from './configuration/configuration.js';
import type { CommandLine } from './configuration/flags.js';
import { ConfigurationError } from './configuration/given.js';
import { changeableOptions, usingOptions } from './configuration/library-options.js';
import { settings } from './configuration/settings.js';
import { explain } from './explain.js';
import { printable } from './printable.js';
import { openServedAccess, type ServedAccess } from './served-access.js';
import type { ServedWebhooks } from './served-webhooks.js';
import { wantedWebhooks } from './webhooks.js';

export interface ReloadableParts {
  readonly commandLine: CommandLine;
  readonly store: DirectoryStore;
  readonly git: GitServer;
  readonly webhooks: ServedWebhooks;
  readonly log: Logger;
}

export class Reloadable {
  readonly #parts: ReloadableParts;
  #configuration: Configuration;
  #access: ServedAccess;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: ReloadableParts, configuration: Configuration, access: ServedAccess) {
    this.#parts = parts;
    this.#configuration = configuration;
    this.#access = access;
  }

  /** What decides about access now. */
  get access(): ServedAccess {
    return this.#access;
  }

  /** Reads everything again, one time after the other. Never rejects: what is wrong is logged, and nothing has changed. */
  reload(): Promise<void> {
    this.#last = this.#last.then(async () => {
      try {
        await this.#reload();
      } catch (error) {
        for (const each of eachOf(error)) this.#refuse(each);
      }
    });
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#access.close();
  }

  async #reload(): Promise<void> {
    const { commandLine, store, git, webhooks, log } = this.#parts;
    const { configuration: wanted, doubts } = await readConfiguration(commandLine);
    const changed = this.#configuration.differences(wanted);
    const late = changed.filter((name) => settings[name].needsRestart);
    const next = wanted.withThoseOf(this.#configuration, late);
    const { access, hooks } = await allOf({
      access: () => openServedAccess(next, store, log, this.#access),
      hooks: () => wantedWebhooks(next),
    });
    // The last thing that can be refused.
    usingOptions(next, () => git.reconfigure({ ...changeableOptions(next), ...access.options }));
    const before = this.#access;
    this.#access = access;
    this.#configuration = next;
    log.level = next.values['log.level'];
    await before.close();
    await webhooks.change(hooks);
    const inForce = changed.filter((name) => !late.includes(name));
    const what = inForce.length > 0 ? `changed: ${inForce.join(', ')}` : 'no setting has changed';
    log.info({ changed: inForce }, `the configuration and the files that it names were read again; ${what}`);
    if (late.length > 0) log.warn({ settings: late }, `needs a restart: ${late.join(', ')}`);
    for (const doubt of doubts) log.warn(doubt);
  }

  #refuse(error: unknown): void {
    const { log } = this.#parts;
    if (error instanceof ConfigurationError) {
      for (const { text } of error.mistakes) log.error(`${printable(text, 2_000)}; ${stays}`);
      return;
    }
    log.error(`${printable(explain(error).message, 2_000)}; ${stays}`);
  }
}

const stays = 'the configuration stays as it was';
