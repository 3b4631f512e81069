/**
 * Node.js leaves the pipes of a child open that could not be started for want of descriptors (child_process: spawn returns
 * early on EMFILE), so that every attempt made the want worse, and it never ended. Behind a first such failure children are
 * therefore only started where there is room for all that they need.
 */
import { closeSync, openSync } from 'node:fs';

/** Both ends of four pipes or sockets, of the pipe that tells of the start, and some that others take meanwhile. */
const neededDescriptors = 14;

/** For so long behind a failure it is looked for; it costs a few hundredths of a millisecond. */
const watchMs = 60_000;

let watchUntil = -Infinity;

/** A child could not be started for this reason. */
export function noteStartFailure({ code }: NodeJS.ErrnoException): void {
  if (code === 'EMFILE' || code === 'ENFILE') watchUntil = performance.now() + watchMs;
}

/** Throws the system's own error (EMFILE, ENFILE) where there is no room for a child. */
export function checkDescriptorRoom(): void {
  if (process.platform === 'win32' || performance.now() > watchUntil) return;
  const opened: number[] = [];
  try {
    while (opened.length < neededDescriptors) opened.push(openSync('/dev/null', 'r'));
  } catch (error) {
    noteStartFailure(error as NodeJS.ErrnoException);
    throw error;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}
