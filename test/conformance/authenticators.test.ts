/** The ready-made ways of saying who it is, as people use them with git. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterEach, describe, expect, test } from 'vitest';
import {
  combineAuthenticators,
  externalAuthenticator,
  openHtpasswdFile,
  proxyHeaderAuthenticator,
  throttled,
  type Authenticate,
} from '../../src/access/index.js';
import { commitFile, gitOk, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { clientOf, openLab, protocolVersions, refOf, type Lab } from './lab.js';

const closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A repository `app.git` in which only `ann` may do anything. */
async function openFor(authenticate: Authenticate): Promise<Lab> {
  const lab = await openLab({
    publicRead: false,
    publicWrite: false,
    authenticate,
    authorize: ({ user }) => user?.name === 'ann',
  });
  closing.push(() => lab.close());
  await makeBareRepository(lab.at('app.git'), { commits: 1 });
  return lab;
}

async function htpasswd(): Promise<Authenticate> {
  const folder = makeTempDir();
  closing.push(() => folder.dispose());
  const file = join(folder.path, 'htpasswd');
  const md5 = '$apr1$saltsalt$NbFE6MQ5K5PLZBjURBvq51';
  writeFileSync(file, `ann:${hashSync('p:w%é', 4)}\nbob:${md5}\n`);
  return (await openHtpasswdFile(file)).authenticate;
}

function as(lab: Lab, user: string, password: string): string {
  return lab.url('app.git').replace('//', `//${user}:${encodeURIComponent(password)}@`);
}

describe.each(protocolVersions)('protocol version %i:', (version) => {
  const client = clientOf(version);

  test('a user of an htpasswd file clones and pushes, and others do not', async () => {
    const lab = await openFor(await htpasswd());
    const work = lab.fresh();
    await client.ok(['clone', '-q', as(lab, 'ann', 'p:w%é'), work]);
    const commit = await commitFile(work, 'new', 'x\n');
    await client.ok(['push', '-q', 'origin', 'main'], work);
    expect(await refOf(lab.at('app.git'), 'main')).toBe(commit);
    for (const [user, password] of [
      ['ann', 'f 4'],
      ['eve', 'p:w%é'],
    ] as const) {
      const { code, stderr } = await client.try(['ls-remote', as(lab, user, password)]);
      expect(code).toBe(128);
      expect(stderr).toContain('remote: the user name, password or token is not valid');
    }
    const { stderr } = await client.try(['ls-remote', as(lab, 'bob', 'f 4')]);
    expect(stderr).toContain('repository not found');
  });

  test('who guesses is told that it was too often; the user elsewhere is not shut out', async () => {
    const headers = { trustedAddresses: ['127.0.0.1'], userHeader: 'X-Elsewhere' };
    const guarded = throttled(await htpasswd(), { maxFailuresPerUser: 2, delayMs: 0 });
    const lab = await openFor(combineAuthenticators(proxyHeaderAuthenticator(headers), guarded));
    for (const guess of ['one', 'two']) {
      const { stderr } = await client.try(['ls-remote', as(lab, 'ann', guess)]);
      expect(stderr).toContain('Authentication failed');
    }
    const { code, stderr } = await client.try(['ls-remote', as(lab, 'ann', 'p:w%é')]);
    expect(code).toBe(128);
    expect(stderr).toContain('remote: too many failed attempts; try again later');
    expect(stderr).toContain('429');
    // The proxy has recognised her by other means, which nobody guesses at.
    await client.ok(['-c', 'http.extraHeader=X-Elsewhere: ann', 'ls-remote', as(lab, 'ann', 'p:w%é')]);
    expect(lab.server.events.error).toEqual([]);
  });

  test('a header is believed from a proxy, and from nobody else', async () => {
    const header = ['-c', 'http.extraHeader=Remote-User: ann'];
    const trusted = await openFor(
      proxyHeaderAuthenticator({ trustedAddresses: ['127.0.0.0/8'], userHeader: 'Remote-User' }),
    );
    await client.ok([...header, 'clone', '-q', trusted.url('app.git'), trusted.fresh()]);
    const twice = [...header, '-c', 'http.extraHeader=Remote-User: root'];
    const refused = await client.try([...twice, 'ls-remote', trusted.url('app.git')]);
    expect(refused.stderr).toContain('remote: the header remote-user names several users');
    const strange = await openFor(
      proxyHeaderAuthenticator({ trustedAddresses: ['10.0.0.0/8', '::1'], userHeader: 'Remote-User' }),
    );
    const { code, stderr } = await client.try([...header, 'ls-remote', strange.url('app.git')]);
    expect(code).toBe(128);
    expect(stderr).toContain('could not read Username');
  });

  test('an endpoint is asked once in a command, and when it is down the password is kept', async () => {
    const asked: (string | undefined)[] = [];
    const endpoint: Server = createServer((request, response) => {
      asked.push(
        `${String(request.headers['x-git-operation'])} ${String(request.headers['x-original-uri'])}`,
      );
      const isAnn = request.headers.authorization === `Basic ${btoa('ann:word')}`;
      response.writeHead(isAnn ? 200 : 401, isAnn ? { 'Remote-User': 'ann' } : {}).end();
    });
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`;
    const lab = await openFor(externalAuthenticator({ url, cacheMs: 60_000 }));
    const work = lab.fresh();
    await client.ok(['clone', '-q', as(lab, 'ann', 'word'), work]);
    await commitFile(work, 'new', 'x\n');
    await client.ok(['push', '-q', 'origin', 'main'], work);
    expect(asked).toEqual(['read /app.git', 'write /app.git']);
    expect((await client.try(['ls-remote', as(lab, 'eve', 'word')])).stderr).toContain(
      'Authentication failed',
    );

    endpoint.closeAllConnections();
    await new Promise((resolve) => endpoint.close(resolve));
    const { code, stderr } = await client.try(['ls-remote', as(lab, 'bob', 'secret')]);
    expect(code).toBe(128);
    expect(stderr).toContain(
      'remote: the server cannot find out who you are at the moment; try again shortly',
    );
    expect(stderr).toContain('503');
    await eventually('the operator is told', () => lab.server.events.error.length > 0);
    const [event] = lab.server.events.error;
    expect(event?.error).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(await gitOk(['-C', lab.at('app.git'), 'rev-list', '--count', 'main'])).toBe('2');
  });
});
