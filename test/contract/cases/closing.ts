import { expect, it } from 'vitest';
import { eventually } from '../../support/server.js';
import { git, startGit, tryGit } from '../client.js';
import { ask } from '../http-client.js';
import { open, type Door } from '../hosts/door.js';
import type { Stage } from './stage.js';

/** The end of a server's life. */
export function closingCases(door: Door, stage: () => Stage): void {
  it('lets a running clone finish while it refuses new requests with 503 and Retry-After', async () => {
    const held = await stage().heldPack('nothing');
    const host = await open(door, {
      repositories: stage().repositories,
      gitConfig: { 'uploadpack.packObjectsHook': held.script },
    });
    try {
      const copy = stage().fresh();
      const client = startGit(['clone', '--quiet', `${host.url}/app.git`, copy], { cwd: stage().work });
      await eventually('git packs', () => held.pids().length === 2);
      let isClosed = false;
      const closed = host.git.close({ graceMs: 60_000 }).then(() => (isClosed = true));
      const refused = await ask(host.port, {
        path: `${door.prefix}/app.git/info/refs?service=git-upload-pack`,
      });
      expect(refused).toMatchObject({
        status: 503,
        headers: { 'retry-after': '5' },
        body: 'the server is shutting down; try again shortly\n',
      });
      const { code, stderr } = await tryGit(['ls-remote', `${host.url}/app.git`], { cwd: stage().work });
      expect(code).toBe(128);
      expect(stderr).toContain('remote: the server is shutting down; try again shortly');
      expect(isClosed).toBe(false);
      await held.release();
      expect(await client.done).toMatchObject({ code: 0 });
      await git(['rev-parse', 'HEAD'], { cwd: copy });
      await closed;
      expect(host.events.request.filter(({ aborted }) => aborted)).toEqual([]);
    } finally {
      await held.release();
      await host.close();
    }
  });

  it('ends what is still running when its patience is over', async () => {
    const held = await stage().heldPack('nothing');
    const host = await open(door, {
      repositories: stage().repositories,
      gitConfig: { 'uploadpack.packObjectsHook': held.script },
    });
    try {
      const client = startGit(['clone', '--quiet', `${host.url}/app.git`, stage().fresh()], {
        cwd: stage().work,
      });
      await eventually('git packs', () => held.pids().length === 2);
      await host.git.close({ graceMs: 1 });
      expect((await client.done).code).not.toBe(0);
    } finally {
      await held.release();
      await host.close();
    }
  });
}
