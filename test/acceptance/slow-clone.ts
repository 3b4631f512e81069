/** A clone that is under way for as long as a test wants it. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RunningCommand } from '../support/command.js';
import { commitRandom, type GitResult } from '../support/fixtures.js';
import { systemProcesses } from '../support/processes.js';
import { eventually } from '../support/server.js';
import { slowLineTo, type SlowLine } from './throttle.js';
import { createWorkspace, type Workspace } from './workspace.js';

/** The process groups of git in which something works on this folder. */
export function gitGroups(folder: string): number[] {
  const gits = systemProcesses().filter(
    ({ command }) => command.includes(folder) && /\bgit\b.*-pack /.test(command),
  );
  return [...new Set(gits.map(({ group }) => group))];
}

interface Transfer {
  readonly place: Workspace;
  readonly server: RunningCommand;
  readonly line: SlowLine;
  readonly clone: Promise<GitResult>;
  readonly groups: readonly number[];
}

/** Registers what is to be done when a test has ended. */
type Finally = (clean: () => Promise<void>) => void;

/** A server with a clone under way that goes on no further. */
export async function startSlowClone(
  onTestFinished: Finally,
  ...flags: readonly string[]
): Promise<Transfer> {
  const place = await createWorkspace();
  onTestFinished(() => place.close());
  await place.addWorkTree('big');
  // More than all buffers on the way hold, and nothing that could be compressed.
  await commitRandom(join(place.root, 'big'), 'blob', 32 * 1024 * 1024);
  const server = await place.serve(...flags);
  const line = await slowLineTo(server.port);
  onTestFinished(() => line.close());
  const clone = place.tryGit('clone', '--quiet', `http://127.0.0.1:${line.port}/big`, 'slow');
  await eventually('the clone is held back', () => line.isHolding());
  const groups = gitGroups(place.root);
  expect(groups.length).toBeGreaterThan(0);
  return { place, server, line, clone, groups };
}
