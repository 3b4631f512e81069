import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemProcesses } from '../support/processes.js';
import { eventually } from '../support/server.js';
import { gitGroups, startSlowClone } from './slow-clone.js';
import { createWorkspace, withCredentials } from './workspace.js';

function isGroupGone(group: number): boolean {
  return !systemProcesses().some((found) => found.group === group && !found.isZombie);
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function expectNothingLeft(groups: readonly number[]): Promise<void> {
  for (const group of groups) await eventually('git has ended', () => isGroupGone(group));
}

describe.concurrent('a signal', () => {
  test.for(['SIGTERM', 'SIGINT'] as const)(
    '%s ends an idle server with code 0',
    async (signal, { onTestFinished }) => {
      const place = await createWorkspace();
      onTestFinished(() => place.close());
      const server = await place.serve();
      await fetch(server.url);
      server.signal(signal);
      expect(await server.ended).toMatchObject({ code: 0, signal: null });
    },
  );

  test('lets a slow clone finish, but no new one begin', async ({ onTestFinished }) => {
    const { place, server, line, clone, groups } = await startSlowClone(onTestFinished);
    const idle = connect(server.port, '127.0.0.1');
    const idleClosed = new Promise((resolve) => idle.once('close', resolve));
    idle.on('error', () => {}).write(`GET / HTTP/1.1\r\nHost: x\r\n\r\n`);
    await new Promise((resolve) => idle.once('data', resolve));
    server.signal('SIGTERM');
    await eventually('it listens no more', async () => !(await canConnect(server.port)));
    await idleClosed;
    expect(server.hasEnded()).toBe(false);
    line.open();
    const { code, stderr } = await clone;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect((await server.ended).code).toBe(0);
    const [there, here] = await Promise.all([
      readFile(join(place.root, 'big', 'blob')),
      readFile(join(place.folder, 'slow', 'blob')),
    ]);
    expect(here.equals(there)).toBe(true);
    await expectNothingLeft(groups);
  });

  test('lets a push finish that is in its hook', async ({ onTestFinished }) => {
    const place = await createWorkspace();
    onTestFinished(() => place.close());
    await place.addBare('app.git');
    const hooks = join(place.root, 'app.git', 'hooks');
    await mkdir(hooks, { recursive: true });
    const [begun, go] = [join(place.folder, 'begun'), join(place.folder, 'go')];
    await writeFile(
      join(hooks, 'pre-receive'),
      `#!/bin/sh\ntouch '${begun}'\nwhile ! test -e '${go}'; do sleep 0.1; done\n`,
    );
    await chmod(join(hooks, 'pre-receive'), 0o755);
    const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
    const server = await place.serve('--accessfile', file);
    const push = place.tryPush(withCredentials(`${server.url}app.git`, 'ann', 'x'));
    await eventually('the hook runs', () => existsSync(begun));
    server.signal('SIGTERM');
    await eventually('it listens no more', async () => !(await canConnect(server.port)));
    await writeFile(go, '');
    const { code, stderr } = await push;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect((await server.ended).code).toBe(0);
    expect(await place.git('-C', join(place.root, 'app.git'), 'rev-list', '--count', 'main')).toBe('2');
  });

  test('ends a hook that does not listen to SIGTERM', async ({ onTestFinished }) => {
    const place = await createWorkspace();
    onTestFinished(() => place.close());
    await place.addBare('app.git');
    const hooks = join(place.root, 'app.git', 'hooks');
    const begun = join(place.folder, 'begun');
    await mkdir(hooks, { recursive: true });
    await writeFile(
      join(hooks, 'pre-receive'),
      `#!/bin/sh\ntrap '' TERM\ntouch '${begun}'\nwhile :; do sleep 0.1; done\n`,
    );
    await chmod(join(hooks, 'pre-receive'), 0o755);
    const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
    const server = await place.serve('--accessfile', file);
    const push = place.tryPush(withCredentials(`${server.url}app.git`, 'ann', 'x'));
    await eventually('the hook runs', () => existsSync(begun));
    const groups = gitGroups(place.root);
    expect(groups.length).toBeGreaterThan(0);
    server.signal('SIGTERM');
    await eventually('the first is heard', () => server.stderr().includes('a second signal ends at once'));
    server.signal('SIGTERM');
    expect((await server.ended).code).toBe(143);
    // It has waited for that: nothing is left at the very end of the server.
    expect(groups.filter((group) => !isGroupGone(group))).toEqual([]);
    expect((await push).code).not.toBe(0);
  });

  test('ends a transfer that does not end by itself, with all of git', async ({ onTestFinished }) => {
    const { server, line, clone, groups } = await startSlowClone(onTestFinished);
    server.signal('SIGTERM');
    expect((await server.ended).code).toBe(0);
    line.open();
    expect((await clone).code).not.toBe(0);
    await expectNothingLeft(groups);
  });

  test.for([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    'that comes twice (%s) ends everything at once, with all of git',
    async ([signal, code], { onTestFinished }) => {
      const { server, line, clone, groups } = await startSlowClone(onTestFinished);
      server.signal(signal);
      await eventually('the first is heard', () => server.stderr().includes('a second signal ends at once'));
      expect(server.hasEnded()).toBe(false);
      server.signal(signal);
      const ended = await server.ended;
      expect(ended.code).toBe(code);
      // It was not the end of the first signal's patience.
      expect(ended.stderr).toContain(`${signal}: ending at once`);
      line.open();
      expect((await clone).code).not.toBe(0);
      await expectNothingLeft(groups);
    },
  );
});
