import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { git, makeRepository, tryGit } from '../contract/client.js';
import { makeAuthority } from '../support/certificates.js';
import { makeTempDir } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import type { Place } from './place.js';
import { startProxy, type ProxyKind, type RunningProxy } from './proxy.js';

/** The cases for a proxy that speaks TLS and HTTP/2 to git. */
export function tlsCases(kind: ProxyKind, program: string, place: () => Place): void {
  let proxy: RunningProxy;
  let env: Record<string, string>;
  const certificates = makeTempDir();

  beforeAll(async () => {
    const authority = makeAuthority(certificates.path, 'authority');
    const { keyFile, certFile } = authority.sign('git', '/CN=127.0.0.1', 'subjectAltName=IP:127.0.0.1');
    const at = (name: string): string => join(certificates.path, name);
    for (const [from, name] of [
      [certFile, 'git.pem'],
      [keyFile, 'git.key'],
      [keyFile, 'git.pem.key'],
    ] as const) {
      copyFileSync(from, at(name));
    }
    env = { GIT_SSL_CAINFO: authority.certFile };
    // Whatever other cases have held back.
    await place().held.release();
    proxy = await startProxy(kind, program, place().port, { certificates: certificates.path });
  });

  afterAll(async () => {
    await proxy?.stop();
    certificates.dispose();
  });

  const url = (user = ''): string => `https://${user}127.0.0.1:${proxy.port}/git`;

  it('passes a clone in version 2 over HTTP/2', async () => {
    const { stage, requests } = place();
    await makeRepository(stage.repositories, 'over-tls.git');
    const before = requests.length;
    const { code, stderr } = await tryGit(['clone', `${url()}/over-tls.git`, stage.fresh()], {
      cwd: stage.work,
      env: { ...env, GIT_TRACE_CURL: '1', GIT_TRACE_CURL_NO_DATA: '1' },
    });
    expect(code).toBe(0);
    expect(stderr.match(/header: HTTP\/2 200/g)).toHaveLength(3);
    await eventually('three requests are reported', () => requests.length === before + 3);
    for (const { context } of requests.slice(before)) expect(context.protocolVersion).toBe(2);
  });

  it('passes a push of 30 MB over HTTP/2', async () => {
    const { stage } = place();
    const name = await stage.emptyRepository();
    // With its length: in chunks over HTTP/2 some clients (curl 7.88) wait for ever, with the answer before them.
    const push = ['-c', 'http.postBuffer=64m', 'push', '--quiet', `${url('ada:secret@')}/${name}`, 'main'];
    await git(push, { cwd: stage.large, env });
    const commit = await git(['rev-parse', 'main'], { cwd: stage.large });
    expect(await git(['rev-parse', 'main'], { cwd: join(stage.repositories, name) })).toBe(commit);
  });

  it('passes on over HTTP/2 why a push was refused', async () => {
    const { large } = place().stage;
    const { code, stderr } = await tryGit(['push', `${url('bob:secret@')}/app.git`, 'main:other'], {
      cwd: large,
      env,
    });
    expect(stderr).toContain('remote: you are not allowed to push to this repository');
    expect(code).not.toBe(0);
  });
}
