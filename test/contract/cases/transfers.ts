import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../../support/server.js';
import { git, startGit, tryGit } from '../client.js';
import { open, type Door } from '../hosts/door.js';
import { isGroupRunning, isRunning, type Stage } from './stage.js';

/** Clone and push with the real client. */
export function transferCases(door: Door, stage: () => Stage): void {
  it('serves a clone in protocol version 2', async () => {
    const host = await open(door, { repositories: stage().repositories });
    try {
      const copy = stage().fresh();
      await git(['clone', '--quiet', `${host.url}/app.git`, copy], { cwd: stage().work });
      const bare = join(stage().repositories, 'app.git');
      expect(await git(['rev-parse', 'HEAD'], { cwd: copy })).toBe(
        await git(['rev-parse', 'main'], { cwd: bare }),
      );
      await eventually('three requests are reported', () => host.events.request.length === 3);
      for (const { context, status, aborted } of host.events.request) {
        expect(context.protocolVersion).toBe(2);
        expect(context.remoteAddress).toBe('127.0.0.1');
        expect({ status, aborted }).toEqual({ status: 200, aborted: false });
      }
    } finally {
      await host.close();
    }
  });

  it('inflates the compressed request of a clone with many refs', async () => {
    const name = await stage().emptyRepository();
    const script = join(stage().work, `${name}.import`);
    // Sixty different commits, so that the client has sixty wants: more than the 1,024 bytes that it sends as they are.
    const commits = Array.from({ length: 60 }, (_, i) => [
      `commit refs/heads/branch-${i}`,
      'committer Ada <ada@example.org> 0 +0000',
      'data 2',
      String(i + 10),
    ]);
    await writeFile(script, `${commits.flat().join('\n')}\n`);
    const bare = join(stage().repositories, name);
    await git(['-c', `alias.load=!git fast-import --quiet <'${script}'`, 'load'], { cwd: bare });
    const host = await open(door, { repositories: stage().repositories });
    try {
      const copy = stage().fresh();
      await writeFile(join(bare, 'HEAD'), 'ref: refs/heads/branch-0\n');
      await git(['clone', '--quiet', `${host.url}/${name}`, copy], { cwd: stage().work });
      const branches = await git(['for-each-ref', '--format=%(refname)', 'refs/remotes/origin/branch-*'], {
        cwd: copy,
      });
      expect(branches.split('\n')).toHaveLength(60);
      const encodings = host.events.request.map(({ context }) => context.headers['content-encoding']);
      expect(encodings).toContain('gzip');
    } finally {
      await host.close();
    }
  });

  it('streams a chunked push of 30 MB and reports it', async () => {
    const name = await stage().emptyRepository();
    const host = await open(door, { repositories: stage().repositories, publicWrite: true });
    try {
      await git(['push', '--quiet', `${host.url}/${name}`, 'main'], { cwd: stage().large });
      const commit = await git(['rev-parse', 'main'], { cwd: stage().large });
      const bare = join(stage().repositories, name);
      expect(await git(['rev-parse', 'main'], { cwd: bare })).toBe(commit);
      await git(['fsck', '--connectivity-only'], { cwd: bare });
      await eventually('the push is reported', () => host.events.push.length === 1);
      expect(host.events.push[0]).toMatchObject({
        unpack: 'ok',
        repository: { name },
        updates: [{ refName: 'refs/heads/main', newOid: commit, result: { status: 'ok' } }],
        context: { headers: { 'transfer-encoding': 'chunked' }, phase: 'rpc', operation: 'write' },
      });
    } finally {
      await host.close();
    }
  });

  it('ends git when a client leaves in the middle of a clone', async () => {
    const held = await stage().heldPack('a part');
    const host = await open(door, {
      repositories: stage().repositories,
      gitConfig: { 'uploadpack.packObjectsHook': held.script },
    });
    try {
      const client = startGit(['clone', '--quiet', `${host.url}/big.git`, stage().fresh()], {
        cwd: stage().work,
      });
      await eventually('git packs', () => held.pids().length === 2);
      expect(held.pids().map(isRunning)).toEqual([true, true]);
      client.kill();
      await client.done;
      await eventually('git has ended', () => !held.pids().some(isRunning));
      await eventually('the request is reported', () =>
        host.events.request.some(({ context, aborted }) => context.phase === 'rpc' && aborted),
      );
      expect(host.events.error).toEqual([]);
    } finally {
      await host.close();
    }
  });

  it('breaks an answer off that git could not finish, and the client notices', async () => {
    const held = await stage().heldPack('a part');
    const host = await open(door, {
      repositories: stage().repositories,
      gitConfig: { 'uploadpack.packObjectsHook': held.script },
    });
    try {
      const copy = stage().fresh();
      const client = startGit(['clone', '--quiet', `${host.url}/big.git`, copy], { cwd: stage().work });
      await eventually('git packs', () => held.pids().length === 2);
      const [hook, uploadPack] = held.pids();
      expect(isGroupRunning(uploadPack ?? 0)).toBe(true);
      for (const pid of [uploadPack, hook]) process.kill(pid ?? 0, 'SIGKILL');
      const { code, stderr } = await client.done;
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/early EOF|unexpected disconnect|RPC failed|hung up/);
      // A part of the hook still waits; nobody would ever read it.
      await eventually('the rest of the hook has ended', () => !isGroupRunning(uploadPack ?? 0));
    } finally {
      await host.close();
    }
  });

  it('tells the client in its own words that a repository does not exist', async () => {
    const host = await open(door, { repositories: stage().repositories });
    try {
      const { code, stderr } = await tryGit(['ls-remote', `${host.url}/missing.git`], { cwd: stage().work });
      expect(code).toBe(128);
      expect(stderr).toContain('remote: repository not found');
      expect(stderr).toContain('not found');
    } finally {
      await host.close();
    }
  });
}
