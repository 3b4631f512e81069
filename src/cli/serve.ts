/** `gittyphoon serve`: a server for a folder. */
import { accessSync, constants } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { nodeHandler } from '../adapters/node.js';
import { DirectoryStore } from '../repository/directory-store.js';
import type { RepositoryStore } from '../repository/repository.js';
import { createGitServer, type GitServer } from '../server.js';
import { listen, reachableUrls } from './addresses.js';
import { clientAddresses, type AddressOf } from './client-address.js';
import { CommandError } from './command-error.js';
import { repositoriesFolder } from './folder.js';
import { answerLanding } from './landing.js';
import { listRepositories } from './listing.js';
import { createLogger, logEvents, logLanding, type LogLevel } from './logging.js';
import { pushLimitsOf, type PushLimitFlags } from './push-limits.js';
import { openServedAccess, type AccessFlags } from './served-access.js';
import { untilStopped } from './shutdown.js';
import { startText } from './start-text.js';
import { webhooksOf } from './webhooks.js';

export interface ServeOptions extends AccessFlags, PushLimitFlags {
  readonly version: string;
  readonly dir: string | undefined;
  readonly gitbase?: string;
  readonly port: number;
  readonly host?: string;
  readonly realm: string;
  readonly logLevel: LogLevel;
  readonly webhooks?: string;
  readonly webhookQueue?: string;
}

function chooseFolder({ dir, gitbase }: ServeOptions): string {
  if (dir !== undefined && gitbase !== undefined && resolve(dir) !== resolve(gitbase)) {
    throw new CommandError(2, `DIR is ${dir} but --gitbase is ${gitbase}; give one of the two`);
  }
  const folder = repositoriesFolder(dir ?? gitbase ?? '.');
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw new CommandError(
      2,
      `not allowed to read the folder ${folder}; change its permissions or the user`,
      error,
    );
  }
  return folder;
}

/** `shown` are the repositories that pages tell everybody of. */
function createHttpServer(
  git: GitServer,
  shown: RepositoryStore,
  log: Logger,
  remoteAddress: AddressOf,
): Server {
  const fallback = (request: IncomingMessage, response: ServerResponse): void => {
    logLanding(log, request, response, remoteAddress(request));
    answerLanding(request, response, shown).catch((error: unknown) => {
      log.error({ err: error }, 'a page could not be shown');
      response.destroy();
    });
  };
  const handler = nodeHandler(git, { fallback, remoteAddress });
  const http = createServer(
    {
      // Node.js would end every push that takes longer than 300 seconds; we watch for idle clients ourselves.
      requestTimeout: 0,
      headersTimeout: 60_000,
      // Longer than proxies and git keep a connection that they still mean to use.
      keepAliveTimeout: 75_000,
      // Tickets of Kerberos are large.
      maxHeaderSize: 64 * 1024,
    },
    handler,
  );
  http.on('checkContinue', handler.checkContinue);
  return http;
}

/** Serves until a signal ends it; resolves with the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const folder = chooseFolder(options);
  const { port: wantedPort, host, realm, logLevel, version } = options;
  const store = new DirectoryStore({ root: folder });
  const log = await createLogger(logLevel);
  const access = await openServedAccess(options, store, log);
  const remoteAddress = clientAddresses(options);
  const git = createGitServer({
    repositories: store,
    realm,
    ...access.options,
    pushLimits: pushLimitsOf(options),
  });
  const gitVersion = await git.gitVersion();
  const webhooks = await webhooksOf(options, log);
  webhooks?.observe(git);
  const listing = await listRepositories(folder, store);
  logEvents(git, log);
  const http = createHttpServer(git, access.shown, log, remoteAddress);
  const port = await listen(http, { host, port: wantedPort });
  const stopped = untilStopped(http, git, log, webhooks);
  // Whoever reads the first lines may then close the pipe.
  process.stdout.on('error', () => {});
  process.stdout.write(
    startText({
      version,
      gitVersion,
      folder,
      listing,
      urls: reachableUrls({ host, port }),
      access: access.facts(),
    }),
  );
  return stopped.finally(() => access.close());
}
