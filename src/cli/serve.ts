/** `gittyphoon serve`: a server for a folder. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { limitConnections } from '../adapters/connections.js';
import { nodeHandler } from '../adapters/node.js';
import type { RepositoryStore } from '../repository/repository.js';
import type { GitServer } from '../server.js';
import { clientAddress, listen, reachableUrls, sharedAddresses } from './addresses.js';
import { allOf } from './all-of.js';
import { readConfiguration } from './configuration/configuration.js';
import type { CommandLine } from './configuration/flags.js';
import { answerLanding } from './landing.js';
import { listRepositories } from './listing.js';
import { catchHangups } from './hangup.js';
import { createLogger, logEvents, logLanding } from './logging.js';
import { Reloadable } from './reload.js';
import { openServedAccess } from './served-access.js';
import { servedGit, servedStore } from './served-git.js';
import { ServedWebhooks } from './served-webhooks.js';
import { untilStopped } from './shutdown.js';
import { startText } from './start-text.js';
import { wantedWebhooks } from './webhooks.js';

/** What `gittyphoon serve` is started with. */
export interface ServeOptions {
  readonly version: string;
  readonly commandLine: CommandLine;
}

/** `shown` gives the repositories that pages tell everybody of. */
function createHttpServer(git: GitServer, shown: () => RepositoryStore, log: Logger): Server {
  const fallback = (request: IncomingMessage, response: ServerResponse): void => {
    logLanding(log, request, response);
    answerLanding(request, response, shown()).catch((error: unknown) => {
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

/** Serves until a signal ends it; resolves with the exit code. */
export async function serve({ version, commandLine }: ServeOptions): Promise<number> {
  const whenHungUp = catchHangups();
  const { configuration, doubts } = await readConfiguration(commandLine);
  const { values } = configuration;
  const store = servedStore(configuration);
  const { 'listen.port': wantedPort, 'listen.host': host } = values;
  const log = await createLogger(values['log.level']);
  for (const doubt of doubts) log.warn(doubt);
  const { access, wanted } = await allOf({
    access: () => openServedAccess(configuration, store, log),
    wanted: () => wantedWebhooks(configuration),
  });
  const git = servedGit(configuration, { repositories: store, ...access.options });
  const gitVersion = await git.gitVersion();
  const webhooks = await ServedWebhooks.open(wanted, git, log);
  const reloadable = new Reloadable({ commandLine, store, git, webhooks, log }, configuration, access);
  const listing = await listRepositories(store.root, store);
  logEvents(git, log);
  const http = createHttpServer(git, () => reloadable.access.shown, log);
  limitConnections(http, {
    maxPerAddress: values['limits.max-connections-per-address'],
    sharedAddresses: sharedAddresses(values['access.trusted-proxies']),
    onRefused: (address) => log.warn({ address }, `too many connections from ${address}`),
  });
  const port = await listen(http, { host, port: wantedPort });
  const stopped = untilStopped(http, git, log, webhooks);
  whenHungUp(() => void reloadable.reload());
  // Whoever reads the first lines may then close the pipe.
  process.stdout.on('error', () => {});
  process.stdout.write(
    startText({
      version,
      gitVersion,
      folder: store.root,
      listing,
      urls: reachableUrls({ host, port }),
      access: access.facts(),
    }),
  );
  return stopped.finally(() => reloadable.close());
}
