/** Webhooks from a TOML file, where every mistake is told with its line. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { AccessFileError } from '../access/access-file-error.js';
import { isTable, tomlProblem, unreadableReason } from '../access/file-problem.js';
import { OptionError } from '../errors.js';
import { resolvePublicUrl } from './options.js';
import { resolveWebhooks, type WebhookDefinition } from './webhook.js';

/** A file of webhooks that cannot be used; the message begins with `FILE:LINE: `, or `FILE: `. */
export class WebhookFileError extends AccessFileError {
  override readonly name = 'WebhookFileError';
}

/** What a file says: options for `createWebhooks`. */
export interface WebhookFile {
  readonly hooks: readonly WebhookDefinition[];
  readonly publicUrl: string | undefined;
}

type Table = Readonly<Record<string, unknown>>;

/** The file's own words for the members of a definition; `secret_file` becomes `secret`. */
const members: ReadonlyMap<string, keyof WebhookDefinition> = new Map([
  ['name', 'name'],
  ['url', 'url'],
  ['secret', 'secret'],
  ['secret_file', 'secret'],
  ['repositories', 'repositories'],
  ['events', 'events'],
  ['allow_private', 'allowPrivateAddresses'],
]);

/** Where things stand in the text: the parser gives values only. Good for messages, not for more. */
class Lines {
  readonly #lines: readonly string[];

  constructor(text: string) {
    this.#lines = text.split('\n');
  }

  /** The line of a key in the table at `index`, else that of the table's head, else the first. */
  find(index: number | undefined, key: string): number {
    const heads = this.#lines.flatMap((line, at) => (/^\s*\[/.test(line) ? [at] : []));
    const tables = heads.filter((at) => /^\s*\[\[\s*["']?webhook["']?\s*\]\]/.test(this.#lines[at] ?? ''));
    const start = index === undefined ? -1 : tables[index];
    if (start === undefined) return this.#lineOf('webhook', 0, this.#lines.length) ?? 1;
    const end = heads.find((at) => at > start) ?? this.#lines.length;
    return this.#lineOf(key, start + 1, end) ?? Math.max(1, start + 1);
  }

  #lineOf(key: string, from: number, to: number): number | undefined {
    const pattern = new RegExp(`^\\s*["']?${key}["']?\\s*[=.]`);
    const at = this.#lines.slice(from, to).findIndex((line) => pattern.test(line));
    return at < 0 ? undefined : from + at + 1;
  }
}

/** Where a file that another one names is: beside it, unless the path is absolute. */
function companionPath(file: string, path: string): string {
  return resolve(dirname(file), path);
}

class Reader {
  readonly #file: string;
  readonly #lines: Lines;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#lines = new Lines(text);
  }

  fail(index: number | undefined, key: string, problem: string): WebhookFileError {
    return new WebhookFileError(this.#file, this.#lines.find(index, key), problem);
  }

  checkTop(top: Table): readonly Table[] {
    for (const key of Object.keys(top)) {
      if (key === 'webhook' || key === 'public_url') continue;
      throw this.fail(undefined, key, `"${key}" is not known; known are public_url and [[webhook]]`);
    }
    const { webhook = [] } = top;
    if (!Array.isArray(webhook) || !webhook.every(isTable)) {
      throw this.fail(undefined, 'webhook', 'webhooks are written as [[webhook]], with two brackets');
    }
    return webhook;
  }

  definition(table: Table, index: number): WebhookDefinition {
    const definition: Partial<Record<keyof WebhookDefinition, unknown>> = {};
    for (const [key, value] of Object.entries(table)) {
      const member = members.get(key);
      if (!member) {
        throw this.fail(index, key, `"${key}" is not known; known are ${[...members.keys()].join(', ')}`);
      }
      definition[member] = value;
    }
    const isGiven = 'secret' in table;
    if (isGiven === 'secret_file' in table) {
      throw this.fail(index, 'secret', 'give one of secret and secret_file');
    }
    if (!isGiven) definition.secret = this.#secret(table['secret_file'], index);
    return definition as unknown as WebhookDefinition;
  }

  /** What the option's check has found, in the words of the file. */
  translate(error: OptionError): WebhookFileError {
    const [, index, member, rest = ''] = /^hooks\[(\d+)\]\.(\w+)(.*)$/.exec(error.option) ?? [];
    const problem = error.message.slice(`option "${error.option}" `.length);
    const [key = 'public_url'] = [...members].find(([, known]) => known === member) ?? [];
    return this.fail(index === undefined ? undefined : Number(index), key, `${key}${rest} ${problem}`);
  }

  #secret(path: unknown, index: number): string {
    if (typeof path !== 'string' || path === '')
      throw this.fail(index, 'secret_file', 'secret_file must be a path');
    try {
      const text = readFileSync(companionPath(this.#file, path), 'utf8');
      return text.replace(/\r?\n$/, '');
    } catch (error) {
      const { code = 'no reason given' } = error as NodeJS.ErrnoException;
      throw this.fail(index, 'secret_file', `the file ${path} cannot be read (${code})`);
    }
  }
}

function parseToml(file: string, text: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new WebhookFileError(file, error.line, tomlProblem(error));
  }
}

/** Checks the content of a file, and reads the secrets that it names; throws a {@link WebhookFileError}. */
export function parseWebhookFile(content: Buffer, file: string): WebhookFile {
  const text = content.toString('utf8');
  const top = parseToml(file, text);
  const reader = new Reader(file, text);
  const hooks = reader.checkTop(top).map((table, index) => reader.definition(table, index));
  try {
    resolveWebhooks(hooks, 'hooks');
    return { hooks, publicUrl: resolvePublicUrl(top['public_url'], 'publicUrl')?.href };
  } catch (error) {
    throw error instanceof OptionError ? reader.translate(error) : error;
  }
}

/** The paths of the secrets that a content names, as far as it can be read. */
export function secretFilesIn(content: Buffer, file: string): readonly string[] {
  try {
    const { webhook } = parse(content.toString('utf8'));
    const tables: readonly unknown[] = Array.isArray(webhook) ? webhook : [];
    const paths = tables.filter(isTable).map((table) => table['secret_file']);
    return paths.filter((path) => typeof path === 'string').map((path) => companionPath(file, path));
  } catch {
    return [];
  }
}

/** Reads and checks a file; rejects with a {@link WebhookFileError}. See docs for its form. */
export async function readWebhookFile(file: string): Promise<WebhookFile> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    throw new WebhookFileError(file, undefined, unreadableReason(error), error);
  }
  return parseWebhookFile(content, file);
}
