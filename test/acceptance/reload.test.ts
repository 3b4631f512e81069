/** SIGHUP: a new configuration for a server that runs. */
import { spawn } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { RunningCommand } from '../support/command.js';
import { commitFile, fsck } from '../support/fixtures.js';
import { systemProcesses } from '../support/processes.js';
import { startReceiver } from '../support/receiver.js';
import { eventually } from '../support/server.js';
import { startSlowClone } from './slow-clone.js';
import { openWebhookStage } from './webhook-stage.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

interface Logged {
  readonly level: string;
  readonly msg: string;
}

function logged(server: RunningCommand): Logged[] {
  const lines = server.stderr().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Logged);
}

/** Sends the signal and waits for what is said of it. */
async function reload(server: RunningCommand, expected: RegExp): Promise<Logged[]> {
  const before = logged(server).length;
  server.signal('SIGHUP');
  const news = (): Logged[] => logged(server).slice(before);
  await eventually(`it is said: ${expected.source}`, () => news().some(({ msg }) => expected.test(msg)));
  return news();
}

const done = /files that it names were read again/;

type Finally = (clean: () => Promise<void>) => void;

interface Configured {
  readonly place: Workspace;
  readonly server: RunningCommand;
  readonly file: string;
  readonly write: (toml: string) => void;
  readonly asAnn: string;
}

/** A server with a file that can be written anew; ann may push. */
async function start(onTestFinished: Finally, toml = ''): Promise<Configured> {
  const place = await createWorkspace();
  onTestFinished(() => place.close());
  await place.addBare('app.git');
  await place.writeAccessFile('[users]\nann = x\nbob = y\n[access]\nann = app, new\n');
  const file = join(place.folder, 'g.toml');
  const write = (text: string): void => writeFileSync(file, `access.file = "access.ini"\n${text}`);
  write(toml);
  const server = await place.serve('--config', file);
  return { place, server, file, write, asAnn: withCredentials(`${server.url}app.git`, 'ann', 'x') };
}

test('puts in force what can change, and names what needs a restart', async ({ onTestFinished }) => {
  const { place, server, write, asAnn } = await start(onTestFinished);
  await place.git('clone', '--quiet', `${server.url}app.git`, 'work');
  write('limits.max-ref-updates = 1\naccess.realm = "Other"\ngit.hooks = "none"\nlog.level = "warn"\n');
  const news = await reload(server, /^needs a restart: git\.hooks$/);
  // The level is in force at once: nothing but the warning is said.
  expect(news.map(({ level }) => level)).toEqual(['warn']);
  const push = await place.tryGit('-C', 'work', 'push', asAnn, 'HEAD:one', 'HEAD:two');
  expect(push.stderr).toContain('a push may change 1 here');
  const challenge = await fetch(`${server.url}app.git/info/refs?service=git-receive-pack`);
  await challenge.arrayBuffer();
  expect(challenge.headers.get('www-authenticate')).toBe('Basic realm="Other"');
  write('');
  await reload(server, done);
  expect((await place.tryGit('-C', 'work', 'push', asAnn, 'HEAD:one', 'HEAD:two')).code).toBe(0);
});

test('rules and create on push can come and go, and with them what everybody may read', async ({
  onTestFinished,
}) => {
  const { place, server, write } = await start(onTestFinished);
  const url = `${server.url}app.git`;
  expect((await place.tryGit('ls-remote', url)).code).toBe(0);
  writeFileSync(join(place.folder, 'rules.toml'), '[[rules]]\nwho = "bob"\nallow = "all"\n');
  write(
    'access.rules = "rules.toml"\ncreate-on-push.enabled = true\ncreate-on-push.default-branch = "trunk"\n',
  );
  await reload(server, done);
  expect((await place.tryGit('ls-remote', url)).code).not.toBe(0);
  expect((await place.tryGit('ls-remote', withCredentials(url, 'ann', 'x'))).code).not.toBe(0);
  const asBob = withCredentials(url, 'bob', 'y');
  await place.git('clone', '--quiet', asBob, 'work');
  await place.git('-C', 'work', 'push', '--quiet', asBob.replace('app.git', 'new.git'), 'HEAD:trunk');
  expect(await place.git('-C', join(place.root, 'new.git'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/trunk');
  write('');
  await reload(server, done);
  expect((await place.tryGit('ls-remote', url)).code).toBe(0);
  const again = await place.tryGit('-C', 'work', 'push', asBob.replace('app.git', 'more.git'), 'HEAD:trunk');
  expect(again.code).not.toBe(0);
});

test('a wrong file is refused with its line, and changes nothing', async ({ onTestFinished }) => {
  const { place, server, write, asAnn } = await start(onTestFinished, 'limits.max-ref-updates = 1\n');
  for (const [toml, message] of [
    ['limits.max-ref-updates = "x"', /g\.toml:2: limits\.max-ref-updates: give a whole number/],
    ['access.rules = "no.toml"', /g\.toml:2: access\.rules: .*no such file/],
    ['cors.origins = ["x"]', /g\.toml:2: cors\.origins: must hold origins/],
    ['limits.max-ref-updates =', /g\.toml:2: this is not TOML/],
  ] as const) {
    write(`${toml}\naccess.realm = "Other"\n`);
    const news = await reload(server, message);
    expect(news.find(({ level }) => level === 'error')?.msg).toMatch(/; the configuration stays as it was$/);
  }
  await place.git('clone', '--quiet', `${server.url}app.git`, 'work');
  const push = await place.tryGit('-C', 'work', 'push', asAnn, 'HEAD:one', 'HEAD:two');
  expect(push.stderr).toContain('a push may change 1 here');
  const challenge = await fetch(`${server.url}app.git/info/refs?service=git-receive-pack`);
  await challenge.arrayBuffer();
  expect(challenge.headers.get('www-authenticate')).toBe('Basic realm="Git"');
});

test('transfers go on and every request is answered, however often it is read again', async ({
  onTestFinished,
}) => {
  const { place, server, line, clone } = await startSlowClone(onTestFinished);
  await place.addBare('app.git');
  const load = new AbortController();
  const outcomes: (number | null)[] = [];
  const client = async (number: number): Promise<void> => {
    for (let round = 0; !load.signal.aborted; round += 1) {
      const target = join(place.folder, `copy-${number}-${round}`);
      outcomes.push((await place.tryGit('clone', '--quiet', `${server.url}app.git`, target)).code);
    }
  };
  const clients = [client(1), client(2)];
  for (let round = 0; round < 10; round += 1) await reload(server, done);
  await eventually('clones have been answered', () => outcomes.length >= 5);
  load.abort();
  await Promise.all(clients);
  expect(outcomes.filter((code) => code !== 0)).toEqual([]);
  line.open();
  const { code, stderr } = await clone;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const blobs = ['repositories/big/blob', 'slow/blob'].map((name) => readFile(join(place.folder, name)));
  const [there, here] = await Promise.all(blobs);
  expect(there && here?.equals(there)).toBe(true);
  // What began under an earlier configuration is waited for as well.
  expect((await server.stop()).code).toBe(0);
});

test('another file of webhooks is in force without losing a push', async ({ onTestFinished }) => {
  const stage = await openWebhookStage();
  const second = await startReceiver();
  onTestFinished(async () => {
    await stage.close();
    await second.close();
  });
  const access = await stage.place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  const configuration = join(stage.place.folder, 'g.toml');
  const writeConfiguration = (file: string | undefined): void => {
    const webhooks = file === undefined ? '' : `webhooks = { file = "${file}", queue = "${stage.queue}" }\n`;
    writeFileSync(configuration, `access.file = "${access}"\n${webhooks}`);
  };
  writeConfiguration(stage.writeWebhooks());
  const server = await stage.place.serve('--config', configuration);
  await stage.push(server);
  await stage.receiver.waitFor(1);
  const other = join(stage.place.folder, 'other.toml');
  copyFileSync(stage.writeWebhooks(second.url), other);
  writeConfiguration(other);
  await reload(server, done);
  await stage.push(server);
  await second.waitFor(1);
  expect(stage.receiver.received).toHaveLength(1);
  await eventually('nothing waits', () => stage.waiting().length === 0);
  // And with none at all a push is a push.
  writeConfiguration(undefined);
  await reload(server, done);
  await stage.push(server);
  expect(second.received).toHaveLength(1);
});

test('a push that runs ends under the configuration under which it began', async ({ onTestFinished }) => {
  const { place, server, write, asAnn } = await start(onTestFinished);
  await place.git('clone', '--quiet', `${server.url}app.git`, 'work');
  const go = join(place.folder, 'go');
  const begun = join(place.folder, 'begun');
  const hook = join(place.root, 'app.git', 'hooks', 'pre-receive');
  await place.git('init', '--quiet', '--bare', join(place.root, 'app.git'));
  writeFileSync(hook, `#!/bin/sh\ntouch '${begun}'\nwhile ! test -e '${go}'; do sleep 0.1; done\n`, {
    mode: 0o755,
  });
  await commitFile(join(place.folder, 'work'), 'more', 'more\n');
  const push = place.tryGit('-C', 'work', 'push', asAnn, 'HEAD:main');
  await eventually('the hook runs', async () =>
    readFile(begun).then(
      () => true,
      () => false,
    ),
  );
  write('limits.max-push-size = 1\n');
  await reload(server, done);
  writeFileSync(go, '');
  const { code, stderr } = await push;
  expect({ code, stderr }).toMatchObject({ code: 0 });
  await fsck(join(place.root, 'app.git'));
});

describe.runIf(process.platform === 'linux')('at a terminal', () => {
  test('it is read again, but the end of the terminal is the end of the server', async ({
    onTestFinished,
  }) => {
    const place = await createWorkspace();
    onTestFinished(() => place.close());
    await place.addBare('app.git');
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const words = [process.execPath, main, place.root, '--port', '0', '--host', '127.0.0.1'];
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const terminal = spawn('script', ['--quiet', '--command', quoted, '/dev/null']);
    onTestFinished(async () => void terminal.kill('SIGKILL'));
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
    await eventually('it listens', () => shown.includes('Clone with: '));
    const servers = (): number[] =>
      systemProcesses()
        .filter(({ command, isZombie }) => !isZombie && command.startsWith(words.join(' ')))
        .map(({ pid }) => pid);
    expect(servers()).toHaveLength(1);
    const [pid = 0] = servers();
    process.kill(pid, 'SIGHUP');
    await eventually('it is read again', () => done.test(shown));
    terminal.kill('SIGKILL');
    await eventually('it has ended', () => servers().length === 0);
    expect(servers()).toEqual([]);
  });
});
