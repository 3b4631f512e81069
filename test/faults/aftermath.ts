/** What has to hold behind every fault. */
import { readdirSync, readFileSync } from 'node:fs';
import { leftovers } from '../conformance/leftovers.js';
import { commitFile, fsck, gitOk } from '../support/fixtures.js';
import { descendantsOf } from '../support/processes.js';
import { eventually } from '../support/server.js';
import { patienceMs, type Place } from './place.js';

/** The server's memory may be so much above what it was: the garbage collector takes its time. */
const allowedBytes = 96 * 1024 * 1024;

/** Sockets that the system has not taken leave of yet, and what Node.js opens on first use. */
const allowedFiles = 2;

export interface Usage {
  readonly files: number;
  readonly bytes: number;
}

function usageOf(pid: number): Usage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    files: readdirSync(`/proc/${pid}/fd`).length,
    bytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024,
  };
}

function strays(place: Place): string[] {
  const { pid } = place.server;
  return [
    ...leftovers(place.root, place.temporary).filter((found) => !found.startsWith(`process ${pid}: `)),
    ...descendantsOf(pid).map((found) => `process ${found.pid}: ${found.command}`),
  ];
}

async function nothingStrayIn(place: Place): Promise<void> {
  let found: string[] = [];
  const look = (): boolean => (found = strays(place)).length === 0;
  await eventually('nothing stray is left', look, patienceMs).catch((error: unknown) => {
    throw new Error(`left behind: ${found.join('\n')}`, { cause: error });
  });
}

/** A clone that holds what the repository holds, and a push out of it that arrives. */
async function cloneAndPushWork(place: Place): Promise<void> {
  const copy = place.fresh();
  await gitOk(['clone', '-q', place.url(), copy]);
  const oid = await commitFile(copy, 'next', `${copy}\n`);
  await gitOk(['push', '-q', 'origin', 'HEAD:refs/heads/main'], { cwd: copy });
  const arrived = await gitOk(['rev-parse', 'main'], { cwd: place.at('app.git') });
  if (arrived !== oid) throw new Error(`the next push did not arrive: main is ${arrived}`);
}

/** Uses the server once, and gives what it holds then, at rest. */
export async function usageAtRest(place: Place): Promise<Usage> {
  await cloneAndPushWork(place);
  await nothingStrayIn(place);
  return usageOf(place.server.pid);
}

/** Throws with what is not as it was. */
export async function checkAftermath(place: Place, before: Usage): Promise<void> {
  if (place.server.hasEnded()) throw new Error(`the server has ended: ${place.server.stderr()}`);
  await nothingStrayIn(place);
  for (const name of ['app.git', 'big.git']) await fsck(place.at(name));
  await cloneAndPushWork(place);
  await nothingStrayIn(place);
  let now = usageOf(place.server.pid);
  const isBack = (): boolean => (now = usageOf(place.server.pid)).files <= before.files + allowedFiles;
  await eventually('descriptors are back to the start', isBack, patienceMs).catch((error: unknown) => {
    throw new Error(`${before.files} descriptors became ${now.files}`, { cause: error });
  });
  if (now.bytes > before.bytes + allowedBytes) {
    throw new Error(`${before.bytes} bytes of memory became ${now.bytes}`);
  }
  if (/unexpected failure|unhandled/i.test(place.server.stderr())) throw new Error(place.server.stderr());
}
