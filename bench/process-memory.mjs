// What the kernel says of the memory of a process and of what it has started (Linux only).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

function statusField(pid, name) {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'));
  return Number(line?.[1] ?? 0) * 1024;
}

/** Bytes resident now. */
export const residentBytes = (pid) => statusField(pid, 'VmRSS');

/** The most bytes that were ever resident since the last reset. */
export const peakBytes = (pid) => statusField(pid, 'VmHWM');

/** Lets the peak begin anew (proc(5), clear_refs). */
export const resetPeak = (pid) => writeFileSync(`/proc/${pid}/clear_refs`, '5');

function parentOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** All that a process has started, and what these have, that has not ended and been waited for. */
export function descendants(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), parentOf(name));
    } catch {
      // It has ended since.
    }
  }
  const isBelow = (child) => {
    for (let up = parents.get(child); up !== undefined; up = parents.get(up)) if (up === pid) return true;
    return false;
  };
  return [...parents.keys()].filter(isBelow);
}

/** Bytes resident now in all descendants of a process. */
export function descendantBytes(pid) {
  let bytes = 0;
  for (const child of descendants(pid)) {
    try {
      bytes += residentBytes(child);
    } catch {
      // It has ended since.
    }
  }
  return bytes;
}

/** How many file descriptors a process has open. */
export const openDescriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;
