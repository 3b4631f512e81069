/** What the objects of a repository take on the disk, as git-count-objects tells it. */

/** The arguments with which git is to be started. */
export const countObjects = ['count-objects', '-v'] as const;

/** Bytes, from git's output: loose objects, packs, and what an interrupted git has left; not those of alternates. */
export function storedBytes(output: string): number {
  const sizes = output.matchAll(/^size(?:-pack|-garbage)?: (\d+)$/gm);
  return [...sizes].reduce((sum, [, kibibytes]) => sum + Number(kibibytes), 0) * 1024;
}
