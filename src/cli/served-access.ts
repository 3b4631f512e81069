/** Who may do what on the server that the command starts, put together from its settings. */
import type { Logger } from 'pino';
import {
  combineAuthenticators,
  externalAuthenticator,
  proxyHeaderAuthenticator,
  type AccessFile,
  type Authenticate,
  type Authorize,
} from '../access/index.js';
import { GitTyphoonError } from '../errors.js';
import type { GitServerOptions } from '../options.js';
import { createVisibilityReader } from '../git/visibility-note.js';
import type { DirectoryStore } from '../repository/directory-store.js';
import type { RepositoryStore } from '../repository/repository.js';
import { openAccess, openHtpasswd, openRules, openTokens } from './access-files.js';
import { allOf } from './all-of.js';
import type { Configuration } from './configuration/configuration.js';
import { clientAddresses, type AddressOf } from './client-address.js';
import { createOnPushOf } from './create-on-push.js';
import { nothingToShow, publicOnly, readingAsNoted, type VisibilityOf } from './noted-reading.js';
import { openIssuers } from './served-oidc.js';
import { ServedThrottle } from './served-throttle.js';
import { usersOf, type AccessFacts } from './start-text.js';

export interface ServedAccess {
  /** Whose address counts as the client's. */
  readonly addressOf: AddressOf;
  readonly throttle: ServedThrottle;
  readonly options: Pick<
    GitServerOptions,
    'authenticate' | 'authorize' | 'authorizeUpdate' | 'createOnPush'
  > & {
    readonly publicRead: boolean;
  };
  /** The repositories that may be told of to everybody. */
  readonly shown: RepositoryStore;
  /** What to print of it at the start. */
  facts(): AccessFacts;
  close(): Promise<void>;
}

/** Who may do what without rules: the access file says who may push, and each repository who may read it. */
function withoutRules(access: AccessFile | undefined, visibilityOf: VisibilityOf): Authorize {
  const mayPush: Authorize = access?.authorize ?? (() => false);
  const mayRead = readingAsNoted(visibilityOf, mayPush);
  return async (asked) => {
    if (asked.context.operation === 'read') return mayRead(asked);
    // Where nobody may push, whoever tries is told why; but not of what they may not see.
    if (access || !(await mayRead(asked))) return mayPush(asked);
    throw new GitTyphoonError('ERR_FORBIDDEN', {
      message:
        'nobody may push to this server; whoever runs it can let users push with an access file (gittyphoon --accessfile) or rules (--rules)',
    });
  };
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
  const { 'create-on-push.enabled': mayCreate, 'access.public-read': publicRead } = values;
  const noted = createVisibilityReader({ gitCommand: values['git.command'] });
  const opened = await allOf({
    createOnPush: () => createOnPushOf(configuration),
    access: () => configuration.naming('access.file', openAccess(accessFile, mayCreate, store, log)),
    rules: () => configuration.naming('access.rules', openRules(rulesFile, noted, log)),
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
    issuers,
    htpasswd?.authenticate,
    access?.authenticate,
    external,
  ].filter((authenticate) => authenticate !== undefined);
  const bySecret = secrets.length > 0 ? throttle.around(combineAuthenticators(...secrets)) : undefined;
  const inOrder = [proxy, bySecret].filter((authenticate) => authenticate !== undefined);
  const unless = publicRead === false ? 'authenticated' : undefined;
  const visibilityOf: VisibilityOf = async (repository) => (await noted(repository)) ?? unless;
  const shownWithoutRules = rules ? nothingToShow : publicOnly(store, visibilityOf);
  return {
    // The throttle has checked the same addresses: a mistake is told once.
    addressOf: clientAddresses(configuration),
    throttle,
    options: {
      publicRead: publicRead === true,
      authenticate: inOrder.length > 0 ? combineAuthenticators(...inOrder) : undefined,
      authorize: rules?.authorize ?? withoutRules(access, visibilityOf),
      authorizeUpdate: rules?.authorizeUpdate,
      createOnPush,
    },
    shown: publicRead === true ? store : shownWithoutRules,
    facts: () => ({
      publicRead,
      logins: [
        ...(access ? [usersOf(access.userCount, accessFile)] : []),
        ...(htpasswd ? [usersOf(htpasswd.userCount, htpasswdFile)] : []),
        ...(issuers ? ['those whom an issuer names'] : []),
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
