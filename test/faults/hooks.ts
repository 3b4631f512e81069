import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeHook } from '../conformance/lab.js';
import { systemProcesses } from '../support/processes.js';
import type { Fault } from './fault.js';
import { othersAreServed } from './others.js';
import { pushIntoHook } from './transfers.js';

/** It does not listen to SIGTERM either. An operator ends it; everybody else goes on meanwhile. */
export const hookHangs: Fault = {
  name: 'a hook that hangs',
  async cause(place) {
    const { client, hook } = await pushIntoHook(place);
    await othersAreServed(place);
    process.kill(hook.pid, 'SIGKILL');
    const { code, stderr } = await client.ended;
    if (code === 0 || !stderr.includes('pre-receive hook declined'))
      throw new Error(`not refused: ${stderr}`);
  },
};

/** As hooks do that start a build. git itself waits for one that keeps the hook's output open. */
export const hookLeavesDaemon: Fault = {
  name: 'a hook that forks a daemon',
  async cause(place) {
    const noted = join(place.folder, 'daemon');
    writeHook(place.at('app.git'), 'post-receive', `sleep 1000 > /dev/null 2>&1 & echo $! > '${noted}'`);
    try {
      const { code, stderr } = await place.push(place.freshRef());
      if (code !== 0) throw new Error(`the push failed: ${stderr}`);
      const pid = Number(readFileSync(noted, 'utf8'));
      const isAlive = systemProcesses().some((found) => found.pid === pid && !found.isZombie);
      if (!isAlive) throw new Error('the daemon was ended with the push');
      await othersAreServed(place);
      for (const { pid: sleeping } of systemProcesses().filter(
        ({ command, cwd }) => command === 'sleep 1000' && cwd.startsWith(place.root),
      )) {
        process.kill(sleeping, 'SIGKILL');
      }
    } finally {
      rmSync(join(place.at('app.git'), 'hooks', 'post-receive'));
    }
  },
};
