/** More requests than gits may run: who waits, whose turn it is, and what is said to those for whom there is no room. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { GitServerOptions } from '../../src/index.js';
import {
  commitFile,
  fsck,
  git,
  gitOk,
  makeBareRepository,
  makeTempDir,
  type GitResult,
} from '../support/fixtures.js';
import { headerOf, openRaw, rawRequest, requestHead } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { openLab, refOf, type Lab } from './lab.js';
import { leftovers } from './leftovers.js';
import { fetchType, lsRefs } from './raw-push.js';
import { makeScriptedGit, onDiscovery, when } from './scripted-git.js';

const temporary = makeTempDir();
const tools = makeTempDir();
const script = makeScriptedGit(join(tools.path, 'git'));
let lab: Lab | undefined;
let count = 0;

afterEach(async () => {
  await lab?.close();
  lab = undefined;
  script.tell();
});
afterAll(() => {
  temporary.dispose();
  tools.dispose();
});

interface Stage extends Lab {
  /** Lets all go on that waits. */
  openGate(): void;
  /** What gits that make a pack have written. */
  log(): string[];
}

/** A server whose gits wait at a gate before they make a pack; each writes its user into a log. */
async function openStage(options: Partial<GitServerOptions>): Promise<Stage> {
  const at = join(tools.path, `stage-${(count += 1)}`);
  const hook = `${at}.hook`;
  // No two of them may be here at the same time: where that is so, the log says it.
  writeFileSync(
    hook,
    [
      '#!/bin/sh',
      `until [ -e '${at}.open' ]; do sleep 0.02; done`,
      `mkdir '${at}.alone' 2>/dev/null || echo clash >> '${at}.log'`,
      `echo "\${REMOTE_USER:-nobody}" >> '${at}.log'`,
      '"$@"',
      'status=$?',
      `rmdir '${at}.alone' 2>/dev/null`,
      'exit $status',
    ].join('\n'),
  );
  chmodSync(hook, 0o755);
  const opened = await openLab({
    gitCommand: script.command,
    gitConfig: { 'uploadpack.packObjectsHook': hook, 'uploadpack.allowFilter': 'true' },
    ...options,
    limits: { temporaryDirectory: temporary.path, ...options.limits },
  });
  lab = opened;
  await makeBareRepository(opened.at('app.git'));
  return {
    ...opened,
    openGate: () => writeFileSync(`${at}.open`, ''),
    log: () => (existsSync(`${at}.log`) ? readFileSync(`${at}.log`, 'utf8').trim().split('\n') : []),
  };
}

function clone(stage: Stage, user?: string): Promise<GitResult> {
  const url = user === undefined ? stage.url('app.git') : stage.url('app.git').replace('//', `//${user}:x@`);
  return git(['clone', '-q', '--bare', url, stage.fresh()]);
}

async function nothingLeft({ root, server }: Stage): Promise<void> {
  await eventually('all is as before', () => {
    const { running, queued, gitProcesses, spooledBytes } = server.git.status();
    const counts = [...Object.values(running), ...Object.values(queued), gitProcesses, spooledBytes];
    return counts.every((number) => number === 0) && leftovers(root, temporary.path).length === 0;
  });
}

const busy = 'the server is busy; try again shortly';

describe('a crowd of clones, where two gits may run', () => {
  it('is served one after the other; pushes, refs and lazy fetches get through meanwhile', async () => {
    const stage = await openStage({ limits: { maxGitProcesses: 2 } });
    const work = stage.fresh();
    await gitOk(['clone', '-q', stage.at('app.git'), work]);
    const pushed = await commitFile(work, 'new', 'new\n');
    const status = () => stage.server.git.status();
    const clones = Array.from({ length: 8 }, () => clone(stage));
    await eventually('all but one wait', () => status().running.fetch === 1 && status().queued.fetch === 7);

    await gitOk(['push', '-q', stage.url('app.git'), 'main'], { cwd: work });
    expect(await refOf(stage.at('app.git'), 'main')).toBe(pushed);
    expect(await gitOk(['ls-remote', stage.url('app.git'), 'main'])).toContain(pushed);
    expect(status()).toMatchObject({ running: { fetch: 1, push: 0 }, queued: { fetch: 7 } });
    const partial = git(['clone', '-q', '--bare', '--filter=blob:none', stage.url('app.git'), stage.fresh()]);
    await eventually('a lazy fetch runs', () => status().running.lazy === 1);

    stage.openGate();
    const all = await Promise.all([partial, ...clones]);
    expect(all.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      all.map(() => ({ code: 0, stderr: '' })),
    );
    expect(status().refused).toEqual({ refs: 0, lazy: 0, fetch: 0, push: 0 });
    await fsck(stage.at('app.git'));
    await nothingLeft(stage);
  });

  it('never meets in a git that makes a pack', async () => {
    const stage = await openStage({ limits: { maxGitProcesses: 2 } });
    stage.openGate();
    const clones = await Promise.all(Array.from({ length: 6 }, () => clone(stage)));
    expect(clones.map(({ code }) => code)).toEqual(clones.map(() => 0));
    expect(stage.log()).toEqual(clones.map(() => 'nobody'));
    await nothingLeft(stage);
  });

  it('lets somebody new have a turn before all others of a user who has many', async () => {
    const stage = await openStage({
      limits: { maxGitProcesses: 2, maxGitProcessesPerClient: 2 },
      publicRead: false,
      authorize: ({ user }) => user !== undefined,
      authenticate: ({ credentials }) =>
        credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
    });
    const status = () => stage.server.git.status();
    const many = Array.from({ length: 6 }, () => clone(stage, 'many'));
    await eventually('they wait', () => status().queued.fetch === 5);
    const one = clone(stage, 'one');
    await eventually('one more waits', () => status().queued.fetch === 6);
    stage.openGate();
    expect((await one).code).toBe(0);
    await Promise.all(many);
    // The first was running already, the second had come before.
    expect(stage.log()).toEqual(['many', 'many', 'one', 'many', 'many', 'many', 'many']);
    await nothingLeft(stage);
  });

  it('leaves room for other repositories', async () => {
    const stage = await openStage({ limits: { maxGitProcesses: 4, maxGitProcessesPerRepository: 1 } });
    await makeBareRepository(stage.at('other.git'));
    const status = () => stage.server.git.status();
    const clones = [clone(stage), clone(stage)];
    await eventually('one waits', () => status().queued.fetch === 1);
    const other = git(['clone', '-q', '--bare', stage.url('other.git'), stage.fresh()]);
    await eventually('another repository is served', () => status().running.fetch === 2);
    expect(status().queued.fetch).toBe(1);
    stage.openGate();
    const codes = (await Promise.all([...clones, other])).map(({ code }) => code);
    expect(codes).toEqual([0, 0, 0]);
    await nothingLeft(stage);
  });
});

describe('when there is no room in the line either', () => {
  it('a fetch is told so by git', async () => {
    const stage = await openStage({ limits: { maxGitProcesses: 1, maxQueuedRequests: 1 } });
    const status = () => stage.server.git.status();
    const served = [clone(stage), clone(stage)];
    await eventually('one runs, one waits', () => status().queued.fetch === 1);
    const { code, stderr } = await clone(stage);
    expect(code).toBe(128);
    expect(stderr).toContain(`fatal: remote error: ${busy}`);
    expect(status().refused).toEqual({ refs: 0, lazy: 0, fetch: 1, push: 0 });
    stage.openGate();
    expect((await Promise.all(served)).map(({ code }) => code)).toEqual([0, 0]);
    await nothingLeft(stage);
  });

  it('discovery is answered with 503, when to come again, and a text that git shows', async () => {
    const stage = await openStage({ limits: { maxQuickProcesses: 1, maxQueuedRequests: 1 } });
    const { port, git: server } = stage.server;
    const gate = join(tools.path, `gate-${(count += 1)}`);
    script.tell(when(onDiscovery, `until [ -e '${gate}' ]; do sleep 0.02; done`));
    const path = '/app.git/info/refs?service=git-upload-pack';
    const served = [rawRequest({ port, path }), rawRequest({ port, path })];
    await eventually('one waits', () => server.status().queued.refs === 1);
    const refused = await rawRequest({ port, path });
    expect(refused.status).toBe(503);
    expect(headerOf(refused, 'Retry-After')).toMatch(/^[1-9]\d*$/);
    expect(refused.body.toString()).toBe(`${busy}\n`);
    expect((await git(['ls-remote', stage.url('app.git')])).stderr).toContain(`remote: ${busy}`);
    writeFileSync(gate, '');
    expect((await Promise.all(served)).map(({ status }) => status)).toEqual([200, 200]);
    await nothingLeft(stage);
  });

  it('a push whose turn does not come is refused in the form of a report', async () => {
    const stage = await openStage({ limits: { maxGitProcesses: 1, queueTimeoutMs: 100 } });
    const work = stage.fresh();
    await gitOk(['clone', '-q', stage.at('app.git'), work]);
    await commitFile(work, 'new', 'new\n');
    const first = clone(stage);
    await eventually('a clone has the only turn', () => stage.server.git.status().running.fetch === 1);
    const { code, stderr } = await git(['push', stage.url('app.git'), 'main'], { cwd: work });
    expect(code).toBe(1);
    expect(stderr).toContain(`! [remote rejected] main -> main (${busy})`);
    stage.openGate();
    expect((await first).code).toBe(0);
    await gitOk(['push', '-q', stage.url('app.git'), 'main'], { cwd: work });
    await nothingLeft(stage);
  });
});

it('a client that leaves while it waits leaves the line, and nothing behind', async () => {
  const stage = await openStage({ limits: { maxQuickProcesses: 1, spoolThresholdBytes: 1 } });
  const { port, git: server } = stage.server;
  const gate = join(tools.path, `gate-${(count += 1)}`);
  script.tell(when(onDiscovery, `until [ -e '${gate}' ]; do sleep 0.02; done`));
  const first = rawRequest({ port, path: '/app.git/info/refs?service=git-upload-pack' });
  await eventually('one runs', () => server.status().running.refs === 1);
  const waiting = await openRaw(port);
  const request = { method: 'POST', path: '/app.git/git-upload-pack', headers: fetchType, body: lsRefs };
  await waiting.write(requestHead(request) + lsRefs);
  await eventually('it waits', () => server.status().queued.refs === 1);
  expect(server.status().spooledBytes).toBe(lsRefs.length);
  waiting.destroy();
  await eventually('it has left', () => server.status().queued.refs === 0);
  await eventually('its request is gone', () => server.status().spooledBytes === 0);
  writeFileSync(gate, '');
  expect((await first).status).toBe(200);
  expect(server.status().refused.refs).toBe(0);
  await nothingLeft(stage);
});

it('a server that closes sends away all that wait, and lets end what runs', async () => {
  const stage = await openStage({ limits: { maxQuickProcesses: 1, maxGitProcesses: 1 } });
  const { port, git: server } = stage.server;
  const clones = [clone(stage), clone(stage)];
  await eventually('a clone waits', () => server.status().queued.fetch === 1);
  const gate = join(tools.path, `gate-${(count += 1)}`);
  script.tell(when(onDiscovery, `until [ -e '${gate}' ]; do sleep 0.02; done`));
  const path = '/app.git/info/refs?service=git-upload-pack';
  const first = rawRequest({ port, path });
  await eventually('refs are listed', () => server.status().running.refs === 1);
  const second = rawRequest({ port, path });
  await eventually('and waited for', () => server.status().queued.refs === 1);
  const closed = server.close({ graceMs: 9_000 });
  expect((await second).status).toBe(503);
  expect((await second).body.toString()).toBe('the server is shutting down; try again shortly\n');
  writeFileSync(gate, '');
  stage.openGate();
  expect((await first).status).toBe(200);
  const results = await Promise.all(clones);
  expect(new Set(results.map(({ code }) => code))).toEqual(new Set([0, 128]));
  expect(results.map(({ stderr }) => stderr).join('')).toContain('remote error: the server is shutting down');
  await closed;
  await nothingLeft(stage);
});
