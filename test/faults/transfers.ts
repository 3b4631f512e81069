/** Transfers that have begun and go no further, until they are let go. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { slowLineTo } from '../acceptance/throttle.js';
import { pushBody, pushType } from '../conformance/raw-push.js';
import { hermetic, type GitResult } from '../support/fixtures.js';
import type { SystemProcess } from '../support/processes.js';
import { openRaw, requestHead, type RawConnection, type RawResponse } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { patienceMs, type Place } from './place.js';

/** A real git with its own process group, so that it can be killed with all that it has started. */
export class Client {
  readonly ended: Promise<Pick<GitResult, 'code' | 'stderr'>>;
  readonly #child: ChildProcess;

  constructor(args: readonly string[], cwd: string) {
    const child = spawn('git', args, {
      cwd,
      env: hermetic,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    this.#child = child;
    this.ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  }

  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.#child.pid ?? 0), signal);
    } catch {
      // It has ended by itself.
    }
  }
}

/** A push whose hook waits until {@link Place.letHooksGo}. */
export async function pushIntoHook(place: Place): Promise<{ client: Client; hook: SystemProcess }> {
  const client = new Client(['push', place.url(), `main:${place.waitingRef()}`], place.work);
  return { client, hook: await place.whenRunning('hooks/pre-receive') };
}

export interface HeldClone {
  readonly client: Client;
  /** Lets the rest through; gives the exit code. */
  finish(): Promise<number | null>;
  close(): Promise<void>;
}

/** A clone of `big.git` whose answer has begun to arrive. */
export async function holdClone(place: Place): Promise<HeldClone> {
  const line = await slowLineTo(place.server.port);
  const client = new Client(
    ['clone', '-q', '--bare', place.url('big.git', line.port), place.fresh()],
    place.folder,
  );
  await eventually('the clone is held back', () => line.isHolding(), patienceMs);
  return {
    client,
    async finish() {
      line.open();
      return (await client.ended).code;
    },
    async close() {
      client.signal('SIGKILL');
      await client.ended;
      await line.close();
    },
  };
}

export interface HalfPush {
  readonly connection: RawConnection;
  readonly oid: string;
  readonly ref: string;
  /** Sends the rest, and gives the answer. */
  finish(): Promise<RawResponse>;
}

/** Who may push, for requests that no git client makes. */
export const loginHeader = ['Authorization', `Basic ${Buffer.from('ann:x').toString('base64')}`] as const;

/** A push of which `share` has been sent, and which git has begun to read. */
export async function beginPush(place: Place, share = 0.5): Promise<HalfPush> {
  const ref = place.freshRef();
  const { oid, body } = await pushBody(place.work, ref);
  const headers = [...pushType, loginHeader, ['Content-Length', String(body.length)] as const];
  const connection = await openRaw(place.server.port);
  const head = requestHead({ method: 'POST', path: '/app.git/git-receive-pack', headers });
  const middle = Math.floor(body.length * share);
  await connection.write(Buffer.concat([Buffer.from(head), body.subarray(0, middle)]));
  await place.whenRunning('receive-pack');
  return {
    connection,
    oid,
    ref,
    async finish() {
      void connection.write(body.subarray(middle));
      const response = await connection.response('POST');
      connection.destroy();
      return response;
    },
  };
}
