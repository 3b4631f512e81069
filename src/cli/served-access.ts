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
  throttled,
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
import type { Configuration } from './configuration/configuration.js';
import { createOnPushOf } from './create-on-push.js';
import { openIssuers } from './served-oidc.js';
import { usersOf, type AccessFacts } from './start-text.js';

export interface ServedAccess {
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

/** The same for all who log in with a secret: failures are counted and bounded. */
function throttle(configuration: Configuration, authenticate: Authenticate): Authenticate {
  const { values } = configuration;
  const { 'access.trusted-proxies': trusted = [], 'access.throttle.shared-addresses': shared = [] } = values;
  // One by one, so that a mistake is told of the right setting.
  for (const name of ['access.trusted-proxies', 'access.throttle.shared-addresses'] as const) {
    const { [name]: sharedAddresses } = values;
    if (sharedAddresses) configuration.blaming(name, () => throttled(authenticate, { sharedAddresses }));
  }
  return configuration.blaming(
    {
      windowMs: 'access.throttle.window',
      maxFailuresPerAddress: 'access.throttle.max-failures-per-address',
      maxFailuresPerUser: 'access.throttle.max-failures-per-user',
      delayMs: 'access.throttle.delay',
      maxDelayMs: 'access.throttle.max-delay',
    },
    () =>
      throttled(authenticate, {
        windowMs: values['access.throttle.window'],
        maxFailuresPerAddress: values['access.throttle.max-failures-per-address'],
        maxFailuresPerUser: values['access.throttle.max-failures-per-user'],
        delayMs: values['access.throttle.delay'],
        maxDelayMs: values['access.throttle.max-delay'],
        // A proxy on this machine or a trusted one stands for all who come through it.
        sharedAddresses: ['127.0.0.0/8', '::1', ...trusted, ...shared],
      }),
  );
}

/** Reading with a name where not everybody may read and no rules decide. */
function readByName(authorize: Authorize): Authorize {
  return (access) => (access.context.operation === 'read' ? access.user !== undefined : authorize(access));
}

/** Opens all files that the settings name; rejects with the first that cannot be used. */
export async function openServedAccess(
  configuration: Configuration,
  store: DirectoryStore,
  log: Logger,
): Promise<ServedAccess> {
  const { values } = configuration;
  const { 'access.file': accessFile, 'access.rules': rulesFile, 'access.tokens': tokenFile } = values;
  const { 'access.htpasswd': htpasswdFile, 'access.auth-url': authUrl } = values;
  const createOnPush = createOnPushOf(configuration);
  const access = await openAccess(accessFile, createOnPush !== false, store, log);
  const rules = await openRules(rulesFile, log);
  const tokens = await openTokens(tokenFile, log);
  const htpasswd = await openHtpasswd(htpasswdFile, log);
  const external =
    authUrl === undefined
      ? undefined
      : configuration.blaming('access.auth-url', () => externalAuthenticator({ url: authUrl }));
  const proxy = fromProxy(configuration);
  const issuers = await openIssuers(values['access.oidc'], log);
  // A bad token is nobody's password: the file of tokens says null to it, and nobody else is asked.
  const secrets = [
    tokens?.authenticate,
    ...issuers,
    htpasswd?.authenticate,
    access?.authenticate,
    external,
  ].filter((authenticate) => authenticate !== undefined);
  const bySecret =
    secrets.length > 0 ? throttle(configuration, combineAuthenticators(...secrets)) : undefined;
  const inOrder = [proxy, bySecret].filter((authenticate) => authenticate !== undefined);
  const publicRead = values['access.public-read'] ?? !rules;
  const authorize = (rules ?? access)?.authorize ?? refusePush;
  return {
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
