/** What a transfer may leave behind: processes, quarantines, locks, temporary files. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

function processesIn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) return [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const isThere = readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) || command.includes(folder);
        return isThere && Number(pid) !== process.pid ? [`process ${pid}: ${command}`] : [];
      } catch {
        return [];
      }
    });
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
