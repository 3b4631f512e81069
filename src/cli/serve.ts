/** `gittyphoon serve`: a server for a folder. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { limitConnections } from '../adapters/connections.js';
import { nodeHandler } from '../adapters/node.js';
import type { GitServer } from '../server.js';
import { listen, reachableUrls, sharedAddresses } from './addresses.js';
import { allOf } from './all-of.js';
import { readConfiguration } from './configuration/configuration.js';
import type { CommandLine } from './configuration/flags.js';
import { answerLanding } from './landing.js';
import { listRepositories } from './listing.js';
import { catchHangups } from './hangup.js';
import { createLogger, logEvents, logLanding } from './logging.js';
import { answerHealth, Health } from './observation/health.js';
import { isWatched, LiveLine } from './observation/live-line.js';
import { observe, requestIdReader } from './observation/observe.js';
import { traced } from './observation/traced.js';
import { Reloadable } from './reload.js';
import { openServedAccess, type ServedAccess } from './served-access.js';
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

/** What answers beside git, and what is known of requests. */
interface ServerParts {
  /** What decides at the moment: it may be read again. */
  readonly access: () => ServedAccess;
  readonly health: Health;
  readonly requestId: ReturnType<typeof requestIdReader>;
  readonly log: Logger;
}

function createHttpServer(git: GitServer, { access, health, requestId, log }: ServerParts): Server {
  const remoteAddress = (request: IncomingMessage): string | undefined => access().addressOf(request);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (await answerHealth(request, response, health, { tellsWhy: false })) return;
    logLanding(log, request, response, remoteAddress(request));
    await answerLanding(request, response, access().shown);
  };
  const fallback = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'a page could not be shown');
      response.destroy();
    });
  };
  const handler = nodeHandler(git, { fallback, remoteAddress, requestId });
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
  const line = values['log.live'] && isWatched() ? new LiveLine(process.stderr) : undefined;
  const log = await createLogger(values['log.level'], line);
  for (const doubt of doubts) log.warn(doubt);
  const { access, wanted } = await allOf({
    access: () => openServedAccess(configuration, store, log),
    wanted: () => wantedWebhooks(configuration),
  });
  const git = await traced(servedGit(configuration, { repositories: store, ...access.options }));
  const gitVersion = await git.gitVersion();
  const webhooks = await ServedWebhooks.open(wanted, git, log);
  const reloadable = new Reloadable({ commandLine, store, git, webhooks, log }, configuration, access);
  const listing = await listRepositories(store.root, store);
  logEvents(git, log);
  const health = new Health(git, store.root);
  const http = createHttpServer(git, {
    access: () => reloadable.access,
    health,
    requestId: requestIdReader(configuration),
    log,
  });
  limitConnections(http, {
    sharedAddresses: sharedAddresses(values['access.trusted-proxies']),
    onRefused: (address) => log.warn({ address }, `too many connections from ${address}`),
  });
  const observation = await observe(configuration, { git, health, log, line });
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
      metricsUrl: observation.metricsUrl,
    }),
  );
  return stopped.finally(async () => {
    observation.close();
    await reloadable.close();
  });
}
