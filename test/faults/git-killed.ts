/** git is killed with -9, as the system does when memory is short: at every phase of what the server uses it for. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { killedAfter, onDiscovery, onRpc, when } from '../conformance/scripted-git.js';
import { gitOk, type GitResult } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import type { Fault } from './fault.js';
import { patienceMs, type Place } from './place.js';
import { beginPush, holdClone, pushIntoHook } from './transfers.js';

function mustFail(what: string, { code }: Pick<GitResult, 'code'>): void {
  if (code === 0) throw new Error(`${what} succeeded although git was killed`);
}

/**
 * A receive-pack that is killed cannot remove what it has received. git sweeps that in `git gc` when it is two weeks old;
 * here we look whether it does, without the two weeks, and whether nothing else is left.
 */
export async function sweepQuarantines(place: Place): Promise<void> {
  const isQuiet = (): boolean => place.running('-pack').length === 0;
  await eventually('git has ended', isQuiet, patienceMs);
  const repository = place.at('app.git');
  await gitOk(['prune', '--expire=now'], { cwd: repository });
  const left = readdirSync(join(repository, 'objects')).filter((name) => name.startsWith('tmp_'));
  if (left.length > 0) throw new Error(`git does not sweep ${left.join(', ')}`);
}

/** Kills one program that the server has started. */
async function kill(place: Place, program: string): Promise<void> {
  const { pid } = await place.whenRunning(program);
  process.kill(pid, 'SIGKILL');
}

const sizes = [0, 50, 1_000, 1_000_000];

const whileAnswering: Fault = {
  name: 'git killed while it lists refs or sends a pack',
  async cause(place) {
    for (const phase of [onDiscovery, onRpc]) {
      for (const bytes of sizes) {
        // An advertisement is not that long.
        if (phase === onDiscovery && bytes > 100) continue;
        place.scripted.tell(when(phase, killedAfter(bytes)));
        mustFail('a clone', await place.clone());
        mustFail('a push', await place.push(place.freshRef()));
      }
    }
    place.scripted.tell();
    for (const program of ['upload-pack', 'pack-objects']) {
      const clone = await holdClone(place);
      await kill(place, program);
      mustFail('a clone', { code: await clone.finish() });
      await clone.close();
    }
    await sweepQuarantines(place);
  },
};

const whileReceiving: Fault = {
  name: 'git killed while it receives a pack',
  async cause(place) {
    for (const program of ['receive-pack', 'unpack-objects|index-pack']) {
      const push = await beginPush(place);
      for (const one of program.split('|')) {
        for (const { pid } of place.running(one)) process.kill(pid, 'SIGKILL');
      }
      await push.finish();
      const made = await gitOk(['for-each-ref', push.ref], { cwd: place.at('app.git') });
      if (made !== '') throw new Error(`a push whose git was killed has made ${made}`);
    }
    await sweepQuarantines(place);
  },
};

const whileInHook: Fault = {
  name: 'git or its hook killed while the hook runs',
  async cause(place) {
    for (const program of ['receive-pack', 'hooks/pre-receive']) {
      const { client } = await pushIntoHook(place);
      await kill(place, program);
      mustFail('a push', await client.ended);
    }
    await sweepQuarantines(place);
  },
};

export const gitKilled: readonly Fault[] = [whileAnswering, whileReceiving, whileInHook];
