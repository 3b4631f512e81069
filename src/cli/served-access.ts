/** Who may do what on the server that the command starts, put together from its settings. */
import type { Logger } from 'pino';
import {
  combineAuthenticators,
  externalAuthenticator,
  openAccessFile,
  openHtpasswdFile,
  openRulesFile,
  openTokenFile,
  proxyHeaderAuthenticator,
  type AccessFile,
  type Authenticate,
  type Authorize,
  type HtpasswdFile,
  type RulesFile,
  type TokenFile,
} from '../access/index.js';
import { GitTyphoonError } from '../errors.js';
import type { GitServerOptions } from '../options.js';
import type { DirectoryStore } from '../repository/directory-store.js';
import { allOf } from './all-of.js';
import type { Configuration } from './configuration/configuration.js';
import { createOnPushOf } from './create-on-push.js';
import { openIssuers } from './served-oidc.js';
import { ServedThrottle } from './served-throttle.js';
import { usersOf, type AccessFacts } from './start-text.js';

export interface ServedAccess {
  readonly throttle: ServedThrottle;
  readonly options: Pick<
    GitServerOptions,
    'authenticate' | 'authorize' | 'authorizeUpdate' | 'createOnPush'
  > & {
    readonly publicRead: boolean;
  };
  /** What to print of it at the start. */
  facts(): AccessFacts;
  close(): Promise<void>;
}

/** Without an access file nobody may push, and whoever tries is told why. */
const refusePush: Authorize = ({ repository }) => {
  if (!repository) return false;
  throw new GitTyphoonError('ERR_FORBIDDEN', {
    message:
      'nobody may push to this server; whoever runs it can let users push with an access file (gittyphoon --accessfile) or rules (--rules)',
  });
};

const stays = 'what was read before stays in force';

async function openAccess(
  file: string | undefined,
  mayCreate: boolean,
  store: DirectoryStore,
  log: Logger,
): Promise<AccessFile | undefined> {
  if (file === undefined) return undefined;
  return openAccessFile(file, {
    repositories: store,
    mayCreate,
    onReload: ({ userCount }) => log.info({ file, userCount }, `${file} was read again: ${userCount} users`),
    onProblem: (problem) => log.error({ file, line: problem.line }, `${problem.message}; ${stays}`),
  });
}

async function openHtpasswd(file: string | undefined, log: Logger): Promise<HtpasswdFile | undefined> {
  if (file === undefined) return undefined;
  return openHtpasswdFile(file, {
    onReload: ({ userCount }) => log.info({ file, userCount }, `${file} was read again: ${userCount} users`),
    onProblem: (problem) => log.error({ file, line: problem.line }, `${problem.message}; ${stays}`),
  });
}

async function openRules(file: string | undefined, log: Logger): Promise<RulesFile | undefined> {
  if (file === undefined) return undefined;
  return openRulesFile(file, {
    onReload: (summary) =>
      log.info({ file, ...summary }, `${file} was read again: ${summary.ruleCount} rules`),
    onProblem: (problem) => log.error({ file, line: problem.line }, `${problem.message}; ${stays}`),
  });
}

async function openTokens(file: string | undefined, log: Logger): Promise<TokenFile | undefined> {
  if (file === undefined) return undefined;
  return openTokenFile(file, {
    onReload: ({ tokenCount }) =>
      log.info({ file, tokenCount }, `${file} was read again: ${tokenCount} tokens`),
    onProblem: (problem) => log.error({ file: problem.file }, problem.message),
  });
}

/** A user that a proxy names; the header is anybody else's to invent. */
function fromProxy(configuration: Configuration): Authenticate | undefined {
  const { 'access.trusted-proxies': trustedAddresses, 'access.user-header': userHeader } =
    configuration.values;
  if (userHeader === undefined) return undefined;
  if (trustedAddresses === undefined) {
    throw configuration.error(
      'access.user-header',
      'needs {access.trusted-proxies}: name the proxies that may send it',
    );
  }
  return configuration.blaming(
    { userHeader: 'access.user-header', trustedAddresses: 'access.trusted-proxies' },
    () => proxyHeaderAuthenticator({ trustedAddresses, userHeader }),
  );
}

/** Reading with a name where not everybody may read and no rules decide. */
function readByName(authorize: Authorize): Authorize {
  return (access) => (access.context.operation === 'read' ? access.user !== undefined : authorize(access));
}

/**
 * Opens all files that the settings name; rejects with what is wrong with each that cannot be used. What `earlier` has
 * counted of failed logins still counts.
 */
export async function openServedAccess(
  configuration: Configuration,
  store: DirectoryStore,
  log: Logger,
  earlier?: ServedAccess,
): Promise<ServedAccess> {
  const { values } = configuration;
  const { 'access.file': accessFile, 'access.rules': rulesFile, 'access.tokens': tokenFile } = values;
  const { 'access.htpasswd': htpasswdFile, 'access.auth-url': url, 'access.oidc': oidcFile } = values;
  const mayCreate = values['create-on-push.enabled'];
  const opened = await allOf({
    createOnPush: () => createOnPushOf(configuration),
    access: () => configuration.naming('access.file', openAccess(accessFile, mayCreate, store, log)),
    rules: () => configuration.naming('access.rules', openRules(rulesFile, log)),
    tokens: () => configuration.naming('access.tokens', openTokens(tokenFile, log)),
    htpasswd: () => configuration.naming('access.htpasswd', openHtpasswd(htpasswdFile, log)),
    issuers: () => configuration.naming('access.oidc', openIssuers(oidcFile, log)),
    external: () =>
      url === undefined
        ? undefined
        : configuration.blaming('access.auth-url', () => externalAuthenticator({ url })),
    proxy: () => fromProxy(configuration),
    throttle: () => ServedThrottle.for(configuration, earlier?.throttle),
  });
  const { createOnPush, access, rules, tokens, htpasswd, issuers, external, proxy, throttle } = opened;
  // A bad token is nobody's password: the file of tokens says null to it, and nobody else is asked.
  const secrets = [
    tokens?.authenticate,
    ...issuers,
    htpasswd?.authenticate,
    access?.authenticate,
    external,
  ].filter((authenticate) => authenticate !== undefined);
  const bySecret = secrets.length > 0 ? throttle.around(combineAuthenticators(...secrets)) : undefined;
  const inOrder = [proxy, bySecret].filter((authenticate) => authenticate !== undefined);
  const publicRead = values['access.public-read'] ?? !rules;
  const authorize = (rules ?? access)?.authorize ?? refusePush;
  return {
    throttle,
    options: {
      publicRead,
      authenticate: inOrder.length > 0 ? combineAuthenticators(...inOrder) : undefined,
      authorize: publicRead || rules ? authorize : readByName(authorize),
      authorizeUpdate: rules?.authorizeUpdate,
      createOnPush,
    },
    facts: () => ({
      publicRead,
      logins: [
        ...(access ? [usersOf(access.userCount, accessFile)] : []),
        ...(htpasswd ? [usersOf(htpasswd.userCount, htpasswdFile)] : []),
        ...(issuers.length > 0 ? ['those whom an issuer names'] : []),
        ...(external ? ['those whom --auth-url knows'] : []),
        ...(proxy ? ['those whom a trusted proxy names'] : []),
      ],
      accessFile: access && { path: accessFile ?? '', users: access.userCount },
      rulesFile: rules && { path: rulesFile ?? '', rules: rules.summary.ruleCount },
      createsOnPush: createOnPush !== false,
      tokenFile: tokens && { path: tokenFile ?? '', tokens: tokens.tokenCount },
    }),
    close: async () => {
      await tokens?.close();
    },
  };
}
