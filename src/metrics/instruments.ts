/**
 * What is counted of events, with its names and labels. No label holds a repository, a user or an address: each value would be a
 * time series of its own that Prometheus keeps for good, clients can invent them without end, and they would tell whoever
 * may read the metrics which repositories there are. The log has them.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import { failureTable } from '../errors.js';
import { requestStages } from '../timeline.js';

/** From an answer out of memory to a clone over a slow line, in seconds. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];
const stageBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 300, 3600];

export interface Instruments {
  readonly requests: Counter<'service' | 'phase' | 'status'>;
  readonly duration: Histogram<'service' | 'phase'>;
  readonly stages: Histogram<'stage'>;
  readonly received: Counter<'service'>;
  readonly sent: Counter<'service'>;
  readonly broken: Counter<'service'>;
  readonly failures: Counter<'code'>;
  readonly exits: Counter<'service' | 'exit'>;
  readonly cache: Counter<'result'>;
  readonly fetches: Counter<'kind'>;
  readonly pushes: Counter<'result'>;
  readonly refUpdates: Counter<'result'>;
  readonly created: Counter;
  readonly errors: Counter;
}

/** A series that is not there before its first event hides that event: Prometheus sees no increase from nothing to one. */
function beginAtZero({ failures, pushes, refUpdates, fetches }: Instruments): void {
  for (const code of Object.keys(failureTable)) failures.inc({ code }, 0);
  for (const result of ['ok', 'partial', 'rejected', 'unknown']) pushes.inc({ result }, 0);
  for (const result of ['ok', 'rejected', 'unknown']) refUpdates.inc({ result }, 0);
  for (const kind of ['clone', 'fetch']) fetches.inc({ kind }, 0);
}

/** Registers all of them. */
export function createInstruments(registry: Registry, prefix: string): Instruments {
  const registers = [registry];
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[] = [],
  ): Counter<Label> => new Counter({ name: `${prefix}${name}_total`, help, labelNames, registers });
  const histogram = <Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> =>
    new Histogram({ name: `${prefix}${name}_seconds`, help, labelNames, buckets, registers });
  const instruments: Instruments = {
    requests: counter('requests', 'Requests that have been answered', ['service', 'phase', 'status']),
    duration: histogram(
      'request_duration',
      'From the request to the end of its answer',
      ['service', 'phase'],
      requestBuckets,
    ),
    stages: histogram(
      'request_stage',
      `Stages of requests: ${requestStages.join(', ')}`,
      ['stage'],
      stageBuckets,
    ),
    received: counter('received_bytes', 'Bytes of request bodies, as they were sent', ['service']),
    sent: counter('sent_bytes', 'Bytes of answers', ['service']),
    broken: counter('broken_answers', 'Answers that did not come to their end', ['service']),
    failures: counter('failures', 'Requests that did not get what they had asked for, by reason', ['code']),
    exits: counter('git_exits', 'How gits that answered requests ended: exit code or signal', [
      'service',
      'exit',
    ]),
    cache: counter('cache_results', 'What caches of answers had', ['result']),
    fetches: counter('fetches', 'Clones and fetches that were served to their end', ['kind']),
    pushes: counter('pushes', 'Pushes, by what became of their refs', ['result']),
    refUpdates: counter('ref_updates', 'Refs of pushes, by what became of each', ['result']),
    created: counter('repositories_created', 'Repositories that pushes have created'),
    errors: counter('errors', 'Failures on the side of the server'),
  };
  beginAtZero(instruments);
  return instruments;
}
