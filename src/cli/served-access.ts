/** Who may do what on the server that the command starts, put together from its flags. */
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
import { createVisibilityReader } from '../git/visibility-note.js';
import type { DirectoryStore } from '../repository/directory-store.js';
import type { RepositoryStore } from '../repository/repository.js';
import { CommandError, forFlag } from './command-error.js';
import { nothingToShow, publicOnly, readingAsNoted, type VisibilityOf } from './noted-reading.js';
import { openIssuers } from './served-oidc.js';
import { usersOf, type AccessFacts } from './start-text.js';

/** The flags of `gittyphoon serve` that are about access. */
export interface AccessFlags {
  readonly accessfile?: string;
  readonly createOnPush?: boolean;
  readonly htpasswd?: string;
  readonly authUrl?: string;
  readonly oidc?: string;
  readonly trustedProxy?: readonly string[];
  readonly userHeader?: string;
  readonly rules?: string;
  readonly tokens?: string;
}

export interface ServedAccess {
  readonly options: Pick<
    GitServerOptions,
    'authenticate' | 'authorize' | 'authorizeUpdate' | 'createOnPush'
  > & {
    readonly publicRead: false;
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

const stays = 'what was read before stays in force';

async function openAccess(
  { accessfile: file, createOnPush: mayCreate = false }: AccessFlags,
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

async function openRules(
  file: string | undefined,
  visibilityOf: VisibilityOf,
  log: Logger,
): Promise<RulesFile | undefined> {
  if (file === undefined) return undefined;
  return openRulesFile(file, {
    visibilityOf,
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
function fromProxy({ trustedProxy, userHeader }: AccessFlags): Authenticate | undefined {
  if (userHeader === undefined) return undefined;
  if (trustedProxy === undefined) {
    throw new CommandError(2, '--user-header needs --trusted-proxy: name the proxies that may send it');
  }
  return forFlag('--trusted-proxy or --user-header', () =>
    proxyHeaderAuthenticator({ trustedAddresses: trustedProxy, userHeader }),
  );
}

function checkCreateOnPush({ createOnPush, accessfile, rules }: AccessFlags): void {
  if (!createOnPush || accessfile !== undefined || rules !== undefined) return;
  throw new CommandError(2, '--create-on-push needs --accessfile or --rules, which say who may create what');
}

/** Who can log in, in words. */
function loginsOf(
  flags: AccessFlags,
  access: AccessFile | undefined,
  htpasswd: HtpasswdFile | undefined,
): readonly string[] {
  return [
    ...(access ? [usersOf(access.userCount, flags.accessfile)] : []),
    ...(htpasswd ? [usersOf(htpasswd.userCount, flags.htpasswd)] : []),
    ...(flags.oidc === undefined ? [] : ['those whom an issuer names']),
    ...(flags.authUrl === undefined ? [] : ['those whom --auth-url knows']),
    ...(flags.userHeader === undefined ? [] : ['those whom a trusted proxy names']),
  ];
}

/** Opens all files that the flags name; rejects with the first that cannot be used. */
export async function openServedAccess(
  flags: AccessFlags,
  store: DirectoryStore,
  log: Logger,
): Promise<ServedAccess> {
  checkCreateOnPush(flags);
  const access = await openAccess(flags, store, log);
  const visibilityOf = createVisibilityReader();
  const rules = await openRules(flags.rules, visibilityOf, log);
  const tokens = await openTokens(flags.tokens, log);
  const htpasswd = await openHtpasswd(flags.htpasswd, log);
  const { authUrl: url } = flags;
  const external =
    url === undefined ? undefined : forFlag('--auth-url', () => externalAuthenticator({ url }));
  const proxy = fromProxy(flags);
  const issuers = await openIssuers(flags.oidc, log);
  // A bad token is nobody's password: the file of tokens says null to it, and nobody else is asked.
  const secrets = [
    tokens?.authenticate,
    issuers,
    htpasswd?.authenticate,
    access?.authenticate,
    external,
  ].filter((authenticate) => authenticate !== undefined);
  // A proxy on this machine or a trusted one stands for all who come through it.
  const sharedAddresses = ['127.0.0.0/8', '::1', ...(flags.trustedProxy ?? [])];
  const bySecret =
    secrets.length > 0
      ? forFlag('--trusted-proxy', () => throttled(combineAuthenticators(...secrets), { sharedAddresses }))
      : undefined;
  const inOrder = [proxy, bySecret].filter((authenticate) => authenticate !== undefined);
  return {
    options: {
      publicRead: false,
      authenticate: inOrder.length > 0 ? combineAuthenticators(...inOrder) : undefined,
      authorize: rules?.authorize ?? withoutRules(access, visibilityOf),
      authorizeUpdate: rules?.authorizeUpdate,
      createOnPush: flags.createOnPush ? () => ({}) : false,
    },
    shown: rules ? nothingToShow : publicOnly(store, visibilityOf),
    facts: () => ({
      logins: loginsOf(flags, access, htpasswd),
      accessFile: access && { path: flags.accessfile ?? '', users: access.userCount },
      rulesFile: rules && { path: flags.rules ?? '', rules: rules.summary.ruleCount },
      createsOnPush: flags.createOnPush ?? false,
      tokenFile: tokens && { path: flags.tokens ?? '', tokens: tokens.tokenCount },
    }),
    close: async () => {
      await tokens?.close();
    },
  };
}
