import { eventually } from '../support/server.js';
import type { Fault } from './fault.js';
import { othersAreServed } from './others.js';
import { patienceMs, type Place } from './place.js';
import { beginPush, holdClone } from './transfers.js';

/** Moves the clock, and waits until the server itself says so. */
async function jump(place: Place): Promise<void> {
  const before = place.server.stderr().length;
  const said = (): number =>
    Date.parse(/the time is (\S+)\n/.exec(place.server.stderr().slice(before))?.[1] ?? '');
  place.server.signal('SIGUSR2');
  await eventually('the clock jumps', () => Math.abs(said() - Date.now()) > 3_600_000, patienceMs);
}

/** The server's own clock only; git and the clients have the right time. */
export const clockJumps: Fault = {
  name: 'clock jumps by a day, ahead and back',
  setting: { env: { NODE_OPTIONS: `--import=${new URL('shift-clock.mjs', import.meta.url).href}` } },
  async cause(place) {
    const clone = await holdClone(place);
    const push = await beginPush(place);
    await jump(place);
    await othersAreServed(place);
    await jump(place);
    await othersAreServed(place);
    const { body } = await push.finish();
    if (!body.includes(`ok ${push.ref}`)) throw new Error(`the push failed: ${body.toString()}`);
    const code = await clone.finish();
    await clone.close();
    if (code !== 0) throw new Error(`the clone ended with ${code}`);
  },
};
