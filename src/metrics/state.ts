import { Gauge, type Registry } from 'prom-client';
import type { KindCounts } from '../http/admission/admission.js';
import type { GitServer, ServerStatus } from '../server.js';

/** Registers what is read off the server whenever somebody asks. */
export function showState(server: Pick<GitServer, 'status'>, registry: Registry, prefix: string): void {
  const gauge = (name: string, help: string, read: (status: ServerStatus) => number): Gauge =>
    new Gauge({
      name: prefix + name,
      help,
      registers: [],
      collect() {
        this.set(read(server.status()));
      },
    });
  const gaugeByKind = (
    name: string,
    help: string,
    read: (status: ServerStatus) => KindCounts,
  ): Gauge<'kind'> =>
    new Gauge({
      name: prefix + name,
      help,
      registers: [],
      labelNames: ['kind'],
      collect() {
        for (const [kind, count] of Object.entries(read(server.status()))) this.set({ kind }, count);
      },
    });
  const gauges = [
    gauge('active_requests', 'Requests that have not been answered to their end', ({ requests }) => requests),
    gaugeByKind('git_running', 'Gits that run for requests', ({ running }) => running),
    gaugeByKind('git_queued', "Requests that wait for git's turn", ({ queued }) => queued),
    gauge('git_processes', 'All gits that run, helpers included', ({ gitProcesses }) => gitProcesses),
    gauge('spooled_bytes', 'Bytes of fetch requests that are held', ({ spooledBytes }) => spooledBytes),
    gauge('closing', '1 while the server ends and takes no new requests', ({ isClosing }) =>
      Number(isClosing),
    ),
  ];
  for (const each of gauges) registry.registerMetric(each);
}
