import { collectDefaultMetrics, Registry } from 'prom-client';
import { OptionError } from '../errors.js';
import type { FetchEvent, PushEvent, RequestEvent } from '../events.js';
import { booleanOr, rejectUnknown } from '../option-checks.js';
import type { GitServer } from '../server.js';
import { createInstruments, type Instruments } from './instruments.js';
import { showState } from './state.js';

export interface MetricsOptions {
  /** Where the metrics go. Default a registry of their own. */
  readonly registry?: Registry | undefined;
  /** What all names of ours begin with. Default `gittyphoon_`. */
  readonly prefix?: string | undefined;
  /**
   * Also measure the process: memory, processor, descriptors, the lag of the event loop, under prom-client's own names.
   * Default `true` without a `registry`: one of your application's has them already, or does not want them.
   */
  readonly processMetrics?: boolean | undefined;
}

export interface Metrics {
  /** For your own endpoint: `registry.metrics()` and `registry.contentType`. */
  readonly registry: Registry;
  /** Counts no more events. */
  stop(): void;
}

function countRequest(instruments: Instruments, event: RequestEvent): void {
  const { context, status, failure, requestBytes, responseBytes, durationMs, stages, gitExit, cache } = event;
  const { service, phase } = context;
  instruments.requests.inc({ service, phase, status: String(status) });
  instruments.duration.observe({ service, phase }, durationMs / 1000);
  instruments.received.inc({ service }, requestBytes);
  instruments.sent.inc({ service }, responseBytes);
  for (const { stage, durationMs: ms } of stages) instruments.stages.observe({ stage }, ms / 1000);
  if (event.aborted) instruments.broken.inc({ service });
  if (failure) instruments.failures.inc({ code: failure });
  if (gitExit !== undefined) instruments.exits.inc({ service, exit: String(gitExit) });
  if (cache) instruments.cache.inc({ result: cache });
}

function countFetch({ fetches }: Instruments, { request }: FetchEvent): void {
  fetches.inc({ kind: request.haveCount === 0 ? 'clone' : 'fetch' });
}

function countPush({ pushes, refUpdates }: Instruments, { updates }: PushEvent): void {
  const results = new Set<string>();
  for (const { result } of updates) {
    refUpdates.inc({ result: result.status });
    results.add(result.status);
  }
  const [only = 'unknown', ...others] = results;
  pushes.inc({ result: others.length > 0 ? 'partial' : only });
}

/**
 * Collects metrics of a server from now on. Throws an `OptionError` for options that cannot be used, and prom-client's own
 * error when the registry has metrics of these names: give each server its prefix there.
 *
 * @example
 * const { registry } = collectMetrics(git);
 * app.get('/metrics', async (_req, res) => res.type(registry.contentType).send(await registry.metrics()));
 */
export function collectMetrics(server: GitServer, options: MetricsOptions = {}): Metrics {
  rejectUnknown(options, { registry: true, prefix: true, processMetrics: true }, '');
  const { registry = new Registry(), prefix = 'gittyphoon_', processMetrics } = options;
  if (typeof prefix !== 'string' || !/^(?:[A-Za-z_][A-Za-z0-9_]*)?$/.test(prefix)) {
    throw new OptionError(
      'prefix',
      'must be made of letters, digits and underscores, and begin with no digit',
    );
  }
  const instruments = createInstruments(registry, prefix);
  showState(server, registry, prefix);
  if (booleanOr(processMetrics, 'processMetrics', options.registry === undefined)) {
    collectDefaultMetrics({ register: registry });
  }
  const listeners = [
    server.on('request', (event) => countRequest(instruments, event)),
    server.on('fetch', (event) => countFetch(instruments, event)),
    server.on('push', (event) => countPush(instruments, event)),
    server.on('create', () => instruments.created.inc()),
    server.on('error', () => instruments.errors.inc()),
  ];
  return { registry, stop: () => listeners.forEach((remove) => remove()) };
}
