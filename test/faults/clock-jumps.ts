import { eventually } from '../support/server.js';
import type { Fault } from './fault.js';
import { othersAreServed } from './others.js';
import { patienceMs, type Place } from './place.js';
import { beginPush, holdClone } from './transfers.js';

async function hasJumped(place: Place): Promise<boolean> {
  const { headers } = await fetch(place.server.url);
  return Math.abs(Date.parse(headers.get('date') ?? '') - Date.now()) > 3_600_000;
}

/** The server's own clock only; git and the clients have the right time. */
export const clockJumps: Fault = {
  name: 'clock jumps by a day, ahead and back',
  setting: { env: { NODE_OPTIONS: `--import=${new URL('shift-clock.mjs', import.meta.url).href}` } },
  async cause(place) {
    const clone = await holdClone(place);
    const push = await beginPush(place);
    place.server.signal('SIGUSR2');
    // Node.js keeps the header for up to a second.
    await eventually('the clock jumps', () => hasJumped(place), patienceMs);
    await othersAreServed(place);
    place.server.signal('SIGUSR2');
    await othersAreServed(place);
    const { body } = await push.finish();
    if (!body.includes(`ok ${push.ref}`)) throw new Error(`the push failed: ${body.toString()}`);
    const code = await clone.finish();
    await clone.close();
    if (code !== 0) throw new Error(`the clone ended with ${code}`);
  },
};
