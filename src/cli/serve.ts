/** `gittyphoon serve`: a server for a folder. */
import { accessSync, constants, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { openAccessFile, type AccessFile, type Authorize } from '../access/index.js';
import { nodeHandler } from '../adapters/node.js';
import { GitTyphoonError } from '../errors.js';
import { DirectoryStore } from '../repository/directory-store.js';
import { createGitServer, type GitServer } from '../server.js';
import { clientAddress, listen, reachableUrls } from './addresses.js';
import { CommandError } from './command-error.js';
import { answerLanding } from './landing.js';
import { listRepositories } from './listing.js';
import { createLogger, logEvents, logLanding, type LogLevel } from './logging.js';
import { untilStopped } from './shutdown.js';
import { startText } from './start-text.js';

export interface ServeOptions {
  readonly version: string;
  readonly dir: string | undefined;
  readonly gitbase?: string;
  readonly port: number;
  readonly host?: string;
  readonly accessfile?: string;
  readonly createOnPush?: boolean;
  readonly realm: string;
  readonly logLevel: LogLevel;
}

function chooseFolder({ dir, gitbase }: ServeOptions): string {
  if (dir !== undefined && gitbase !== undefined && resolve(dir) !== resolve(gitbase)) {
    throw new CommandError(2, `DIR is ${dir} but --gitbase is ${gitbase}; give one of the two`);
  }
  const given = dir ?? gitbase ?? '.';
  const folder = resolve(given);
  if (given === '' || !statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const isVerb = ['serve', 'passwd', 'repo'].includes(given);
    const advice = isVerb
      ? `as a command, "${given}" comes before all flags`
      : 'give the one that holds the repositories';
    throw new CommandError(2, `there is no folder ${given || '""'}; ${advice}`);
  }
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

/** Without an access file nobody may push, and whoever tries is told why. */
const refusePush: Authorize = ({ repository }) => {
  if (!repository) return false;
  throw new GitTyphoonError('ERR_FORBIDDEN', {
    message:
      'nobody may push to this server; whoever runs it can let users push with an access file (gittyphoon --accessfile)',
  });
};

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
    onProblem: (problem) =>
      log.error({ file, line: problem.line }, `${problem.message}; what was read before stays in force`),
  });
}

function createHttpServer(git: GitServer, store: DirectoryStore, log: Logger): Server {
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

/** Serves until a signal ends it; resolves with the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const folder = chooseFolder(options);
  const { port: wantedPort, host, accessfile, createOnPush = false, realm, logLevel, version } = options;
  if (createOnPush && accessfile === undefined) {
    throw new CommandError(2, '--create-on-push needs --accessfile, which says who may create what');
  }
  const store = new DirectoryStore({ root: folder });
  const log = await createLogger(logLevel);
  const access = await openAccess(accessfile, createOnPush, store, log);
  const git = createGitServer({
    repositories: store,
    publicRead: true,
    realm,
    createOnPush: createOnPush ? () => ({}) : false,
    ...(access
      ? { authenticate: access.authenticate, authorize: access.authorize }
      : { authorize: refusePush }),
  });
  const gitVersion = await git.gitVersion();
  const listing = await listRepositories(folder, store);
  logEvents(git, log);
  const http = createHttpServer(git, store, log);
  const port = await listen(http, { host, port: wantedPort });
  const stopped = untilStopped(http, git, log);
  // Whoever reads the first lines may then close the pipe.
  process.stdout.on('error', () => {});
  process.stdout.write(
    startText({
      version,
      gitVersion,
      folder,
      listing,
      urls: reachableUrls({ host, port }),
      accessFile:
        access && accessfile !== undefined ? { path: accessfile, users: access.userCount } : undefined,
    }),
  );
  return stopped;
}
