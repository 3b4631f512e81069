/** What a transfer may leave behind: processes, quarantines, locks, temporary files. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemProcesses } from '../support/processes.js';

function processesIn(folder: string): string[] {
  return systemProcesses()
    .filter(({ pid, isZombie }) => pid !== process.pid && !isZombie)
    .filter(({ cwd, command }) => cwd.startsWith(folder) || command.includes(folder))
    .map(({ pid, command }) => `process ${pid}: ${command}`);
}

/** All paths below a folder, also while quarantines in it come and go. */
export function namesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    // A quarantine that goes away while we look is one that is still there: look again.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ['tmp_vanishing'];
    throw error;
  }
}

/** Everything below `served`, or in `temporary`, that should not be there when nothing is going on. */
export function leftovers(served: string, temporary: string): string[] {
  const files = namesBelow(served)
    .filter((path) => /(?:^|\/)(?:tmp_|incoming-|\.tmp-)|\.lock$/.test(path))
    .map((path) => join(served, path));
  return [...processesIn(served), ...files, ...readdirSync(temporary)];
}

/** Open files of this process. */
export function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}
