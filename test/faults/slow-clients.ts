/** Clients that send or read as good as nothing, many at once. Others must not notice, and the server must end them. */
import { lsRefs, fetchType } from '../conformance/raw-push.js';
import { v2Request } from '../conformance/raw-fetch.js';
import { gitOk } from '../support/fixtures.js';
import { openRaw, requestHead, type RawConnection } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { othersAreServed } from './others.js';
import type { Fault } from './fault.js';
import { patienceMs, type Place } from './place.js';

const clients = 40;

/** What takes longer than this is not waited for in the short form. */
const shortMs = 10_000;

/** Opens slow clients, looks whether others are served, and waits until the server has had enough of them. */
async function bear(place: Place, deadlineMs: number, begin: string, drip: string): Promise<void> {
  const slow: RawConnection[] = [];
  while (slow.length < clients) slow.push(await openRaw(place.server.port));
  for (const connection of slow) await connection.write(begin);
  const dripping = setInterval(() => {
    for (const connection of slow) if (drip !== '' && !connection.isClosed) void connection.write(drip);
  }, 5_000);
  try {
    await othersAreServed(place);
    if (process.env['FAULT_SHORT'] === '1' && deadlineMs > shortMs) return;
    const areEnded = (): boolean => slow.every(({ isClosed }) => isClosed);
    await eventually('the server ends slow clients', areEnded, deadlineMs + patienceMs);
  } finally {
    clearInterval(dripping);
    for (const connection of slow) connection.destroy();
  }
}

export const slowHeader: Fault = {
  name: 'slow-loris in the header',
  cause: (place) =>
    bear(place, place.deadlines.headersMs, 'GET /app.git/info/refs HTTP/1.1\r\nHost: x\r\n', 'X-Slow: 1\r\n'),
};

export const slowBody: Fault = {
  name: 'slow-loris in the body',
  cause: (place) =>
    bear(
      place,
      place.deadlines.requestIdleMs,
      requestHead({
        method: 'POST',
        path: '/app.git/git-upload-pack',
        headers: [...fetchType, ['Content-Length', '1000']],
      }) + lsRefs.slice(0, 10),
      '',
    ),
};

/** Asks for all of `big.git` and reads none of it. */
export const slowReader: Fault = {
  name: 'slow-loris in reading',
  async cause(place) {
    const oid = await gitOk(['rev-parse', 'main'], { cwd: place.at('big.git') });
    const body = v2Request('fetch', [`want ${oid}\n`, 'done\n']);
    const head = requestHead({ method: 'POST', path: '/big.git/git-upload-pack', headers: fetchType, body });
    const silent: RawConnection[] = [];
    while (silent.length < 4) silent.push(await openRaw(place.server.port));
    try {
      for (const { socket } of silent) {
        socket.pause();
        socket.write(head + body);
      }
      await place.whenRunning('pack');
      await othersAreServed(place);
      const { responseIdleMs } = place.deadlines;
      if (process.env['FAULT_SHORT'] === '1' && responseIdleMs > shortMs) return;
      const isOver = (): boolean => place.running('-pack').length === 0;
      await eventually('the server ends clients that do not read', isOver, responseIdleMs + patienceMs);
    } finally {
      for (const connection of silent) connection.destroy();
    }
  },
};
