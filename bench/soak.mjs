// Many clients for a long time: `npm run soak -- [--minutes N] [--clients N] [--rate N] [--seed N]`. Starts the built
// command, lets clients clone, fetch, push and break off, and says what went wrong, what leaked and how long things
// took. Exits with 1 when anything went wrong or leaked. Linux only.
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { actions } from './soak/actions.mjs';
import { makeClient } from './soak/client.mjs';
import { keep, rowsOf, tableOf } from './soak/report.mjs';
import { startServed } from './soak/served.mjs';
import { makeStage } from './soak/stage.mjs';
import { leaksOf, lookAtRest, watch } from './soak/watch.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '50' },
    /** Actions that all clients together begin in a second; one is 1.6 requests or so. */
    rate: { type: 'string', default: '32' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
  },
});
const [minutes, clientCount, rate, seed] = ['minutes', 'clients', 'rate', 'seed'].map((name) => {
  const number = Number(values[name]);
  if (number > 0) return number;
  throw new Error(`--${name} takes a number above 0`);
});

/** The last part goes on until so many requests have been answered, however slow the machine is. */
const wanted = 2_000 * minutes;

/** Between these the server is let come to rest and looked at; the first part is the warm-up. */
const parts = [0.1, 0.225, 0.225, 0.225, 0.225];

/** Whole repositories, clones that equal them, and nothing left lying about. */
async function verify(stage, served, fail) {
  for (const name of stage.all) {
    const bare = join(stage.repositories, name);
    const copy = stage.fresh();
    try {
      await stage.git(bare, 'fsck', '--strict', '--no-dangling', '--no-progress');
      await stage.git(stage.clients, 'clone', '-q', '--mirror', `${served.url()}/${name}`, copy);
      if ((await stage.refsOf(copy)) !== (await stage.refsOf(bare)))
        throw new Error('a clone has other refs');
      const left = readdirSync(join(bare, 'objects')).filter((entry) => entry.startsWith('tmp_objdir'));
      if (left.length > 0) throw new Error(`${left.length} quarantines were left behind`);
    } catch (error) {
      fail(`${name} afterwards`, error);
    }
  }
  const left = readdirSync(stage.temporary);
  if (left.length > 0) fail('temporary files', new Error(`left behind: ${left.join(', ')}`));
}

async function main() {
  const began = new Date().toISOString();
  console.log(`seed ${seed}: ${clientCount} clients for ${minutes} minutes`);
  const stage = await makeStage();
  const durations = new Map(actions.map(({ name }) => [name, []]));
  const [failures, errors] = [new Map(), []];
  const fail = (name, error) => {
    failures.set(name, (failures.get(name) ?? 0) + 1);
    errors.push(`${name}: ${error.message}`);
    if (errors.length <= 20) console.error(errors.at(-1));
  };
  const tell = (name, ms, error) => {
    durations.get(name).push(ms);
    if (error) fail(name, error);
  };
  try {
    const served = await startServed(stage);
    const clients = Array.from({ length: clientCount }, (_, number) =>
      makeClient({ number, seed, stage, served, tell }),
    );
    const [rests, loads] = [[], []];
    const watched = watch(served.pid);
    for (const [index, part] of parts.entries()) {
      const deadline = performance.now() + part * minutes * 60_000;
      const isLast = index === parts.length - 1;
      const isOver = () => performance.now() >= deadline && (!isLast || served.log.requests >= wanted);
      await Promise.all(clients.map((client) => client.work(isOver, (clientCount / rate) * 1_000)));
      loads.push(loadavg()[0]);
      rests.push(await lookAtRest(served.pid));
      const { rssMiB, descriptors, processes } = rests.at(-1);
      console.log(
        `at rest after ${served.log.requests} requests: ${rssMiB} MiB, ${descriptors} descriptors, ${processes} processes`,
      );
    }
    watched.stop();
    // Before the last comparisons, which are no part of the load.
    const { requests, brokenOff, statuses } = structuredClone(served.log);
    await verify(stage, served, fail);
    const code = await served.stop();
    if (code !== 0) fail('stopping', new Error(`the server ended with ${code}`));
    for (const line of served.log.errors) fail('the log', new Error(line));
    const leaks = leaksOf(rests);
    const machine = {
      cores: cpus().length,
      node: process.version,
      git: gitVersion(),
      load: Math.max(...loads),
    };
    const rows = rowsOf(durations, failures);
    const findings = {
      began,
      minutes,
      clients: clientCount,
      rate,
      seed,
      machine,
      requests,
      brokenOff,
      statuses,
      most: watched.most,
      rests,
      leaks,
      errors,
      rows,
    };
    console.log(`\n${tableOf(rows)}\n`);
    console.log(`${requests} requests, ${brokenOff} broken off, answered with ${JSON.stringify(statuses)}`);
    console.log(`most under load: ${JSON.stringify(watched.most)}; machine: ${JSON.stringify(machine)}`);
    console.log(`leaks: ${leaks.length > 0 ? leaks.join('; ') : 'no'}; errors: ${errors.length}`);
    console.log(`written to ${keep(findings)}`);
    process.exitCode = errors.length > 0 || leaks.length > 0 ? 1 : 0;
  } finally {
    stage.remove();
  }
}

function gitVersion() {
  return execFileSync('git', ['version'], { encoding: 'utf8' }).trim();
}

await main();
