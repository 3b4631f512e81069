import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.js';
import type { Place } from './place.js';

function limit(place: Place, files: number): void {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${place.server.pid}`, `--nofile=${files}:`]);
  if (status !== 0) throw new Error(`prlimit: ${String(stderr)}${place.server.stderr()}`);
}

/** The lowest limit that leaves a process so many: they are numbers, of which the lowest that is free is taken. */
function limitThatLeaves(room: number, used: ReadonlySet<number>): number {
  let free = 0;
  for (let number = 0; ; number += 1) {
    if (used.has(number)) continue;
    if (free === room) return number;
    free += 1;
  }
}

const waitMs = 3_000;

const rooms = [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16];

/** Leaves the server so few more that a clone and a push run out of them at every step in turn. */
export const descriptorsExhausted: Fault = {
  name: 'descriptors exhausted at every step of a request',
  cannot: () =>
    spawnSync('prlimit', ['--version']).error ? 'prlimit (util-linux) is not installed' : undefined,
  async cause(place) {
    let refused = 0;
    for (const room of rooms) {
      const used = new Set(readdirSync(`/proc/${place.server.pid}/fd`).map(Number));
      limit(place, limitThatLeaves(room, used));
      const both = Promise.all([place.clone(), place.push(place.freshRef())]);
      // A connection for which there is no descriptor waits until there is one.
      await Promise.race([both, sleep(waitMs)]);
      limit(place, 1024);
      const results = await both;
      refused += results.filter(({ code }) => code !== 0).length;
      if (place.server.hasEnded()) throw new Error(`the server has ended: ${place.server.stderr()}`);
    }
    if (refused === 0) throw new Error('nothing ran out of descriptors');
  },
};
