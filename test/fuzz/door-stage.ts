/**
 * A door with two repositories behind it, `app.git` to read and `pushed.git` to push to, and what must hold there
 * whatever clients send.
 */
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  GitTyphoonError,
  type ErrorEvent,
  type GitServer,
  type GitServerOptions,
  type PushEvent,
  type RequestEvent,
} from '../../src/index.js';
import { leftovers, openFiles } from '../conformance/leftovers.js';
import { fetchType, lsRefs, pushBody } from '../conformance/raw-push.js';
import { open } from '../contract/hosts/door.js';
import { honoDoor } from '../contract/hosts/hono.js';
import { commitFile, fsck, gitOk, makeBareRepository, makeTempDir, refsOf } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import { eventually, startServer } from '../support/server.js';

export const doorNames = ['node:http', 'fetch'] as const;
export type DoorName = (typeof doorNames)[number];

export interface Stage {
  readonly port: number;
  readonly events: {
    readonly request: readonly RequestEvent[];
    readonly push: readonly PushEvent[];
    readonly error: readonly ErrorEvent[];
  };
  /** The body of a push that makes `ref`. Its pack is the same each time. */
  push(ref: string): Buffer;
  readonly main: string;
  /**
   * Waits until nothing is left of what clients did, and checks that the server answers as ever, that no ref has
   * changed or come but by a push whose pack had arrived, and that the repositories are sound.
   */
  settle(): Promise<void>;
  close(): Promise<void>;
}

interface Opened {
  readonly git: GitServer;
  readonly port: number;
  readonly events: Stage['events'];
  close(): Promise<void>;
}

const openDoor = (name: DoorName, options: GitServerOptions): Promise<Opened> =>
  name === 'fetch' ? open(honoDoor(''), options) : startServer(options);

/** What nobody caught. Vitest fails a run for it as well, but not the test that caused it. */
function watchProcess(): { readonly seen: unknown[]; stop(): void } {
  const seen: unknown[] = [];
  const see = (error: unknown): void => void seen.push(error);
  const names = ['uncaughtException', 'unhandledRejection'] as const;
  for (const name of names) process.on(name, see);
  return { seen, stop: () => names.forEach((name) => process.off(name, see)) };
}

/** Open files that were made in a folder and have no name there any more: requests that went to the disk. */
function namelessFiles(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(folder) ? [`descriptor ${fd}: ${target}`] : [];
    } catch {
      return [];
    }
  });
}

/** A request that git cannot read is git's failure; one whose client has left fails anyhow; anything else is ours. */
const isOurs = ({ error, context }: ErrorEvent): boolean =>
  context?.signal.aborted !== true &&
  !(error instanceof GitTyphoonError && (error.status < 500 || error.code === 'ERR_GIT_FAILED'));

export async function openStage(name: DoorName): Promise<Stage> {
  const folder = makeTempDir();
  const served = join(folder.path, 'served');
  const temporary = join(folder.path, 'temporary');
  const work = join(folder.path, 'work');
  mkdirSync(temporary);
  const repository = join(served, 'app.git');
  const target = join(served, 'pushed.git');
  await makeBareRepository(repository);
  await gitOk(['config', 'http.uploadarchive', 'true'], { cwd: repository });
  await gitOk(['clone', '-q', '--bare', repository, target]);
  await gitOk(['clone', '-q', repository, work]);
  await commitFile(work, 'new', 'new\n');
  const pushed = await pushBody(work, 'refs/heads/REF');
  const main = await gitOk(['rev-parse', 'main'], { cwd: repository });
  const ownTemporary = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  const watched = watchProcess();
  const server = await openDoor(name, {
    repositories: served,
    publicWrite: true,
    limits: { spoolThresholdBytes: 50, temporaryDirectory: temporary, killGraceMs: 2_000 },
  });
  const { port } = server;
  const alive = {
    port,
    method: 'POST',
    path: '/app.git/git-upload-pack',
    headers: fetchType,
    body: lsRefs,
  } as const;
  const { status: statusAtStart, body: bodyAtStart } = await rawRequest(alive);
  const answerAtStart = { status: statusAtStart, body: bodyAtStart };
  expect(bodyAtStart.toString('latin1')).toContain(`${main} refs/heads/main\n`);
  const filesAtStart = openFiles();
  const refsAtStart = await refsOf(repository);
  const left = (): string[] => [...leftovers(served, temporary), ...namelessFiles(temporary)];

  const settle = async (): Promise<void> => {
    await eventually('nothing is left behind', () => left().length === 0).catch((error: unknown) => {
      throw new Error(`left behind: ${left().join('\n')}`, { cause: error });
    });
    await eventually('its connections are closed', () => openFiles() <= filesAtStart + 2);
    expect(watched.seen).toEqual([]);
    expect(server.events.error.filter(isOurs)).toEqual([]);
    expect(await refsOf(repository)).toBe(refsAtStart);
    const before = refsAtStart.split('\n');
    const pushedNow = (await refsOf(target)).split('\n');
    expect(pushedNow).toEqual(expect.arrayContaining(before));
    // git acts on a pack that is whole, also when the request around it ends badly afterwards.
    const known = new Set(before);
    const made = pushedNow.filter((line) => !known.has(line));
    expect(made.filter((line) => !line.startsWith(`${pushed.oid} refs/heads/`))).toEqual([]);
    const { status, body } = await rawRequest(alive);
    expect({ status, body }).toEqual(answerAtStart);
    await fsck(repository);
    await fsck(target);
  };

  return {
    port,
    events: server.events,
    push: (ref) => rename(pushed.body, ref),
    main,
    settle,
    async close() {
      if (ownTemporary === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = ownTemporary;
      // Waits for every request, however long that takes: one that is never over is a leak.
      await server.git.close({ graceMs: Infinity });
      await server.close();
      watched.stop();
      folder.dispose();
    },
  };
}

/** The same push of another ref: its command is the first packet. */
function rename(body: Buffer, ref: string): Buffer {
  const end = Number.parseInt(body.toString('latin1', 0, 4), 16);
  const command = body.toString('latin1', 4, end).replace('refs/heads/REF', ref);
  const length = (command.length + 4).toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(length + command, 'latin1'), body.subarray(end)]);
}
