/** What may happen around a git that runs: floods, waiting, shutdown, repacking, refs that move. */
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  commitFile,
  commitRandom,
  fsck,
  git,
  gitOk,
  makeBareRepository,
  makeTempDir,
} from '../support/fixtures.js';
import { openRaw, requestHead } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { flush, pkt } from './differential/case.js';
import { clientOf, openLab, refOf, writeHook, type Lab } from './lab.js';
import { fetchType, pushBody, pushType } from './raw-push.js';
import { makeScriptedGit, onDiscovery, onRpc, when } from './scripted-git.js';

const folder = makeTempDir();
const script = makeScriptedGit(join(folder.path, 'git'));
let lab: Lab;
let count = 0;
let name = '';
let copy = '';

beforeAll(async () => {
  lab = await openLab({ gitCommand: script.command });
});
afterAll(async () => {
  await lab.close();
  folder.dispose();
});
beforeEach(async () => {
  script.tell();
  name = `app-${(count += 1)}.git`;
  await makeBareRepository(lab.at(name));
  copy = lab.fresh();
  await gitOk(['clone', '-q', lab.at(name), copy]);
});

/** Shell that says that it is there and waits until it is told to go on. */
function makeGate(): {
  readonly shell: string;
  readonly isReached: () => boolean;
  readonly open: () => void;
} {
  const gate = lab.fresh();
  return {
    shell: `touch '${gate}.reached'; until [ -e '${gate}.open' ]; do sleep 0.05; done`,
    isReached: () => existsSync(`${gate}.reached`),
    open: () => writeFileSync(`${gate}.open`, ''),
  };
}

/** A program for `uploadpack.packObjectsHook`. */
function writePackHook(body: string): string {
  const at = mkdtempSync(join(folder.path, 'hook-'));
  writeHook(at, 'pack', body);
  return join(at, 'hooks', 'pack');
}

describe('a git that fills its standard error', () => {
  const flood = `head -c 3000000 /dev/zero | tr '\\0' x >&2`;

  it('is served as ever', async () => {
    script.tell(flood);
    await gitOk(['clone', '-q', lab.url(name), lab.fresh()]);
    await commitFile(copy, 'new', 'new\n');
    await gitOk(['push', '-q', lab.url(name), 'main'], { cwd: copy });
    expect(await refOf(lab.at(name), 'main')).toBe(await refOf(copy, 'main'));
  });

  it('is remembered by the last of it, when it fails', async () => {
    script.tell(when(onDiscovery, `${flood}; echo 'fatal: the end' >&2; exit 128`));
    const errors = lab.server.events.error.length;
    const { stderr } = await git(['ls-remote', lab.url(name)]);
    expect(stderr).toContain('remote: git failed on the server');
    const cause = String((lab.server.events.error[errors]?.error as Error | undefined)?.cause);
    expect(cause).toMatch(/xfatal: the end$/);
    expect(cause.length).toBeLessThan(20_000);
  });
});

it('a server that closes waits for a push that runs, and takes no other', async () => {
  const closing = await openLab();
  try {
    await gitOk(['clone', '-q', '--bare', lab.at(name), closing.at('app.git')]);
    const gate = makeGate();
    writeHook(closing.at('app.git'), 'pre-receive', gate.shell);
    await commitFile(copy, 'new', 'new\n');
    const running = git(['push', closing.url('app.git'), 'main'], { cwd: copy });
    await eventually('the hook runs', gate.isReached);
    let isClosed = false;
    const closed = closing.server.git.close({ graceMs: 60_000 }).then(() => (isClosed = true));
    const second = await git(['push', closing.url('app.git'), 'main:second'], { cwd: copy });
    expect(second.code).toBe(128);
    expect(second.stderr).toMatch(/^remote: the server is shutting down; try again shortly$/m);
    expect(isClosed).toBe(false);
    gate.open();
    expect(await running).toMatchObject({ code: 0 });
    await closed;
    expect(await refOf(closing.at('app.git'), 'main')).toBe(await refOf(copy, 'main'));
    expect(await refOf(closing.at('app.git'), 'second')).toBe('');
    expect(closing.server.events.push).toHaveLength(1);
  } finally {
    await closing.close();
  }
});

describe('a repository that is repacked during a clone', () => {
  beforeEach(async () => {
    await gitOk(['config', 'core.compression', '0'], { cwd: copy });
    for (const file of ['a', 'b', 'c', 'd']) await commitRandom(copy, file, 1_000_000);
    await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
  });

  it.each([
    ['before its pack is begun', (gate: string) => `${gate}\nexec "$@"`],
    ['in the middle of its pack', (gate: string) => `"$@" | { head -c 500000; ${gate}; cat; }`],
  ])('%s: the clone is whole', async (_when, body) => {
    const gate = makeGate();
    const hook = writePackHook(body(gate.shell));
    const held = await openLab({ repositories: lab.root, gitConfig: { 'uploadpack.packObjectsHook': hook } });
    try {
      const to = lab.fresh();
      const running = git(['clone', '-q', '--bare', `${held.server.url}/${name}`, to]);
      await eventually('the pack is asked for', gate.isReached);
      const before = readdirSync(join(lab.at(name), 'objects', 'pack'));
      await gitOk(['repack', '-a', '-d', '-f', '-q', '--write-bitmap-index'], { cwd: lab.at(name) });
      await gitOk(['gc', '--prune=now', '-q'], { cwd: lab.at(name) });
      expect(readdirSync(join(lab.at(name), 'objects', 'pack'))).not.toEqual(before);
      gate.open();
      expect(await running).toMatchObject({ code: 0 });
      await fsck(to);
      expect(await refOf(to, 'main')).toBe(await refOf(copy, 'main'));
    } finally {
      gate.open();
      await held.close();
    }
  });
});

describe('a branch that changes between its advertisement and the fetch', () => {
  /** What has told the client about refs: the advertisement, or ls-refs, the first POST of version 2. */
  const afterRefs = (version: number, command: string): string => {
    const once = `[ -e '${lab.at(name)}/done' ] || { touch '${lab.at(name)}/done'; ${command}; }`;
    return when(version === 2 ? onRpc : onDiscovery, `git "$@"; ${once} >/dev/null 2>&1; exit 0`);
  };
  const update = (change: string): string => `git --git-dir='${lab.at(name)}' update-ref ${change}`;
  let side = '';
  beforeEach(async () => {
    await gitOk(['checkout', '-q', '--orphan', 'side'], { cwd: copy });
    side = await commitFile(copy, 'side', 'side\n');
    await gitOk(['push', '-q', 'origin', 'side'], { cwd: copy });
  });
  const cloneSide = (version: number, to: string): ReturnType<typeof git> =>
    clientOf(version).try(['clone', '--bare', '--single-branch', '-b', 'side', lab.url(name), to]);

  it.each([0, 2])('moves on, protocol version %i: the client gets what it saw', async (version) => {
    const next = await commitFile(copy, 'next', 'next\n');
    await gitOk(['push', '-q', 'origin', 'side:refs/other/next'], { cwd: copy });
    script.tell(afterRefs(version, update(`refs/heads/side ${next}`)));
    const to = lab.fresh();
    expect(await cloneSide(version, to)).toMatchObject({ code: 0 });
    expect(await refOf(to, 'side')).toBe(side);
    expect(await refOf(lab.at(name), 'side')).toBe(next);
    await fsck(to);
  });

  it('is deleted, protocol version 0: the client is told', async () => {
    script.tell(afterRefs(0, update('-d refs/heads/side')));
    const { code, stderr } = await cloneSide(0, lab.fresh());
    expect(stderr).toContain(`fatal: remote error: upload-pack: not our ref ${side}`);
    expect(code).toBe(128);
    expect(await refOf(lab.at(name), 'side')).toBe('');
  });

  it('is deleted, protocol version 2: the client gets what it saw, while the object is there', async () => {
    script.tell(afterRefs(2, update('-d refs/heads/side')));
    const to = lab.fresh();
    expect(await cloneSide(2, to)).toMatchObject({ code: 0 });
    expect(await refOf(to, 'side')).toBe(side);
    expect(await refOf(lab.at(name), 'side')).toBe('');
  });

  it('is deleted and pruned, protocol version 2: the client is told', async () => {
    const prune = `git --git-dir='${lab.at(name)}' prune --expire=now`;
    script.tell(afterRefs(2, `${update('-d refs/heads/side')}; ${prune}`));
    const { code, stderr } = await cloneSide(2, lab.fresh());
    expect(stderr).toContain(`fatal: remote error: upload-pack: not our ref ${side}`);
    expect(code).toBe(128);
  });
});

describe('while git says nothing, its signs of life are passed on', () => {
  /** gitprotocol-pack: an empty packet of band 1, so that no proxy takes the connection for dead. */
  const sign = '0005\u0001';

  it('of a fetch', async () => {
    const gate = makeGate();
    const hook = writePackHook(`${gate.shell}\nexec "$@"`);
    const held = await openLab({
      repositories: lab.root,
      gitConfig: { 'uploadpack.packObjectsHook': hook, 'uploadpack.keepAlive': '1' },
    });
    const connection = await openRaw(held.server.port);
    try {
      const want = pkt(`want ${await refOf(copy, 'main')}\n`);
      const body = `${pkt('command=fetch')}0001${want}${pkt('done\n')}${flush}`;
      const request = { method: 'POST', path: `/${name}/git-upload-pack`, headers: fetchType, body };
      await connection.write(requestHead(request) + body);
      await connection.until((received) => received.includes(sign));
      expect(connection.isClosed).toBe(false);
      expect(gate.isReached()).toBe(true);
      expect(connection.received.includes('PACK')).toBe(false);
      gate.open();
      const answer = await connection.response();
      expect(answer.complete).toBe(true);
      expect(answer.body.includes('PACK')).toBe(true);
    } finally {
      gate.open();
      connection.destroy();
      await held.close();
    }
  });

  it('of a push', async () => {
    const gate = makeGate();
    await gitOk(['config', 'receive.keepAlive', '1'], { cwd: lab.at(name) });
    writeHook(lab.at(name), 'pre-receive', gate.shell);
    await commitFile(copy, 'new', 'new\n');
    const { oid, body } = await pushBody(copy, 'refs/heads/new');
    const connection = await openRaw(lab.server.port);
    try {
      const request = { method: 'POST', path: `/${name}/git-receive-pack`, headers: pushType, body };
      await connection.write(requestHead(request));
      await connection.write(body);
      await connection.until((received) => received.includes(sign));
      expect(connection.isClosed).toBe(false);
      expect(await refOf(lab.at(name), 'new')).toBe('');
      gate.open();
      const answer = await connection.response();
      expect(answer.body.toString('latin1')).toContain('ok refs/heads/new\n');
      expect(await refOf(lab.at(name), 'new')).toBe(oid);
    } finally {
      gate.open();
      connection.destroy();
    }
  });
});
