/** A lab in which pushes may create repositories. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { CreateEvent, CreateSettings, GitServerOptions } from '../../src/index.js';
import { makeWorkTree } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { openLab, type Lab } from './lab.js';

export interface CreateLab extends Lab {
  /** A work tree with one commit. */
  readonly work: string;
  readonly created: readonly CreateEvent[];
  /** The URL of a repository with a user's credentials in it. */
  as(user: string, name: string): string;
  /** Fails unless nothing but `names` is in the served folder, half-made things included. */
  expectNothing(...names: string[]): Promise<void>;
}

/** Ann may push to everything below `team/` and to `app.git`; bob may read everything. */
const policy: Partial<GitServerOptions> = {
  publicRead: false,
  publicWrite: false,
  authenticate: ({ credentials }) =>
    credentials?.scheme === 'basic' && credentials.password === 'x' ? { name: credentials.username } : null,
  authorize: ({ name, user, context }) =>
    user?.name === 'ann'
      ? name.startsWith('team/') || name === 'app.git'
      : user?.name === 'bob' && context.operation === 'read',
};

export async function openCreateLab(
  settings: CreateSettings = {},
  options: Partial<GitServerOptions> = {},
): Promise<CreateLab> {
  const lab = await openLab({ ...policy, createOnPush: () => settings, ...options });
  const created: CreateEvent[] = [];
  lab.server.git.on('create', (event) => void created.push(event));
  return {
    ...lab,
    work: await makeWorkTree(lab.fresh()),
    created,
    as: (user, name) => lab.url(name).replace('//', `//${user}:x@`),
    async expectNothing(...names) {
      await eventually('all that was half-made is gone', () => {
        const staging = join(lab.root, '.gittyphoon-new');
        return !existsSync(staging) || readdirSync(staging).length === 0;
      });
      expect(readdirSync(lab.root).filter((name) => name !== '.gittyphoon-new')).toEqual(names);
    },
  };
}

/** The authorization that {@link CreateLab.as} puts into a URL. */
export const basic = (user: string): string => `Basic ${btoa(`${user}:x`)}`;
