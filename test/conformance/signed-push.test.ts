/** Pushes that are signed: the nonce of the advertisement must be good for the transfer. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFile, gitOk, makeBareRepository } from '../support/fixtures.js';
import { clientOf, openLab, writeHook, type Lab } from './lab.js';

function hasKeygen(): boolean {
  const found = (process.env['PATH'] ?? '')
    .split(':')
    .some((folder) => existsSync(join(folder, 'ssh-keygen')));
  if (!found && process.env['CI'] === 'true')
    throw new Error('ssh-keygen is missing: install openssh-client');
  if (!found) process.stderr.write('skipped: signed pushes need ssh-keygen (openssh-client)\n');
  return found;
}

describe.skipIf(!hasKeygen())('a signed push', () => {
  let lab: Lab;
  let keys = '';
  beforeAll(async () => {
    lab = await openLab();
    keys = lab.fresh();
    mkdirSync(keys);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(keys, 'key')]);
    const [type, key] = readFileSync(join(keys, 'key.pub'), 'utf8').split(' ');
    writeFileSync(join(keys, 'allowed'), `committer@example.org ${type} ${key}\n`);
    await makeBareRepository(lab.at('app.git'));
    for (const [name, value] of [
      ['receive.certNonceSeed', 'a secret'],
      // A push may come some seconds after its advertisement.
      ['receive.certNonceSlop', '60'],
      ['gpg.format', 'ssh'],
      ['gpg.ssh.allowedSignersFile', join(keys, 'allowed')],
    ] as const) {
      await gitOk(['config', name, value], { cwd: lab.at('app.git') });
    }
    writeHook(
      lab.at('app.git'),
      'pre-receive',
      'echo "nonce $GIT_PUSH_CERT_NONCE_STATUS, signature $GIT_PUSH_CERT_STATUS, $(git cat-file -t $GIT_PUSH_CERT)"',
    );
  });
  afterAll(() => lab.close());

  it.each([0, 1, 2])('is accepted with a good nonce, protocol version %i', async (version) => {
    const client = clientOf(version);
    const copy = lab.fresh();
    await client.ok(['clone', '-q', lab.url('app.git'), copy]);
    await commitFile(copy, `v${version}`, 'x\n');
    const sign = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${join(keys, 'key')}`];
    const { code, stderr } = await client.try([...sign, 'push', '--signed', 'origin', 'main'], copy);
    expect([code, stderr]).toEqual([0, expect.stringContaining('remote: nonce OK, signature G, blob')]);
    const push = lab.server.events.push.at(-1);
    expect(push?.certificate).toContain('pushee ');
    expect(push?.updates).toMatchObject([{ refName: 'refs/heads/main', result: { status: 'ok' } }]);
  });
});
