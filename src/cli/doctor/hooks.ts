/** Hooks that git would pass over, and hooks that others could have written: they run as the server's user. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { tryGit } from '../../administration/run-git.js';
import { pushHookNames } from '../../git/hook-names.js';
import { shellWord } from '../shell-word.js';
import type { Flaw } from './finding.js';
import { isWritableForAll } from './permissions.js';
import type { RepositoryCheck } from './patient.js';

/** Whoever may be trusted with a hook: the administrator, and the one as whom it runs. */
function isTrusted(owner: number): boolean {
  return owner === 0 || owner === process.getuid?.();
}

export const hookFlaws: RepositoryCheck = async ({ gitDir }, git) => {
  // core.hooksPath leads elsewhere, in the repository or for all.
  const told = await tryGit(git, gitDir, ['rev-parse', '--git-path', 'hooks']);
  const folder = resolve(gitDir, told.stdout.toString('utf8').trim() || 'hooks');
  const flaws: Flaw[] = [];
  if (await isWritableForAll(folder)) {
    const found = `everybody on this machine may put hooks into ${folder}`;
    flaws.push({ state: 'problem', found, advice: `chmod o-w ${shellWord(folder)}` });
  }
  for (const name of pushHookNames) {
    const path = join(folder, name);
    const hook = await stat(path).catch(() => undefined);
    if (!hook?.isFile()) continue;
    if ((hook.mode & 0o111) === 0) {
      const advice = `chmod +x ${shellWord(path)}, or remove it`;
      flaws.push({
        state: 'warning',
        found: `${path} is not executable, so that git passes over it`,
        advice,
      });
    }
    if (await isWritableForAll(path)) {
      const found = `everybody on this machine may change ${path}, which runs at pushes`;
      flaws.push({ state: 'problem', found, advice: `chmod o-w ${shellWord(path)}` });
    }
    if (!isTrusted(hook.uid)) {
      const advice = 'chown it to root or to the user of the server, once you have read it';
      flaws.push({ state: 'warning', found: `${path} is owned by another user (${hook.uid})`, advice });
    }
  }
  return flaws;
};
