/** All that watches a server which the command runs. */
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { addressMatcher } from '../../access/address-list.js';
import { collectMetrics } from '../../metrics/index.js';
import type { GitServer } from '../../server.js';
import { listenAt, reachableUrls } from '../addresses.js';
import type { Configuration } from '../configuration/configuration.js';
import type { Health } from './health.js';
import type { LiveLine } from './live-line.js';
import { createMetricsServer } from './metrics-server.js';
import { showTransfers } from './transfers.js';

export interface ObservedParts {
  readonly git: GitServer;
  readonly health: Health;
  readonly log: Logger;
  /** Undefined where nobody looks at a terminal. */
  readonly line: LiveLine | undefined;
}

/** Something that watches. */
export interface Observation {
  /** Where metrics are; undefined where they are not asked for. */
  readonly metricsUrl: string | undefined;
  close(): void;
}

const listenProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else does; give another port',
  EACCES: 'it is not allowed; give a port above 1023',
  EADDRNOTAVAIL: 'the address is none of this machine',
  ENOTFOUND: 'the address is none of this machine',
};

/** Begins to watch; rejects when the address for metrics cannot be listened on. */
export async function observe(
  configuration: Configuration,
  { git, health, log, line }: ObservedParts,
): Promise<Observation> {
  const wanted = configuration.values['metrics.listen'];
  const closers: (() => void)[] = [];
  let metricsUrl: string | undefined;
  if (wanted) {
    const { registry } = collectMetrics(git);
    const server = createMetricsServer({ registry, health, log });
    const port = await listenAt(server, wanted).catch((error: NodeJS.ErrnoException) => {
      const problem = `cannot listen there: ${listenProblems[error.code ?? ''] ?? error.message}`;
      throw configuration.error('metrics.listen', problem);
    });
    metricsUrl = `${reachableUrls({ host: wanted.host, port })[0] ?? ''}metrics`;
    // Metrics are read until the very end, and keep nobody from ending.
    server.unref();
    closers.push(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  if (line) closers.push(showTransfers(git, line));
  return { metricsUrl, close: () => closers.forEach((close) => close()) };
}

/** The id that a trusted proxy has given a request, where the settings name its header. */
export function requestIdReader(
  configuration: Configuration,
): ((request: IncomingMessage) => string | undefined) | undefined {
  const { 'log.request-id-header': name, 'access.trusted-proxies': proxies } = configuration.values;
  if (name === undefined) return undefined;
  if (!proxies) {
    const problem = 'needs {access.trusted-proxies}: name the proxies that may send it';
    throw configuration.error('log.request-id-header', problem);
  }
  const isTrusted = configuration.blaming('access.trusted-proxies', () =>
    addressMatcher('trustedAddresses', proxies),
  );
  const header = name.toLowerCase();
  return ({ headers, socket }) => {
    const value = headers[header];
    return typeof value === 'string' && isTrusted(socket.remoteAddress) ? value : undefined;
  };
}
