import type { AccessPolicy, Challenge } from './access/policy.js';
import type { RequestContext } from './context.js';
import { OptionError } from './errors.js';
import { pushHookNames } from './git/hook-names.js';
import type { CorsPolicy } from './http/cors.js';
import type { CorsOptions, GitServerOptions, ResolvedOptions } from './options.js';
import {
  booleanOr,
  functionOrNone,
  isFolder,
  isRecord,
  rejectUnknown,
  textOr,
  wholeNumberOr,
} from './option-checks.js';
import { DirectoryStore } from './repository/directory-store.js';
import { repositoryAt } from './repository/function-store.js';
import type { Repository } from './repository/repository.js';
import { resolvePushPolicy } from './resolve-push-policy.js';
import { resolveCreateOnPush } from './resolve-create.js';
import { resolveGitResources } from './resolve-git-resources.js';
import { resolveLimits } from './resolve-limits.js';

const knownOptions: Readonly<Record<keyof GitServerOptions, true>> = {
  repositories: true,
  requireExportOk: true,
  publicRead: true,
  publicWrite: true,
  authenticate: true,
  authorize: true,
  authorizeUpdate: true,
  preReceive: true,
  postReceive: true,
  pushLimits: true,
  createOnPush: true,
  realm: true,
  challenge: true,
  gitCommand: true,
  gitConfig: true,
  environment: true,
  hooks: true,
  highestProtocolVersion: true,
  dumbHttp: true,
  cors: true,
  gitResources: true,
  limits: true,
};

function resolveFind(options: GitServerOptions): ResolvedOptions['find'] {
  const { repositories, requireExportOk } = options;
  const exportOk = booleanOr(requireExportOk, 'requireExportOk', false);
  if (typeof repositories === 'string') {
    if (!isFolder(textOr(repositories, 'repositories', ''))) {
      throw new OptionError('repositories', `names a folder that does not exist: ${repositories}`);
    }
    const store = new DirectoryStore({ root: repositories, requireExportOk: exportOk });
    return (path) => store.find(path);
  }
  if (requireExportOk !== undefined) {
    throw new OptionError('requireExportOk', 'goes with a folder in "repositories" only');
  }
  if (typeof repositories === 'function') {
    return async (path: string, context: RequestContext): Promise<Repository | undefined> => {
      const folder = await repositories(path, context);
      return folder === undefined || folder === null ? undefined : repositoryAt(folder, path);
    };
  }
  if (!isRecord(repositories) || typeof repositories['find'] !== 'function') {
    throw new OptionError('repositories', 'must be a folder, a store with find(), or a function');
  }
  return (path) => repositories.find(path);
}

function basicChallenge(realm: string): Challenge {
  for (const character of realm) {
    if (character < ' ' || character > '~') {
      throw new OptionError('realm', 'may hold printable ASCII characters only');
    }
  }
  const value = `Basic realm="${realm.replace(/["\\]/g, '\\$&')}"`;
  return () => value;
}

function resolvePolicy(options: GitServerOptions): AccessPolicy {
  const { authenticate, authorize, challenge } = options;
  functionOrNone(authenticate, 'authenticate');
  functionOrNone(authorize, 'authorize');
  functionOrNone(challenge, 'challenge');
  const basic = basicChallenge(textOr(options.realm, 'realm', 'Git'));
  return {
    authenticate,
    authorize,
    challenge: challenge ?? basic,
    publicRead: booleanOr(options.publicRead, 'publicRead', authorize === undefined),
    publicWrite: booleanOr(options.publicWrite, 'publicWrite', false),
  };
}

/** Newer gits also take hooks from configuration, which a folder without hooks does not reach. */
const withoutHooks: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ...pushHookNames.map((event): [string, string] => [`hook.${event}.enabled`, 'false']),
];

function resolveGitConfig(options: GitServerOptions): ResolvedOptions['gitConfig'] {
  const { gitConfig = {}, hooks = 'repository' } = options;
  if (!isRecord(gitConfig)) throw new OptionError('gitConfig', 'must be an object of keys and values');
  if (hooks !== 'repository' && hooks !== 'none') {
    throw new OptionError('hooks', 'must be "repository" or "none"');
  }
  const pairs: (readonly [string, string])[] = [];
  for (const [key, given] of Object.entries(gitConfig)) {
    const option = `gitConfig.${key}`;
    if (!/^[A-Za-z][A-Za-z0-9-]*\.(?:[^\n\0]*\.)?[A-Za-z][A-Za-z0-9-]*$/.test(key)) {
      throw new OptionError(option, 'is no configuration key; write section.key or section.name.key');
    }
    for (const value of Array.isArray(given) ? (given as readonly unknown[]) : [given]) {
      if (typeof value !== 'string' || value.includes('\0')) {
        throw new OptionError(option, 'must be a text, such as "true", or a list of texts');
      }
      pairs.push([key, value]);
    }
  }
  if (hooks === 'none') pairs.push(...withoutHooks);
  return pairs;
}

function resolveOrigins(origins: CorsOptions['origins']): CorsPolicy['origins'] {
  if (origins === '*') return origins;
  if (!Array.isArray(origins) || origins.length === 0) {
    throw new OptionError('cors.origins', 'must be "*" or a list of origins');
  }
  for (const origin of origins) {
    if (typeof origin !== 'string' || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new OptionError(
        'cors.origins',
        `must hold origins such as https://example.org, not ${String(origin)}`,
      );
    }
  }
  return [...origins];
}

function resolveCors(cors: CorsOptions | undefined): CorsPolicy | undefined {
  if (cors === undefined) return undefined;
  if (!isRecord(cors)) throw new OptionError('cors', 'must be an object');
  rejectUnknown(cors, { origins: true, credentials: true, maxAgeSeconds: true }, 'cors.');
  const origins = resolveOrigins(cors.origins);
  const credentials = booleanOr(cors.credentials, 'cors.credentials', false);
  if (credentials && origins === '*') {
    throw new OptionError('cors.credentials', 'is not possible with origins "*"; list the origins');
  }
  const maxAgeSeconds = wholeNumberOr(cors.maxAgeSeconds, 'cors.maxAgeSeconds', 600, { lowest: 0 });
  return { origins, credentials, maxAgeSeconds };
}

/** Checks every option and fills in the defaults; the caller's object is not kept. */
export function resolveOptions(options: GitServerOptions): ResolvedOptions {
  if (!isRecord(options)) throw new OptionError('repositories', 'is required');
  rejectUnknown(options, knownOptions, '');
  if (options.repositories === undefined) throw new OptionError('repositories', 'is required');
  const { highestProtocolVersion = 2, environment = () => ({}) } = options;
  if (![0, 1, 2].includes(highestProtocolVersion)) {
    throw new OptionError('highestProtocolVersion', 'must be 0, 1 or 2');
  }
  functionOrNone(environment, 'environment');
  const limits = resolveLimits(options.limits);
  const resources = resolveGitResources(options.gitResources);
  return {
    find: resolveFind(options),
    policy: resolvePolicy(options),
    createOnPush: resolveCreateOnPush(options),
    gitCommand: textOr(options.gitCommand, 'gitCommand', 'git'),
    // What is said of a key by name has the last word.
    gitConfig: [...resources.config, ...resolveGitConfig(options)],
    gitProcesses: resources.processes,
    environment,
    highestProtocolVersion,
    dumbHttp: booleanOr(options.dumbHttp, 'dumbHttp', true),
    cors: resolveCors(options.cors),
    limits,
    pushPolicy: resolvePushPolicy(options, limits.pushCallbackTimeoutMs),
  };
}
