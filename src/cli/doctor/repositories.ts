/** Looking through repositories, one check after the other, a bounded number of them. */
import type { GitRunner } from '../../git/runner.js';
import type { DirectoryStore } from '../../repository/directory-store.js';
import { commonDirectory } from '../../repository/git-directory.js';
import { listRepositories } from '../listing.js';
import { findingsOf, ok, warning, type Finding, type Flaw } from './finding.js';
import { hookFlaws } from './hooks.js';
import { leftoverFlaws } from './leftovers.js';
import { maintenanceFlaws } from './maintenance.js';
import type { RepositoryCheck } from './patient.js';
import { ownershipFlaws, permissionFlaws } from './permissions.js';

const checks: readonly (readonly [what: string, check: RepositoryCheck])[] = [
  ['ownership', ownershipFlaws],
  ['permissions', permissionFlaws],
  ['hooks', hookFlaws],
  ['maintenance', maintenanceFlaws],
  ['leftovers', leftoverFlaws],
];

/** More would take minutes. */
const maxRepositories = 500;
const maxListingMs = 5_000;

function countText(count: number): string {
  return count === 1 ? '1 repository is' : `${count} repositories are`;
}

/** Looks at every repository; the first is returned by name, for whoever needs one. */
export async function checkRepositories(
  store: DirectoryStore,
  git: GitRunner,
): Promise<{ readonly findings: readonly Finding[]; readonly first: string | undefined }> {
  const { names, isComplete } = await listRepositories(store.root, store, maxListingMs);
  const looked = names.slice(0, maxRepositories);
  const [first] = looked;
  if (first === undefined) {
    const advice = 'make one with "gittyphoon repo create", or name another folder';
    return {
      findings: [warning('repositories', `none that can be read in ${store.root}`, advice)],
      first,
    };
  }
  const flaws = new Map<string, Flaw[]>(checks.map(([what]) => [what, []]));
  for (const name of looked) {
    const repository = await store.find(name);
    if (!repository) continue;
    const patient = { ...repository, commonDir: await commonDirectory(repository.gitDir) };
    for (const [what, check] of checks) {
      const found = await check(patient, git);
      flaws.get(what)?.push(...found);
      // git refuses a repository it does not trust, and would fail in every other check.
      if (what === 'ownership' && found.length > 0) break;
    }
  }
  const isAll = isComplete && looked.length === names.length;
  return {
    findings: [
      ok('repositories', `${countText(looked.length)} looked at${isAll ? '' : '; there are more'}`),
      ...[...flaws].flatMap(([what, of]) => findingsOf(what, of, 'nothing wrong was found')),
    ],
    first,
  };
}
