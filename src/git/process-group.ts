import { readdirSync, readFileSync } from 'node:fs';

/** The fields of /proc/PID/stat behind the name, which may hold anything (proc(5)): state, parent, group. */
function groupOf(pid: string): number | undefined {
  try {
    const [, , group] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return Number(group);
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** The processes of a group besides its leader; none where the system does not tell. */
export function followersOf(leader: number): number[] {
  try {
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== leader);
    return all.filter((pid) => groupOf(pid) === leader).map(Number);
  } catch {
    return [];
  }
}
