import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gitOk } from '../support/fixtures.js';
import type { Fault } from './fault.js';
import { othersAreServed } from './others.js';
import { holdClone } from './transfers.js';

/** An operator deletes what is being read, and brings it back from a backup afterwards. */
export const repositoryDeleted: Fault = {
  name: 'repository deleted in mid-fetch',
  async cause(place) {
    const [repository, backup] = [place.at('big.git'), join(place.folder, 'backup.git')];
    await gitOk(['clone', '-q', '--bare', repository, backup]);
    const clone = await holdClone(place);
    rmSync(repository, { recursive: true });
    await othersAreServed(place);
    // git holds its packs open: whether it succeeds is git's to say, but it ends.
    await clone.finish();
    await clone.close();
    const { code, stderr } = await place.clone('big.git');
    if (code === 0 || !stderr.includes('not found')) throw new Error(`it is still served: ${stderr}`);
    renameSync(backup, repository);
  },
};

/** As `git gc` does beside a server. */
export const repositoryRepacked: Fault = {
  name: 'repository repacked in mid-fetch',
  async cause(place) {
    const clone = await holdClone(place);
    await gitOk(['repack', '-adfq'], { cwd: place.at('big.git') });
    await gitOk(['gc', '-q', '--prune=now'], { cwd: place.at('big.git') });
    await othersAreServed(place);
    const code = await clone.finish();
    await clone.close();
    if (code !== 0) throw new Error(`the clone ended with ${code}`);
  },
};
