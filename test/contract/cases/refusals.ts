import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { GitServerOptions } from '../../../src/index.js';
import { eventually } from '../../support/server.js';
import { tryGit } from '../client.js';
import { chunk, lastChunk, pushHead, RawConnection } from '../http-client.js';
import { open, type Door } from '../hosts/door.js';
import type { Stage } from './stage.js';

/** @hono/node-server reads a refused body for half a second at most: on a slow machine, its client sees this. */
const brokenConnection = /reset|broken pipe|send failure|recv failure|curl 5[56]/i;

/** Lets discovery and probe through and changes its mind when the pack itself comes. */
function refuseTheThird(change: 'authenticate' | 'authorize'): Omit<GitServerOptions, 'repositories'> {
  let rpcs = 0;
  return {
    authenticate: ({ phase }) => {
      if (phase === 'rpc') rpcs += 1;
      return change === 'authenticate' && rpcs > 1 ? undefined : { name: 'ada' };
    },
    authorize: ({ user, context }) =>
      user !== undefined && (change === 'authenticate' || rpcs <= 1 || context.operation === 'read'),
  };
}

/** A refusal while the body is still coming reaches the client as what it is. */
export function refusalCases(door: Door, stage: () => Stage): void {
  it.each([
    [403, 'authorize', /The requested URL returned error: 403|HTTP 403/],
    [401, 'authenticate', /HTTP 401|Authentication failed|could not read/],
  ] as const)('tells git about %i in the middle of its chunked push', async (status, change, said) => {
    const name = await stage().emptyRepository();
    const host = await open(door, { repositories: stage().repositories, ...refuseTheThird(change) });
    try {
      const url = `${host.url.replace('//', '//ada:secret@')}/${name}`;
      const args = ['-c', 'http.postBuffer=65536', 'push', url, 'main'];
      const { code, stderr } = await tryGit(args, { cwd: stage().large });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(said);
      expect(door.isOpinionated || !brokenConnection.test(stderr)).toBe(true);
      await eventually('the refusal is reported', () =>
        host.events.request.some((event) => event.status === status && event.context.phase === 'rpc'),
      );
      expect(host.events.push).toEqual([]);
    } finally {
      await host.close();
    }
  });

  it('tells git in its report that a push is too large', async () => {
    const name = await stage().emptyRepository();
    const host = await open(door, {
      repositories: stage().repositories,
      publicWrite: true,
      limits: { maxPushBytes: 1024 * 1024 },
    });
    try {
      const args = ['-c', 'http.postBuffer=65536', 'push', `${host.url}/${name}`, 'main'];
      const { code, stderr } = await tryGit(args, { cwd: stage().large });
      expect(code).not.toBe(0);
      expect(stderr).toContain('the request body is larger than the 1 MiB that this server accepts');
      expect(door.isOpinionated || !brokenConnection.test(stderr)).toBe(true);
      const left = await tryGit(['count-objects', '-v'], { cwd: join(stage().repositories, name) });
      expect(left.stdout).toContain('count: 0\n');
    } finally {
      await host.close();
    }
  });

  it('answers a client that is still sending', async () => {
    const host = await open(door, { repositories: stage().repositories });
    const connection = new RawConnection(host.port);
    const piece = chunk(randomBytes(64 * 1024));
    try {
      await connection.write(pushHead(`${door.prefix}/app.git`));
      await eventually('the whole refusal has come', async () => {
        await connection.write(piece);
        return connection.received.endsWith('pushing to this repository is not enabled on this server\n');
      });
      expect(connection.received).toMatch(/^HTTP\/1\.1 403 /);
    } finally {
      connection.close();
      await host.close();
    }
  });
}

/** For hosts that have no limits of their own: @hono/node-server is done with such a client after half a second. */
export function patientRefusalCases(door: Door, stage: () => Stage): void {
  it('answers a client that reads nothing before it has sent everything, and serves it again', async () => {
    const host = await open(door, { repositories: stage().repositories });
    const connection = new RawConnection(host.port);
    const piece = chunk(randomBytes(1024 * 1024));
    try {
      connection.stopReading();
      await connection.write(pushHead(`${door.prefix}/app.git`));
      for (let i = 0; i < 20; i += 1) await connection.write(piece);
      await connection.write(lastChunk);
      connection.readOn();
      await eventually('the refusal has come', () => connection.received.includes('not enabled'));
      expect(connection.received).toMatch(/^HTTP\/1\.1 403 /);
      await connection.write(`GET ${door.prefix}/app.git/HEAD HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      await eventually('the next answer has come', () =>
        connection.received.includes('ref: refs/heads/main'),
      );
      expect(connection.failure).toBeUndefined();
    } finally {
      connection.close();
      await host.close();
    }
  });
}
