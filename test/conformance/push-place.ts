/** A repository behind a server with a policy, and a clone that pushes to it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { GitServerOptions } from '../../src/index.js';
import { fsck, gitOk, makeBareRepository, type GitResult } from '../support/fixtures.js';
import { clientOf, openLab, type Lab } from './lab.js';

const labs: Lab[] = [];

/** Closes all that was opened; every repository is sound, and holds no quarantine. */
export async function closePushPlaces(): Promise<void> {
  for (const lab of labs.splice(0)) {
    for (const name of readdirSync(lab.root)) {
      await fsck(join(lab.root, name));
      const objects = readdirSync(join(lab.root, name, 'objects'));
      expect(objects.filter((entry) => entry.startsWith('tmp_'))).toEqual([]);
    }
    await lab.close();
  }
}

export interface PushPlace {
  readonly lab: Lab;
  /** The path of the served repository. */
  readonly repository: string;
  /** A clone of it. */
  readonly copy: string;
  /** Pushes from the clone. */
  readonly push: (...args: string[]) => Promise<GitResult>;
}

export async function openPushPlace(
  options: Partial<GitServerOptions>,
  version = 2,
  objectFormat = 'sha1',
): Promise<PushPlace> {
  const lab = await openLab(options);
  labs.push(lab);
  const repository = await makeBareRepository(lab.at('app.git'), { objectFormat });
  const copy = lab.fresh();
  await gitOk(['clone', '-q', repository, copy]);
  await gitOk(['remote', 'set-url', 'origin', lab.url('app.git')], { cwd: copy });
  const push = (...args: string[]): Promise<GitResult> =>
    clientOf(version).try(['push', 'origin', ...args], copy);
  return { lab, repository, copy, push };
}

export const protectMain: Partial<GitServerOptions> = {
  authorizeUpdate: ({ update }) => update.refName !== 'refs/heads/main' || 'protected: ask a maintainer',
};

/** What the client prints for it. */
export const said = '! [remote rejected] main -> main (protected: ask a maintainer)';
