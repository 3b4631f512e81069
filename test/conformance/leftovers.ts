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

/** Everything below `served`, or in `temporary`, that should not be there when nothing is going on. */
export function leftovers(served: string, temporary: string): string[] {
  const files = readdirSync(served, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(?:^|\/)(?:tmp_|incoming-|\.tmp-)|\.lock$/.test(path))
    .map((path) => join(served, path));
  return [...processesIn(served), ...files, ...readdirSync(temporary)];
}

/** Open files of this process. */
export function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}
