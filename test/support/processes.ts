/** The processes of this machine, read from /proc: an empty Debian has no `ps`. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface SystemProcess {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly isZombie: boolean;
  /** Its arguments with spaces between them. */
  readonly command: string;
  /** Where it works; empty when it is not ours to see. */
  readonly cwd: string;
}

function readProcess(pid: number): SystemProcess | undefined {
  try {
    // The second field is the program's name in brackets, and may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    const isZombie = stat[0] === 'Z';
    const cwd = isZombie ? '' : readlinkSync(`/proc/${pid}/cwd`);
    return { pid, parent: Number(stat[1]), group: Number(stat[2]), isZombie, command, cwd };
  } catch {
    // It has ended meanwhile, or is another user's.
    return undefined;
  }
}

export function systemProcesses(): SystemProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readProcess(Number(pid)))
    .filter((found) => found !== undefined);
}

/** What a process has started, and what that has started in turn; dead ones that are not collected yet are left out. */
export function descendantsOf(pid: number): SystemProcess[] {
  const all = systemProcesses();
  const found: SystemProcess[] = [];
  const add = (parent: number): void => {
    for (const child of all) {
      if (child.parent !== parent) continue;
      found.push(child);
      add(child.pid);
    }
  };
  add(pid);
  return found.filter(({ isZombie }) => !isZombie);
}
