import { openRaw, requestHead } from '../support/raw-http.js';
import type { Fault } from './fault.js';
import { othersAreServed } from './others.js';
import { beginPush, holdClone } from './transfers.js';

/** Connections of which only one half lives: nobody speaks, nobody will speak any more, or nobody answers. */
export const halfOpen: Fault = {
  name: 'half-open sockets: silent, half-closed, stopped',
  async cause(place) {
    const { port } = place.server;
    const silent = await Promise.all(Array.from({ length: 30 }, () => openRaw(port)));
    // Node.js takes a client that closes its half for one that has gone.
    const asking = await openRaw(port);
    asking.socket.end(requestHead({ path: '/app.git/info/refs?service=git-upload-pack' }));
    await asking.closed;
    asking.destroy();
    const push = await beginPush(place);
    push.connection.socket.end();
    await push.connection.closed;
    push.connection.destroy();
    const clone = await holdClone(place);
    clone.client.signal('SIGSTOP');
    await othersAreServed(place);
    await clone.close();
    for (const connection of silent) connection.destroy();
  },
};
