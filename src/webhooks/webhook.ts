/** A webhook as it is configured, and as it is used. */
import { createHash } from 'node:crypto';
import { compileGlob } from '../access/glob.js';
import { OptionError } from '../errors.js';
import { addressRule, type AddressRule } from './address.js';
import { createSigner, type Signer } from './signature.js';

/** Somebody who wants to know of pushes. */
export interface WebhookDefinition {
  /**
   * What it is called in logs and in the queue; it ties deliveries on disk to their webhook, so let it be the same after
   * a restart. Letters, digits, `.`, `_` and `-`, 64 at the most. Default: the host and a digest of the URL.
   */
  readonly name?: string | undefined;
  /** Where deliveries go, by POST: http or https, any port, without user and password. Use https. */
  readonly url: string;
  /** Signs the deliveries. Whoever knows it can forge them: take 32 random characters, and one for each receiver. */
  readonly secret: string;
  /** Patterns of canonical repository names, as `team/**`. Default all. */
  readonly repositories?: readonly string[] | undefined;
  /** What it is told. There is one kind so far, which is the default: `push`. */
  readonly events?: readonly 'push'[] | undefined;
  /**
   * Whether deliveries may go to addresses that are not public, such as 127.0.0.1 and 10.0.0.1: `true` for all, or a
   * list of networks (`10.1.0.0/16`) or addresses. Default false. With `true`, whoever controls the name in the URL
   * chooses which machine of your network is sent to.
   */
  readonly allowPrivateAddresses?: boolean | readonly string[] | undefined;
}

/** A webhook ready for use. The secret is nowhere in it but within `sign`. */
export interface Webhook {
  readonly name: string;
  /** Never log it: receivers put tokens into their URLs. */
  readonly url: URL;
  readonly sign: Signer;
  /** Whether it wants to know of the repository of this canonical name. */
  readonly wants: (repositoryName: string) => boolean;
  readonly allowsAddress: AddressRule;
}

const knownMembers: Readonly<Record<keyof WebhookDefinition, true>> = {
  name: true,
  url: true,
  secret: true,
  repositories: true,
  events: true,
  allowPrivateAddresses: true,
};

const namePattern = /^[\w.-]{1,64}$/;

function resolveUrl(text: unknown, option: string): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new OptionError(option, 'must be a URL that begins with http:// or https://');
  }
  if (url.username !== '' || url.password !== '') {
    throw new OptionError(option, 'must not hold a user or a password; receivers verify the signature');
  }
  url.hash = '';
  return url;
}

function resolveName(name: unknown, url: URL, option: string): string {
  if (name === undefined) {
    const digest = createHash('sha256').update(url.href).digest('hex').slice(0, 8);
    const host = url.hostname.replaceAll(/[^\w.-]/g, '').slice(0, 55);
    return `${host}-${digest}`;
  }
  if (typeof name !== 'string' || !namePattern.test(name)) {
    throw new OptionError(option, 'must be 1 to 64 letters, digits, ".", "_" or "-"');
  }
  return name;
}

function resolvePatterns(patterns: unknown, option: string): Webhook['wants'] {
  if (patterns === undefined) return () => true;
  if (!Array.isArray(patterns) || patterns.length === 0) {
    throw new OptionError(
      option,
      'must be a list of patterns with at least one of them; leave it out for all',
    );
  }
  const matchers = patterns.map((pattern: unknown, index) => {
    const where = `${option}[${index}]`;
    if (typeof pattern !== 'string' || pattern === '') {
      throw new OptionError(where, 'must be a pattern such as "team/**"');
    }
    try {
      return compileGlob(pattern);
    } catch {
      throw new OptionError(where, 'is no pattern: its brackets are unequal');
    }
  });
  return (name) => matchers.some((matches) => matches(name));
}

function checkEvents(events: unknown, option: string): void {
  if (events === undefined) return;
  const isKnown = Array.isArray(events) && events.length > 0 && events.every((event) => event === 'push');
  if (!isKnown) throw new OptionError(option, 'must be ["push"]: there is no other kind of event yet');
}

/** Checks a definition; throws an `OptionError` that names what is wrong as a member of `option`. */
export function resolveWebhook(definition: WebhookDefinition, option: string): Webhook {
  if (typeof definition !== 'object' || definition === null) {
    throw new OptionError(option, 'must be an object with url and secret');
  }
  for (const key of Object.keys(definition)) {
    if (!Object.hasOwn(knownMembers, key)) {
      const known = Object.keys(knownMembers).join(', ');
      throw new OptionError(`${option}.${key}`, `is not known; known are ${known}`);
    }
  }
  const { name, secret, repositories, events, allowPrivateAddresses } = definition;
  const url = resolveUrl(definition.url, `${option}.url`);
  if (typeof secret !== 'string' || secret === '') {
    throw new OptionError(`${option}.secret`, 'must be a text that is not empty');
  }
  checkEvents(events, `${option}.events`);
  return {
    name: resolveName(name, url, `${option}.name`),
    url,
    sign: createSigner(secret),
    wants: resolvePatterns(repositories, `${option}.repositories`),
    allowsAddress: addressRule(allowPrivateAddresses, `${option}.allowPrivateAddresses`),
  };
}

/** Checks a list of definitions, whose names must differ. */
export function resolveWebhooks(
  definitions: readonly WebhookDefinition[],
  option: string,
): readonly Webhook[] {
  if (!Array.isArray(definitions)) throw new OptionError(option, 'must be a list of webhooks');
  const seen = new Set<string>();
  return definitions.map((definition: WebhookDefinition, index) => {
    const where = `${option}[${index}]`;
    const webhook = resolveWebhook(definition, where);
    if (seen.has(webhook.name)) {
      throw new OptionError(`${where}.name`, 'is that of another webhook; webhooks for one URL need names');
    }
    seen.add(webhook.name);
    return webhook;
  });
}
