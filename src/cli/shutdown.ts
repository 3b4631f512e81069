import type { Server, ServerResponse } from 'node:http';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { GitServer } from '../server.js';
import type { ServedWebhooks } from './served-webhooks.js';

/** How long running transfers may take to end after the first signal. */
const graceMs = 10_000;

/** Ends the server: no new connections, no new requests, and what runs may end within its time. */
async function stopGently(
  http: Server,
  git: GitServer,
  open: ReadonlySet<ServerResponse>,
  webhooks: ServedWebhooks,
): Promise<void> {
  const deadline = performance.now() + graceMs;
  http.close();
  await git.close({ graceMs });
  // Behind the last push, so that it is kept too.
  await webhooks.close({ graceMs: Math.max(0, deadline - performance.now()) });
  // git has ended; its last words may still be on their way to a slow reader.
  while (open.size > 0 && performance.now() < deadline) await sleep(20);
  http.closeAllConnections();
}

/**
 * Resolves with the exit code once SIGTERM or SIGINT has ended the server: 0 after the first signal, as a shell
 * counts signals after a second one, which waits for nobody.
 */
export function untilStopped(
  http: Server,
  git: GitServer,
  log: Logger,
  webhooks: ServedWebhooks,
): Promise<number> {
  const open = new Set<ServerResponse>();
  const track = (_request: unknown, response: ServerResponse): void => {
    open.add(response);
    response.once('close', () => open.delete(response));
  };
  http.on('request', track);
  http.on('checkContinue', track);
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (signal: 'SIGTERM' | 'SIGINT'): void => {
      signals += 1;
      const code = 128 + constants.signals[signal];
      if (signals === 1) {
        log.info(
          `${signal}: ending, at the latest in ${graceMs / 1000} seconds; a second signal ends at once`,
        );
        void stopGently(http, git, open, webhooks).then(() => resolve(0));
      } else if (signals === 2) {
        log.warn(`${signal}: ending at once`);
        http.closeAllConnections();
        // Only git's own ending is waited for: nothing of it may stay behind.
        void git.close({ graceMs: 0 }).then(() => resolve(code));
      } else {
        resolve(code);
      }
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
