import { OptionError } from '../errors.js';
import { isRecord, wholeNumberOr } from '../option-checks.js';
import { parseTemplate } from './claim-template.js';
import { compileGlob } from './glob.js';
import type { OidcOptions } from './oidc-options.js';

/** With symmetric algorithms an issuer's public key would be the secret (RFC 8725, section 2.1). */
const knownAlgorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 Ed25519 EdDSA'.split(' ');

/** Issuers where the whole world has an account, and may choose the audience. */
const sharedIssuers = new Set([
  'https://token.actions.githubusercontent.com',
  'https://gitlab.com',
  'https://accounts.google.com',
  'https://agent.buildkite.com',
  'https://app.terraform.io',
]);

/** {@link OidcOptions} after checking, with all defaults. */
export interface ResolvedOidcOptions extends OidcOptions {
  readonly audience: readonly string[];
  readonly user: NonNullable<OidcOptions['user']>;
  readonly clockToleranceSeconds: number;
  readonly algorithms: readonly string[];
  readonly tokenTypes: readonly string[];
  readonly jwksCacheMs: number;
  readonly jwksCooldownMs: number;
  readonly timeoutMs: number;
}

const knownOptions: Readonly<Record<keyof OidcOptions, true>> = {
  issuer: true,
  audience: true,
  requiredClaims: true,
  user: true,
  userPrefix: true,
  groups: true,
  groupPrefix: true,
  operations: true,
  repositories: true,
  clockToleranceSeconds: true,
  algorithms: true,
  tokenTypes: true,
  jwksCacheMs: true,
  jwksCooldownMs: true,
  timeoutMs: true,
  onRefused: true,
  onProblem: true,
};

/** Whether a URL leads nowhere but to this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function checkIssuer(issuer: unknown): string {
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) throw new OptionError('issuer', 'must be a URL');
  const url = new URL(issuer);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
    throw new OptionError('issuer', 'must begin with https://; http:// is for loopback addresses only');
  }
  if (/[?#]/.test(issuer) || url.username !== '' || url.password !== '') {
    throw new OptionError('issuer', 'must have neither query nor fragment nor credentials');
  }
  return issuer;
}

function texts(value: unknown, option: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || !list.every((entry) => typeof entry === 'string' && entry !== '')) {
    throw new OptionError(option, 'must be one or more texts that are not empty');
  }
  return list as readonly string[];
}

function checkRules(rules: unknown, option: string): void {
  if (!isRecord(rules) || Object.keys(rules).length === 0) {
    throw new OptionError(option, 'must name one or more claims');
  }
  for (const [name, value] of Object.entries(rules)) {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length === 0 || !list.every((entry) => /^(?:string|number|boolean)$/.test(typeof entry))) {
      throw new OptionError(
        `${option}.${name}`,
        'must be a text, a number, true or false, or a list of such',
      );
    }
  }
}

function checkOperations(operations: unknown): void {
  if (operations === undefined || typeof operations === 'function') return;
  if (!isRecord(operations)) throw new OptionError('operations', 'must be an object or a function');
  for (const [name, rules] of Object.entries(operations)) {
    if (name !== 'read' && name !== 'write') {
      throw new OptionError(`operations.${name}`, 'is not known; known are read, write');
    }
    if (rules !== undefined && typeof rules !== 'boolean') checkRules(rules, `operations.${name}`);
  }
}

function checkTemplates(value: unknown, option: string): readonly string[] {
  const templates = texts(value, option);
  for (const template of templates) parseTemplate(template, option);
  return templates;
}

function checkMappings(options: OidcOptions): void {
  const { requiredClaims, user, groups, repositories, userPrefix, groupPrefix } = options;
  if (requiredClaims !== undefined && typeof requiredClaims !== 'function') {
    checkRules(requiredClaims, 'requiredClaims');
  }
  if (user !== undefined && typeof user !== 'function') {
    if (Array.isArray(user)) throw new OptionError('user', 'must be a text or a function');
    checkTemplates(user, 'user');
  }
  if (groups !== undefined && typeof groups !== 'function') checkTemplates(groups, 'groups');
  if (repositories !== undefined && typeof repositories !== 'function') {
    if (!Array.isArray(repositories)) throw new OptionError('repositories', 'must be a list or a function');
    for (const template of checkTemplates(repositories, 'repositories')) {
      try {
        compileGlob(parseTemplate(template, 'repositories').fill(() => 'x'));
      } catch {
        throw new OptionError('repositories', `holds a pattern that cannot be used: ${template}`);
      }
    }
  }
  for (const [option, prefix] of Object.entries({ userPrefix, groupPrefix })) {
    if (prefix !== undefined) texts([prefix], option);
  }
  checkOperations(options.operations);
}

/** Checks options; throws an `OptionError` for what cannot be used. */
export function resolveOidcOptions(options: OidcOptions): ResolvedOidcOptions {
  if (!isRecord(options)) throw new OptionError('issuer', 'must be given');
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(knownOptions, name)) throw new OptionError(name, 'is not known');
  }
  const issuer = checkIssuer(options.issuer);
  const audience = texts(options.audience, 'audience');
  checkMappings(options);
  if (sharedIssuers.has(issuer.replace(/\/$/, '')) && options.requiredClaims === undefined) {
    throw new OptionError(
      'requiredClaims',
      'is needed: this issuer signs tokens for everybody, whatever the audience',
    );
  }
  const algorithms = texts(options.algorithms ?? knownAlgorithms, 'algorithms');
  for (const name of algorithms) {
    if (!knownAlgorithms.includes(name)) {
      throw new OptionError('algorithms', `may hold ${knownAlgorithms.join(', ')} only`);
    }
  }
  for (const option of ['onRefused', 'onProblem'] as const) {
    if (options[option] !== undefined && typeof options[option] !== 'function') {
      throw new OptionError(option, 'must be a function');
    }
  }
  const { clockToleranceSeconds, jwksCacheMs, jwksCooldownMs, timeoutMs } = options;
  const day = 86_400_000;
  return {
    ...options,
    audience,
    user: options.user ?? 'sub',
    algorithms,
    tokenTypes: texts(options.tokenTypes ?? ['JWT', 'at+jwt'], 'tokenTypes'),
    clockToleranceSeconds: wholeNumberOr(clockToleranceSeconds, 'clockToleranceSeconds', 60, {
      lowest: 0,
      highest: 600,
    }),
    jwksCacheMs: wholeNumberOr(jwksCacheMs, 'jwksCacheMs', 600_000, { highest: day }),
    jwksCooldownMs: wholeNumberOr(jwksCooldownMs, 'jwksCooldownMs', 30_000, { lowest: 0, highest: day }),
    timeoutMs: wholeNumberOr(timeoutMs, 'timeoutMs', 5_000, { highest: 600_000 }),
  };
}
