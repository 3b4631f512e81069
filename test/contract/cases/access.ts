import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GitTyphoonError, type GitServerOptions } from '../../../src/index.js';
import { eventually } from '../../support/server.js';
import { git, tryGit } from '../client.js';
import { ask } from '../http-client.js';
import { open, type Door } from '../hosts/door.js';
import type { Stage } from './stage.js';

/** A password with the characters that careless servers cut or decode wrongly. */
const password = 'a:b%20c+é';

function withUsers(repositories: GitServerOptions['repositories']): GitServerOptions {
  return {
    repositories,
    realm: 'Team',
    authenticate: async ({ credentials }) => {
      await Promise.resolve();
      if (credentials?.scheme !== 'basic' || credentials.password !== password) return undefined;
      return { name: credentials.username, details: { team: 'red' } };
    },
    authorize: async ({ user, context, repository }) => {
      // Slow answers, as a database gives them, must not let anything through.
      await new Promise((resolve) => setTimeout(resolve, 5));
      return (
        repository !== undefined && (context.operation === 'read' ? user !== undefined : user?.name === 'ada')
      );
    },
  };
}

function urlFor(url: string, user: string, word: string): string {
  return url.replace('//', `//${user}:${encodeURIComponent(word)}@`);
}

/** Who may do what, with the real client. */
export function accessCases(door: Door, stage: () => Stage): void {
  it('asks for a password, and serves the client that gives the right one', async () => {
    const host = await open(door, withUsers(stage().repositories));
    try {
      const url = `${urlFor(host.url, 'bob', password)}/app.git`;
      await git(['clone', '--quiet', url, stage().fresh()], { cwd: stage().work });
      await eventually('all is reported', () => host.events.request.length === 4);
      expect(host.events.request.map(({ status }) => status)).toEqual([401, 200, 200, 200]);
      const [first, ...others] = host.events.request.map(({ user }) => user);
      expect(first).toBeUndefined();
      for (const user of others) expect(user).toEqual({ name: 'bob', details: { team: 'red' } });
    } finally {
      await host.close();
    }
  });

  it('challenges with the realm, and refuses wrong passwords', async () => {
    const host = await open(door, withUsers(stage().repositories));
    try {
      const path = `${door.prefix}/app.git/info/refs?service=git-upload-pack`;
      const anonymous = await ask(host.port, { path });
      expect(anonymous.status).toBe(401);
      expect(anonymous.headers['www-authenticate']).toBe('Basic realm="Team"');
      expect(anonymous.body).toBe('authentication required\n');
      const url = `${urlFor(host.url, 'bob', 'guess')}/app.git`;
      const { code, stderr } = await tryGit(['ls-remote', url], { cwd: stage().work });
      expect(code).toBe(128);
      expect(stderr).toContain('remote: the user name, password or token is not valid');
      expect(stderr).toContain('Authentication failed');
    } finally {
      await host.close();
    }
  });

  it('lets only those push who may, large chunked pushes included', async () => {
    const name = await stage().emptyRepository();
    const host = await open(door, withUsers(stage().repositories));
    const push = ['-c', 'http.postBuffer=65536', 'push', '--quiet'];
    try {
      const refused = await tryGit([...push, `${urlFor(host.url, 'bob', password)}/${name}`, 'main'], {
        cwd: stage().large,
      });
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('remote: you are not allowed to push to this repository');
      expect(refused.stderr).toContain('403');
      await git([...push, `${urlFor(host.url, 'ada', password)}/${name}`, 'main'], { cwd: stage().large });
      const bare = join(stage().repositories, name);
      expect(await git(['rev-parse', 'main'], { cwd: bare })).toBe(
        await git(['rev-parse', 'main'], { cwd: stage().large }),
      );
    } finally {
      await host.close();
    }
  });

  it('finds repositories by a function and gives hooks the variables of another', async () => {
    const name = await stage().emptyRepository();
    const bare = join(stage().repositories, name);
    const hook = join(bare, 'hooks', 'post-receive');
    await writeFile(hook, '#!/bin/sh\necho "$TENANT $REMOTE_ADDR" >seen\n');
    await chmod(hook, 0o755);
    const asked: string[] = [];
    const host = await open(door, {
      repositories: async (path, context) => {
        await Promise.resolve();
        asked.push(`${context.operation} ${context.phase} ${path}`);
        return path === 'teams/red/app' ? bare : undefined;
      },
      environment: async ({ context, repository }) => {
        await Promise.resolve();
        return { TENANT: `${repository.name} ${context.service}` };
      },
      publicWrite: true,
    });
    try {
      const tree = await stage().checkout(`${host.url}/teams/red/app`);
      await git(['push', '--quiet', 'origin', 'main'], { cwd: tree });
      expect(await readFile(join(bare, 'seen'), 'utf8')).toBe('teams/red/app git-receive-pack 127.0.0.1\n');
      expect(asked).toEqual(['write discovery teams/red/app', 'write rpc teams/red/app']);
      const { stderr } = await tryGit(['ls-remote', `${host.url}/teams/blue/app`], { cwd: tree });
      expect(stderr).toContain('remote: repository not found');
    } finally {
      await host.close();
    }
  });

  it('answers with the error that a function throws, and hides those that are not meant for clients', async () => {
    const repositories = stage().repositories;
    const path = `${door.prefix}/app.git/info/refs?service=git-upload-pack`;
    const told = await open(door, {
      repositories,
      authorize: () => {
        throw new GitTyphoonError('ERR_FORBIDDEN', { message: 'your trial has ended' });
      },
    });
    try {
      const { code, stderr } = await tryGit(['ls-remote', `${told.url}/app.git`], { cwd: stage().work });
      expect(code).toBe(128);
      expect(stderr).toContain('remote: your trial has ended');
      expect(told.events.error).toEqual([]);
    } finally {
      await told.close();
    }
    const broken = await open(door, {
      repositories,
      authorize: () => Promise.reject(new Error('password of the database: hunter2')),
    });
    try {
      const answer = await ask(broken.port, { path });
      expect(answer).toMatchObject({ status: 500, body: 'the server failed to handle this request\n' });
      expect(broken.events.error).toHaveLength(1);
      expect(broken.events.error[0]?.error).toMatchObject({
        cause: { message: 'password of the database: hunter2' },
      });
    } finally {
      await broken.close();
    }
  });
}
