/** What interrupted pushes, moves and removals have left, and what waits in the trash. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { listTrash } from '../../administration/trash.js';
import { stagingFolder } from '../../repository/reserved.js';
import { shellWord } from '../shell-word.js';
import { findingsOf, type Finding, type Flaw } from './finding.js';
import type { RepositoryCheck } from './patient.js';

/** What is younger may be in use. */
const oldMs = 24 * 60 * 60 * 1000;

/** The entries of a folder that match, and that nobody has changed for a day. */
async function oldEntries(folder: string, pattern: RegExp): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const old: string[] = [];
  for (const name of names.filter((each) => pattern.test(each))) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > oldMs) old.push(join(folder, name));
  }
  return old;
}

/** Quarantines of pushes (tmp-objdir.c), unfinished packs and objects, and locks of processes that were killed. */
export const leftoverFlaws: RepositoryCheck = async ({ gitDir, commonDir }) => {
  const objects = join(commonDir, 'objects');
  const unfinished = [
    ...(await oldEntries(objects, /^(?:tmp_objdir-)?incoming-|^tmp_objdir-/)),
    ...(await oldEntries(join(objects, 'pack'), /^(?:tmp_|\.tmp-)/)),
  ];
  const locks = await oldEntries(gitDir, /^(?:HEAD|config|packed-refs|shallow|index)\.lock$/);
  const flaws: Flaw[] = unfinished.map((path) => ({
    state: 'warning',
    found: `${path} is left of an interrupted push`,
    advice: `git -C ${shellWord(gitDir)} prune, or remove it`,
  }));
  for (const path of locks) {
    const found = `${path} was left by a git that was killed; changes fail`;
    flaws.push({ state: 'problem', found, advice: `rm ${shellWord(path)}, if no git runs there` });
  }
  return flaws;
};

/** What is left beside the repositories. */
export async function checkFolders(root: string, temporary: string): Promise<readonly Finding[]> {
  const stale = [
    ...(await oldEntries(join(root, stagingFolder), /./)),
    ...(await oldEntries(temporary, /^gittyphoon-/)),
  ];
  const flaws: Flaw[] = stale.map((path) => ({
    state: 'warning',
    found: `${path} is left of something that was interrupted`,
    advice: 'remove it if no gittyphoon uses it',
  }));
  const trash = await listTrash(root);
  const waiting = trash.length === 0 ? 'the trash is empty' : `${trash.length} in the trash`;
  return findingsOf('folders', flaws, `nothing was left behind, ${waiting}`);
}
