/** What the installed git may be too old for: archives over HTTP (2.44), reftable (2.45), object-info. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitFile, fsck, gitOk, makeBareRepository } from '../support/fixtures.js';
import { gitAtLeast } from '../support/gits.js';
import { clientOf, openLab, protocolVersions, refOf, type Lab } from './lab.js';

const newer = gitAtLeast(2, 46);

describe.skipIf(!newer)(`with ${newer?.name ?? 'a newer git'}`, () => {
  const command = newer?.command ?? 'git';
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab({ gitCommand: command });
    await makeBareRepository(lab.at('app.git'));
    await gitOk(['config', 'http.uploadarchive', 'true'], { cwd: lab.at('app.git') });
  });
  afterAll(() => lab.close());

  describe('git archive --remote', () => {
    const client = clientOf(2, { command });

    it.each([['tar'], ['zip'], ['tgz']])('makes a %s of a branch', async (format) => {
      const file = `${lab.fresh()}.${format}`;
      await client.ok([
        'archive',
        `--remote=${lab.url('app.git')}`,
        `--format=${format}`,
        '-o',
        file,
        'main',
      ]);
      // Both formats hold the names of files as they are.
      const content = readFileSync(file);
      const listed = (format === 'tgz' ? gunzipSync(content) : content).toString('latin1');
      for (const name of ['file-1', 'file-2', 'file-3']) expect(listed).toContain(name);
    });

    it('says what is wrong: a ref that does not exist', async () => {
      const { code, stderr } = await client.try(['archive', `--remote=${lab.url('app.git')}`, 'nothing']);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/remote: fatal: (no such ref|not a valid object name|not a tree object)/);
    });

    it('writes no file on the server, whatever its arguments say', async () => {
      const target = lab.fresh();
      const { code } = await client.try([
        'archive',
        `--remote=${lab.url('app.git')}`,
        `--output=${target}`,
        'main',
      ]);
      // --output is the client's own; --exec and --remote never leave it either (git-archive).
      expect(code).toBe(0);
      const raw = await fetch(`${lab.url('app.git')}/git-upload-archive`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-git-upload-archive-request' },
        body: `${['argument --output=' + target + '.evil', 'argument main']
          .map((line) => (line.length + 5).toString(16).padStart(4, '0') + line + '\n')
          .join('')}0000`,
      });
      expect(await raw.text()).toMatch(/NACK|fatal|error/);
      await expect(gitOk(['hash-object', `${target}.evil`])).rejects.toThrow(/could not open|No such file/i);
    });
  });

  describe.each(protocolVersions)('reftable, protocol version %i', (version) => {
    const client = clientOf(version, { command });

    it('clones, pushes, deletes', async () => {
      const name = `reftable-${version}.git`;
      await gitOk(['init', '-q', '--bare', '-b', 'main', '--ref-format=reftable', lab.at(name)], { command });
      await client.ok(['push', '-q', lab.url(name), 'main', 'v1', 'topic'], lab.at('app.git'));
      const copy = lab.fresh();
      await client.ok(['clone', '-q', '--ref-format=reftable', lab.url(name), copy]);
      expect(await client.ok(['rev-parse', 'main'], copy)).toBe(await refOf(lab.at('app.git'), 'main'));
      await client.ok(['push', '-q', 'origin', '--delete', 'topic'], copy);
      expect(await client.ok(['for-each-ref', '--format=%(refname)'], lab.at(name))).toBe(
        'refs/heads/main\nrefs/tags/v1',
      );
      await client.ok(['fsck', '--strict', '--no-progress'], lab.at(name));
      await client.ok(['clone', '-q', lab.url(name), lab.fresh()]);
    });
  });

  it('lists refs of a reftable repository to dumb clients', async () => {
    await gitOk(['init', '-q', '--bare', '-b', 'main', '--ref-format=reftable', lab.at('dumb.git')], {
      command,
    });
    await gitOk(['push', '-q', lab.url('dumb.git'), 'main'], { cwd: lab.at('app.git'), command });
    const oid = await refOf(lab.at('app.git'), 'main');
    expect(await (await fetch(`${lab.url('dumb.git')}/info/refs`)).text()).toBe(`${oid}\trefs/heads/main\n`);
    expect(await (await fetch(`${lab.url('dumb.git')}/HEAD`)).text()).toBe('ref: refs/heads/main\n');
  });

  it('tells the sizes of objects (object-info) where that is on', async () => {
    await gitOk(['config', 'transfer.advertiseObjectInfo', 'true'], { cwd: lab.at('app.git') });
    const oid = await gitOk(['rev-parse', 'main:file-1'], { cwd: lab.at('app.git') });
    const pkt = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
    const response = await fetch(`${lab.url('app.git')}/git-upload-pack`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' },
      body: `${pkt('command=object-info')}${pkt('object-format=sha1')}0001${pkt('size')}${pkt(`oid ${oid}`)}0000`,
    });
    expect(await response.text()).toContain(`${oid} 10`);
  });

  it('an old client and the new server understand each other, and the other way round', async () => {
    for (const [client, server] of [
      [undefined, command],
      [command, undefined],
    ] as const) {
      const mixed = await openLab(server ? { gitCommand: server } : {});
      try {
        await makeBareRepository(mixed.at('app.git'));
        for (const version of protocolVersions) {
          const one = clientOf(version, client ? { command: client } : {});
          const copy = mixed.fresh();
          await one.ok(['clone', '-q', '--depth=1', mixed.url('app.git'), copy]);
          await commitFile(copy, `v${version}`, 'x\n');
          await one.ok(['push', '-q', 'origin', 'main'], copy);
          await one.ok(['fetch', '-q', '--unshallow'], copy);
          await fsck(mixed.at('app.git'));
        }
      } finally {
        await mixed.close();
      }
    }
  });
});

// git 2.54 and newer take hooks from configuration as well (git-hook).
const withConfiguredHooks = gitAtLeast(2, 54);

describe.skipIf(!withConfiguredHooks)(`with ${withConfiguredHooks?.name ?? 'the newest git'}`, () => {
  it.each([
    ['repository', true],
    ['none', false],
  ] as const)('hooks: %s, for those of the configuration too', async (hooks, runs) => {
    const lab = await openLab({ gitCommand: withConfiguredHooks?.command, hooks });
    try {
      await makeBareRepository(lab.at('app.git'));
      const ran = lab.fresh();
      const program = lab.fresh();
      writeFileSync(program, `#!/bin/sh\ncat >/dev/null\ntouch '${ran}'\n`);
      chmodSync(program, 0o755);
      await gitOk(['config', 'hook.mine.event', 'post-receive'], { cwd: lab.at('app.git') });
      await gitOk(['config', 'hook.mine.command', program], { cwd: lab.at('app.git') });
      await gitOk(['config', 'hook.post-receive.enabled', 'true'], { cwd: lab.at('app.git') });
      const copy = lab.fresh();
      await gitOk(['clone', '-q', lab.url('app.git'), copy]);
      await commitFile(copy, 'new', 'new\n');
      await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
      expect(existsSync(ran)).toBe(runs);
    } finally {
      await lab.close();
    }
  });
});
