/** A repository for every kind of rule, with refs of its own for every run, so that no push disturbs another. */
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gitOk, makeBareRepository } from '../../support/fixtures.js';
import { changeAnswer, kinds, type Change } from './expected.js';

export interface Repositories {
  readonly root: string;
  /** A commit, its child, and another child of it: from the second to the third no history is kept. */
  readonly commits: { readonly base: string; readonly child: string; readonly sibling: string };
  /** The path of a pack below the repository. */
  readonly pack: string;
  /** The path of a loose object below the repository. */
  readonly looseObject: string;
}

/** The ref that a change of a run is about. */
export function refOfChange(change: Change, run: string): string {
  return `refs/${change.endsWith('-tag') ? 'tags' : 'heads'}/${run}/${change}`;
}

type Commits = Repositories['commits'];

/** Where the ref of a change is before it and after it; undefined where it is not there. */
export function idsOfChange(
  change: Change,
  commits: Commits,
): readonly [old: string | undefined, now: string | undefined] {
  const { base, child, sibling } = commits;
  switch (change) {
    case 'create':
    case 'new-tag':
      return [undefined, base];
    case 'update':
    case 'move-tag':
      return [base, child];
    case 'force':
      return [child, sibling];
    case 'delete':
    case 'drop-tag':
      return [base, undefined];
  }
}

/** The refs of a run, as `oid name` lines: as they were, or as the actor's changes should have left them. */
export function refsOfRun(
  run: string,
  commits: Commits,
  changes: readonly Change[],
  changedIn: string | undefined,
): string[] {
  const lines = changes.map((change) => {
    const isChanged = changedIn !== undefined && changeAnswer('actor', changedIn, change) === 'ok';
    const id = idsOfChange(change, commits)[isChanged ? 1 : 0];
    return id === undefined ? '' : `${id} ${refOfChange(change, run)}`;
  });
  return lines.filter((line) => line !== '').sort();
}

/** Makes the repositories below `root`, each with the refs of all runs. */
export async function makeRepositories(
  root: string,
  template: string,
  runs: readonly string[],
  changes: readonly Change[],
): Promise<Repositories> {
  await makeBareRepository(template, { commits: 2 });
  const git = (args: readonly string[], input?: string): Promise<string> =>
    gitOk(args, { cwd: template, ...(input === undefined ? {} : { input }) });
  await git(['repack', '-q', '-a', '-d']);
  const [child, base, tree] = [
    await git(['rev-parse', 'main']),
    await git(['rev-parse', 'main~1']),
    await git(['rev-parse', 'main^{tree}']),
  ];
  const sibling = await git(['commit-tree', '-p', base, '-m', 'another way', tree]);
  const commits = { base, child, sibling };
  const lines = runs.flatMap((run) => refsOfRun(run, commits, changes, undefined));
  const creations = lines.map((line) => line.replace(/^(\S+) (\S+)$/, 'create $2 $1\n'));
  await git(['update-ref', '--stdin'], [...creations, `create refs/heads/sibling ${sibling}\n`].join(''));
  await git(['pack-refs', '--all']);
  await git(['config', 'http.uploadarchive', 'true']);
  for (const kind of kinds) cpSync(template, join(root, `${kind}.git`), { recursive: true });
  for (const kind of kinds) {
    const [, noted] = /^noted-(public|authenticated|private)$/.exec(kind) ?? [];
    if (noted === undefined) continue;
    await gitOk(['config', 'gittyphoon.visibility', noted], { cwd: join(root, `${kind}.git`) });
  }
  const pack = readdirSync(join(template, 'objects', 'pack')).find((name) => name.endsWith('.pack')) ?? '';
  const looseObject = `objects/${sibling.slice(0, 2)}/${sibling.slice(2)}`;
  return { root, commits, pack: `objects/pack/${pack}`, looseObject };
}
