/** Metrics of a server with real clients, as Prometheus would read them. */
import { Counter, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectMetrics, type Metrics, type MetricsOptions } from '../../src/metrics/index.js';
import { commitFile, makeBareRepository } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { clientOf, openLab, writeHook, type Lab } from './lab.js';

let lab: Lab;
let metrics: Metrics;
const client = clientOf(2);

beforeEach(async () => {
  lab = await openLab({ authenticate: () => ({ name: 'ann-of-the-secret-team' }) });
  metrics = collectMetrics(lab.server.git);
  await makeBareRepository(lab.at('secret-plan.git'), { commits: 2 });
});
afterEach(() => lab.close());

/** The value of a series as it is written for Prometheus; undefined where there is none. */
async function valueOf(series: string): Promise<number | undefined> {
  const line = (await metrics.registry.metrics()).split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

async function has(series: string, value: number): Promise<void> {
  await eventually(`${series} is ${value}`, async () => (await valueOf(series)) === value);
}

async function push(ref: string): Promise<number> {
  const work = lab.fresh();
  await client.ok(['clone', '-q', lab.url('secret-plan.git'), work]);
  await commitFile(work, 'new', 'new\n');
  return (await client.try(['push', '-q', lab.url('secret-plan.git'), ref], work)).code ?? -1;
}

it('counts requests, bytes, times and ends of git, by service', async () => {
  await client.ok(['clone', '-q', lab.url('secret-plan.git'), lab.fresh()]);
  await has('gittyphoon_fetches_total{kind="clone"}', 1);
  await has('gittyphoon_requests_total{service="git-upload-pack",phase="discovery",status="200"}', 1);
  // ls-refs, and the fetch itself.
  await has('gittyphoon_requests_total{service="git-upload-pack",phase="rpc",status="200"}', 2);
  await has('gittyphoon_request_duration_seconds_count{service="git-upload-pack",phase="rpc"}', 2);
  await has('gittyphoon_request_stage_seconds_count{stage="answer"}', 3);
  await has('gittyphoon_git_exits_total{service="git-upload-pack",exit="0"}', 3);
  await has('gittyphoon_active_requests', 0);
  await has('gittyphoon_closing', 0);
  expect(await valueOf('gittyphoon_received_bytes_total{service="git-upload-pack"}')).toBeGreaterThan(100);
  const told = lab.server.events.request.reduce((sum, { responseBytes }) => sum + responseBytes, 0);
  expect(await valueOf('gittyphoon_sent_bytes_total{service="git-upload-pack"}')).toBe(told);
});

it('counts pushes and refs by what became of them', async () => {
  expect(await valueOf('gittyphoon_pushes_total{result="rejected"}')).toBe(0);
  expect(await push('HEAD:refs/heads/new')).toBe(0);
  await has('gittyphoon_pushes_total{result="ok"}', 1);
  await has('gittyphoon_ref_updates_total{result="ok"}', 1);
  writeHook(lab.at('secret-plan.git'), 'update', 'exit 1');
  expect(await push('HEAD:refs/heads/other')).not.toBe(0);
  await has('gittyphoon_pushes_total{result="rejected"}', 1);
  await has('gittyphoon_ref_updates_total{result="rejected"}', 1);
});

it('counts what was refused by its code', async () => {
  expect(await valueOf('gittyphoon_failures_total{code="ERR_NOT_FOUND"}')).toBe(0);
  expect((await client.try(['ls-remote', lab.url('none.git')])).code).not.toBe(0);
  await has('gittyphoon_failures_total{code="ERR_NOT_FOUND"}', 1);
});

it('shows gits that run, and then that they do not', async () => {
  const gate = lab.fresh();
  writeHook(lab.at('secret-plan.git'), 'update', `while [ ! -e '${gate}' ]; do sleep 0.02; done`);
  const pushing = push('HEAD:refs/heads/slow');
  await has('gittyphoon_git_running{kind="push"}', 1);
  await has('gittyphoon_active_requests', 1);
  expect(await valueOf('gittyphoon_git_queued{kind="push"}')).toBe(0);
  await client.ok(['init', '-q', gate]);
  expect(await pushing).toBe(0);
  await has('gittyphoon_git_running{kind="push"}', 0);
  await has('gittyphoon_git_processes', 0);
});

it('names no repository, no user and no address', async () => {
  expect(await push('HEAD:refs/heads/new')).toBe(0);
  await has('gittyphoon_pushes_total{result="ok"}', 1);
  const text = await metrics.registry.metrics();
  expect(text).not.toMatch(/secret|127\.0\.0\.1|refs\/heads/);
});

it('has the lag of the event loop, memory and descriptors of the process', async () => {
  const text = await metrics.registry.metrics();
  for (const name of [
    'nodejs_eventloop_lag_p99_seconds',
    'process_resident_memory_bytes',
    'process_open_fds',
  ]) {
    expect(text).toContain(`# TYPE ${name} gauge`);
  }
});

it('has a bounded number of series, however many repositories are asked for', async () => {
  const count = async (): Promise<number> =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith('gittyphoon_')).length;
  const ask = async (name: string): Promise<void> => {
    await (await fetch(`${lab.url(name)}/info/refs?service=git-upload-pack`)).text();
    await (await fetch(`${lab.url(name)}/HEAD`, { method: 'POST' })).text();
  };
  await ask('first.git');
  const before = await count();
  for (const name of ['second.git', 'third.git', 'fourth.git']) await ask(name);
  expect(await count()).toBe(before);
});

describe('in a registry of the application', () => {
  it('stands beside its own metrics, under a prefix, without those of the process', async () => {
    const registry = new Registry();
    registry.registerMetric(new Counter({ name: 'shop_orders_total', help: 'orders', registers: [] }));
    const mine = collectMetrics(lab.server.git, { registry, prefix: 'shop_git_' });
    expect(mine.registry).toBe(registry);
    const text = await registry.metrics();
    expect(text).toContain('shop_orders_total');
    expect(text).toContain('shop_git_active_requests 0');
    expect(text).not.toMatch(/process_|nodejs_|gittyphoon_/);
    expect(() => collectMetrics(lab.server.git, { registry, prefix: 'shop_git_' })).toThrow(
      /already been registered/,
    );
  });

  it('counts nothing more once it was stopped', async () => {
    metrics.stop();
    await client.ok(['ls-remote', lab.url('secret-plan.git')]);
    await eventually('the request is told', () => lab.server.events.request.length > 1);
    expect(await metrics.registry.metrics()).not.toContain('gittyphoon_requests_total{');
  });
});

it.each([
  [{ colour: 'red' }, /option "colour" is not known/],
  [{ prefix: '1-a' }, /option "prefix" must be made of letters/],
  [{ processMetrics: 'no' }, /option "processMetrics" must be true or false/],
])('refuses options that it cannot use: %j', (options, problem) => {
  expect(() => collectMetrics(lab.server.git, options as MetricsOptions)).toThrow(problem);
});
