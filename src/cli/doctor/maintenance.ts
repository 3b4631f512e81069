/** Repositories whose fetches would be faster after git's own maintenance. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tryGit } from '../../administration/run-git.js';
import { countObjects } from '../../git/count-objects.js';
import { exists } from '../../repository/git-directory.js';
import { shellWord } from '../shell-word.js';
import type { Flaw } from './finding.js';
import type { RepositoryCheck } from './patient.js';

/** git's own bounds (gc.auto, gc.autoPackLimit). */
const manyLooseObjects = 6_700;
const manyPacks = 50;

/** In fewer objects git looks as fast without help. */
const manyObjects = 20_000;

function counted(output: string, key: string): number {
  return Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
}

export const maintenanceFlaws: RepositoryCheck = async ({ name, gitDir, commonDir }, git) => {
  const result = await tryGit(git, gitDir, countObjects);
  if (result.code !== 0) return [];
  const output = result.stdout.toString('utf8');
  const shown = name || '.';
  const at = `git -C ${shellWord(gitDir)}`;
  const flaws: Flaw[] = [];
  const warn = (found: string, advice: string): void =>
    void flaws.push({ state: 'warning', found: `${shown}: ${found}`, advice });
  const loose = counted(output, 'count');
  const packs = counted(output, 'packs');
  if (loose > manyLooseObjects || packs > manyPacks) {
    warn(`${loose} loose objects and ${packs} packs make fetches slow`, `${at} gc`);
  }
  if (counted(output, 'in-pack') < manyObjects) return flaws;
  const files = await readdir(join(commonDir, 'objects', 'pack')).catch(() => []);
  if (!files.some((file) => file.endsWith('.bitmap'))) {
    warn('without a bitmap, every clone counts all objects', `${at} repack -adb`);
  }
  const info = join(commonDir, 'objects', 'info');
  if (!(await exists(join(info, 'commit-graph'))) && !(await exists(join(info, 'commit-graphs')))) {
    warn('without a commit-graph, fetches read every commit', `${at} commit-graph write --reachable`);
  }
  return flaws;
};
