// What the server holds: looked at once a second under load, and again each time that it is at rest.
import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, openDescriptors, residentBytes } from '../process-memory.mjs';

const mebibyte = 1024 * 1024;

function look(pid) {
  return {
    rssMiB: Math.round((residentBytes(pid) / mebibyte) * 10) / 10,
    descriptors: openDescriptors(pid),
    processes: descendants(pid).length,
  };
}

/** Looks once a second until `stop`, and keeps the most of each. */
export function watch(pid) {
  const most = { rssMiB: 0, descriptors: 0, processes: 0 };
  const timer = setInterval(() => {
    const now = look(pid);
    for (const name of Object.keys(most)) most[name] = Math.max(most[name], now[name]);
  }, 1_000);
  return { most, stop: () => clearInterval(timer) };
}

/** What is held at rest: once no process is left and the descriptors stay the same, or after half a minute all the same. */
export async function lookAtRest(pid) {
  const deadline = performance.now() + 30_000;
  let [now, quiet] = [look(pid), 0];
  while (quiet < 3 && performance.now() < deadline) {
    await sleep(500);
    const next = look(pid);
    quiet = next.processes === 0 && next.descriptors === now.descriptors ? quiet + 1 : 0;
    now = next;
  }
  return now;
}

/** A process that has warmed up may still breathe so much. */
const breathMiB = 24;
/** Since its warm-up it may have grown so much: the collector gives memory back late. */
const grownMiB = 64;

/**
 * What has leaked between rests, in words; nothing when nothing has. Memory counts as leaked when it grows on
 * through the last half, or is far above what the warm-up left; descriptors and processes at the first that is left.
 */
export function leaksOf(rests) {
  const [first, middle, last] = [rests[0], rests[Math.floor(rests.length / 2)], rests.at(-1)];
  const leaks = [];
  if (last.rssMiB - middle.rssMiB > breathMiB || last.rssMiB - first.rssMiB > grownMiB) {
    leaks.push(`memory: ${rests.map(({ rssMiB }) => rssMiB).join(', ')} MiB at rest`);
  }
  if (last.descriptors > first.descriptors) {
    leaks.push(`descriptors: ${rests.map(({ descriptors }) => descriptors).join(', ')} at rest`);
  }
  if (last.processes > 0) leaks.push(`processes: ${last.processes} left at rest`);
  return leaks;
}
