/** Who owns a repository, and who may read and write it. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GitTyphoonError } from '../../errors.js';
import { OwnershipCheck } from '../../git/ownership.js';
import { shellWord } from '../shell-word.js';
import type { Flaw } from './finding.js';
import type { RepositoryCheck } from './patient.js';

const nobodyElse = 0o002;

async function can(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}

/** Whether everybody on this machine may write there. */
export async function isWritableForAll(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && (found.mode & nobodyElse) !== 0;
}

/** git's own check; a failure of another kind is told as well. */
export const ownershipFlaws: RepositoryCheck = async (patient, git) => {
  try {
    await new OwnershipCheck(git).require(patient, {});
    return [];
  } catch (error) {
    if (!(error instanceof GitTyphoonError)) throw error;
    const shown = patient.name || '.';
    if (error.code === 'ERR_REPOSITORY_OWNERSHIP') {
      const advice = `chown -R it to the user of the server, or, if you trust its owner: git config --global --add safe.directory ${shellWord(patient.gitDir)}`;
      return [
        { state: 'problem', found: `${shown} is owned by another user, so that git refuses it`, advice },
      ];
    }
    const [said = error.message] =
      error.cause instanceof Error ? error.cause.message.split('\n') : [error.message];
    const advice = `see what "git -C ${shellWord(patient.gitDir)} fsck" says`;
    return [{ state: 'problem', found: `git cannot use ${shown}: ${said}`, advice }];
  }
};

/** What this user may not do, and what others may. */
export const permissionFlaws: RepositoryCheck = async ({ name, gitDir, commonDir }) => {
  const flaws: Flaw[] = [];
  const shown = name || '.';
  for (const part of ['objects', 'refs']) {
    const folder = join(commonDir, part);
    if (!(await can(folder, constants.R_OK | constants.X_OK))) {
      const advice = 'give the user of the server read permission';
      flaws.push({ state: 'problem', found: `${shown}: ${part} cannot be read`, advice });
    } else if (!(await can(folder, constants.W_OK))) {
      const advice = 'right where nobody pushes; else give the user of the server write permission';
      flaws.push({
        state: 'warning',
        found: `${shown}: ${part} cannot be written, so that pushes fail`,
        advice,
      });
    }
  }
  for (const path of new Set([
    gitDir,
    ...['objects', 'refs', 'config'].map((part) => join(commonDir, part)),
  ])) {
    if (!(await isWritableForAll(path))) continue;
    const found = `everybody on this machine may write to ${path}`;
    flaws.push({ state: 'problem', found, advice: `chmod o-w ${shellWord(path)}` });
  }
  return flaws;
};
