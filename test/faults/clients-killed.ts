import { openCuttingProxy, type CutPoint } from '../conformance/cutting-proxy.js';
import type { Fault } from './fault.js';
import type { Place } from './place.js';
import { beginPush, holdClone, pushIntoHook } from './transfers.js';

const points: readonly CutPoint[] = (['fin', 'rst'] as const).flatMap((how) => [
  { direction: 'up', bytes: 200, how },
  { direction: 'up', bytes: 1_000_000, how },
  { direction: 'down', bytes: 500, how },
  { direction: 'down', bytes: 1_000_000, how },
]);

async function cutOff(place: Place, point: CutPoint): Promise<void> {
  const proxy = await openCuttingProxy(place.server.port, point);
  try {
    const { code } =
      point.direction === 'up'
        ? await place.push(place.freshRef(), proxy.port)
        : await place.clone('app.git', proxy.port);
    if (code === 0) throw new Error(`nothing was cut at ${point.bytes} bytes ${point.direction}`);
  } finally {
    await proxy.close();
  }
}

/** kill -9 leaves the system to close the connection; a machine that goes resets it, or says nothing at all. */
export const clientsKilled: Fault = {
  name: 'clients killed in clone, push and hook',
  async cause(place) {
    for (const point of points) await cutOff(place, point);
    const clone = await holdClone(place);
    await clone.close();
    const half = await beginPush(place);
    half.connection.socket.resetAndDestroy();
    // Its push is complete: git goes on without its client.
    const push = await pushIntoHook(place);
    push.client.signal('SIGKILL');
    await push.client.ended;
    place.letHooksGo();
  },
};
