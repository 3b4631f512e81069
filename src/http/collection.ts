/** Kept, so that the allocation below is not optimised away. */
const ballast: { last: readonly unknown[] } = { last: [] };

/**
 * To be called for each chunk of a request. V8 frees the 64 KiB behind a chunk only when a megabyte of small
 * objects has gathered, and a chunk adds hardly a kilobyte to them: some 30 MB of dead buffers pile up. Eight
 * kilobytes of garbage more make the collector pass ten times as often, in no measurable time
 * (`bench/memory.mjs`).
 */
export function hastenCollection(): void {
  // oxlint-disable-next-line unicorn/no-new-array
  ballast.last = new Array(1024);
}
