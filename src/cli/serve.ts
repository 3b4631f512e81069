/** `gittyphoon serve`: a server for a folder. */
import { accessSync, constants } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { nodeHandler } from '../adapters/node.js';
import { OptionError } from '../errors.js';
import type { GitServerOptions } from '../options.js';
import { DirectoryStore } from '../repository/directory-store.js';
import type { RepositoryStore } from '../repository/repository.js';
import { createGitServer, type GitServer } from '../server.js';
import { clientAddress, listen, reachableUrls } from './addresses.js';
import { CommandError } from './command-error.js';
import { readConfiguration, type Configuration } from './configuration/configuration.js';
import type { CommandLine } from './configuration/flags.js';
import { explainOptionError, libraryOptions } from './configuration/library-options.js';
import { repositoriesFolder } from './folder.js';
import { answerLanding } from './landing.js';
import { listRepositories } from './listing.js';
import { createLogger, logEvents, logLanding } from './logging.js';
import { openServedAccess } from './served-access.js';
import { untilStopped } from './shutdown.js';
import { startText } from './start-text.js';
import { openWebhooks } from './webhooks.js';

/** What `gittyphoon serve` is started with. */
export interface ServeOptions {
  readonly version: string;
  readonly commandLine: CommandLine;
}

function folderOf({ values }: Configuration): string {
  const folder = repositoriesFolder(values['repositories.root']);
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

/** A page tells nobody which repositories there are when not everybody may read them. */
const nothingToShow: RepositoryStore = { find: () => Promise.resolve(undefined) };

function createHttpServer(git: GitServer, store: RepositoryStore, log: Logger): Server {
  const fallback = (request: IncomingMessage, response: ServerResponse): void => {
    logLanding(log, request, response);
    answerLanding(request, response, store).catch((error: unknown) => {
      log.error({ err: error }, 'a page could not be shown');
      response.destroy();
    });
  };
  const handler = nodeHandler(git, { fallback, remoteAddress: clientAddress });
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

/** A library's complaint is one about a setting. */
function createServerOf(configuration: Configuration, options: GitServerOptions): GitServer {
  try {
    return createGitServer({ ...libraryOptions(configuration), ...options });
  } catch (error) {
    throw error instanceof OptionError ? explainOptionError(error, configuration) : error;
  }
}

/** Serves until a signal ends it; resolves with the exit code. */
export async function serve({ version, commandLine }: ServeOptions): Promise<number> {
  const { configuration, doubts } = await readConfiguration(commandLine);
  const { values } = configuration;
  const folder = folderOf(configuration);
  const { 'listen.port': wantedPort, 'listen.host': host } = values;
  const store = new DirectoryStore({
    root: folder,
    requireExportOk: values['repositories.require-export-ok'],
  });
  const log = await createLogger(values['log.level']);
  for (const doubt of doubts) log.warn(doubt);
  const access = await openServedAccess(configuration, store, log);
  const git = createServerOf(configuration, { repositories: store, ...access.options });
  const gitVersion = await git.gitVersion();
  const webhooks = await openWebhooks(configuration, log);
  webhooks?.observe(git);
  const listing = await listRepositories(folder, store);
  logEvents(git, log);
  const http = createHttpServer(git, access.options.publicRead ? store : nothingToShow, log);
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
