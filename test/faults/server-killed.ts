import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemProcesses } from '../support/processes.js';
import { eventually } from '../support/server.js';
import type { Fault } from './fault.js';
import { sweepQuarantines } from './git-killed.js';
import { patienceMs, type Place } from './place.js';
import { beginPush, holdClone, pushIntoHook } from './transfers.js';

/** Gits and hooks that have outlived their server. */
function processesIn(folder: string): number {
  return systemProcesses().filter(({ cwd, isZombie }) => !isZombie && cwd.startsWith(folder)).length;
}

async function killAndStartAgain(place: Place): Promise<void> {
  place.server.signal('SIGKILL');
  await place.server.ended;
  await place.start();
}

const inBody: Fault = {
  name: 'server killed with -9 in mid-push and mid-clone',
  async cause(place) {
    const clone = await holdClone(place);
    const push = await beginPush(place);
    await killAndStartAgain(place);
    await push.connection.closed;
    push.connection.destroy();
    if ((await clone.finish()) === 0) throw new Error('a clone whose server was killed succeeded');
    await clone.close();
    await sweepQuarantines(place);
    removeHookFolders(place);
  },
};

/** git's hook outlives the server; whatever becomes of its push, the repository is sound. */
const inHook: Fault = {
  name: 'server killed with -9 while a hook runs',
  async cause(place) {
    const { client } = await pushIntoHook(place);
    await killAndStartAgain(place);
    const { code } = await client.ended;
    if (code === 0) throw new Error('a push whose server was killed succeeded');
    place.letHooksGo();
    await eventually('git has ended', () => processesIn(place.root) === 0, patienceMs);
    await sweepQuarantines(place);
    removeHookFolders(place);
  },
};

/** What a killed server leaves in the temporary folder, as documented: folders of hooks, and no other. */
function removeHookFolders(place: Place): void {
  for (const name of readdirSync(place.temporary)) {
    if (name.startsWith('gittyphoon-hooks-')) rmSync(join(place.temporary, name), { recursive: true });
  }
}

export const serverKilled: readonly Fault[] = [inBody, inHook];
