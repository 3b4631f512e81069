/** How the command is watched: metrics, health, the access line, and the last line of a terminal. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCommand, logLines, type LogLine, type RunningCommand } from '../support/command.js';
import { eventually } from '../support/server.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;

beforeEach(async () => {
  place = await createWorkspace();
  await place.addBare('app.git');
});
afterEach(() => place.close());

async function ask(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { headers });
  return { status: response.status, text: await response.text() };
}

const watchedAt = (server: RunningCommand): string =>
  /^Metrics: (http:\/\/127\.0\.0\.1:\d+)\/metrics$/m.exec(server.stdout())?.[1] ?? '';

/** A hook that waits until the gate is there. */
async function holdPushes(): Promise<string> {
  const gate = join(place.folder, 'gate');
  const hooks = join(place.root, 'app.git', 'hooks');
  await mkdir(hooks, { recursive: true });
  await writeFile(join(hooks, 'update'), `#!/bin/sh\nwhile [ ! -e '${gate}' ]; do sleep 0.05; done\n`);
  await chmod(join(hooks, 'update'), 0o755);
  return gate;
}

const accessFile = (): Promise<string> => place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');

describe('at the address for metrics', () => {
  test('there are metrics and health, and nothing of git', async () => {
    const server = await place.serve('--metrics-listen', '127.0.0.1:0');
    const base = watchedAt(server);
    await place.git('clone', '--quiet', `${server.url}app.git`, join(place.folder, 'copy'));
    await eventually('the clone is counted', async () =>
      (await ask(`${base}/metrics`)).text.includes('gittyphoon_fetches_total{kind="clone"} 1'),
    );
    expect((await fetch(`${base}/metrics`)).headers.get('content-type')).toMatch(
      /^text\/plain; version=0\.0\.4/,
    );
    expect(await ask(`${base}/healthz`)).toEqual({ status: 200, text: 'ok\n' });
    expect(await ask(`${base}/readyz`)).toEqual({ status: 200, text: 'ready\n' });
    expect((await ask(`${base}/app.git/info/refs?service=git-upload-pack`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST', body: 'x' })).status).toBe(405);
    // Not where everybody is.
    expect((await ask(`${server.url}metrics`)).text).not.toContain('gittyphoon_');
  });

  test('readiness ends with the first signal, and health and metrics with the last transfer', async () => {
    const gate = await holdPushes();
    const server = await place.serve('--accessfile', await accessFile(), '--metrics-listen', '127.0.0.1:0');
    const base = watchedAt(server);
    const pushing = place.tryPush(withCredentials(`${server.url}app.git`, 'ann', 'x'));
    await eventually('the push runs', async () =>
      (await ask(`${base}/metrics`)).text.includes('gittyphoon_git_running{kind="push"} 1'),
    );
    server.signal('SIGTERM');
    await eventually('it is not ready', async () => (await ask(`${base}/readyz`)).status === 503);
    expect((await ask(`${base}/readyz`)).text).toBe('not ready: the server is shutting down\n');
    expect((await ask(`${base}/healthz`)).status).toBe(200);
    expect((await ask(`${base}/metrics`)).text).toContain('gittyphoon_closing 1\n');
    await writeFile(gate, '');
    expect((await pushing).code).toBe(0);
    const { code, stdout, stderr } = await server.ended;
    expect(code).toBe(0);
    // Where there is no terminal, no line is drawn.
    expect(stdout + stderr).not.toContain('\u001B');
  });

  test('a folder that has gone makes it unready, and strangers are not told why', async () => {
    const server = await place.serve('--metrics-listen', '127.0.0.1:0');
    const base = watchedAt(server);
    await rename(place.root, `${place.root}-away`);
    const { status, text } = await ask(`${base}/readyz`);
    expect({ status, text }).toEqual({
      status: 503,
      text: 'not ready: the folder of the repositories cannot be read (ENOENT)\n',
    });
    expect(await ask(`${server.url}readyz`)).toEqual({ status: 503, text: 'not ready\n' });
    await rename(`${place.root}-away`, place.root);
    expect((await ask(`${server.url}readyz`)).status).toBe(200);
  });

  test('an address that is in use is an error that names the setting', async () => {
    const first = await place.serve('--metrics-listen', '127.0.0.1:0');
    const { host } = new URL(watchedAt(first));
    const second = await place.run(place.root, '--port', '0', '--metrics-listen', host);
    expect(second.code).toBe(2);
    expect(second.stderr).toBe(
      'gittyphoon: --metrics-listen cannot listen there: something else does; give another port\n',
    );
  });
});

test('health on the port of git hides no repository of that name', async () => {
  await place.addBare('healthz');
  await place.addBare('readyz.git');
  const server = await place.serve();
  expect(await ask(`${server.url}healthz`)).toEqual({ status: 200, text: 'ok\n' });
  expect((await ask(`${server.url}readyz?x=y`)).text).toBe('ready\n');
  for (const name of ['healthz', 'readyz']) {
    expect(await place.git('ls-remote', '--heads', `${server.url}${name}`)).toContain('refs/heads/main');
  }
});

test('a request is told with its stages, its bytes and refs, and how git has ended', async () => {
  const server = await place.serve('--accessfile', await accessFile());
  expect((await place.tryPush(withCredentials(`${server.url}app`, 'ann', 'x'))).code).toBe(0);
  const isPush = (line: LogLine): boolean =>
    line['method'] === 'POST' && line['service'] === 'git-receive-pack';
  await eventually('the push is logged', () => logLines(server).some(isPush));
  expect(logLines(server).find(isPush)).toMatchObject({
    repository: 'app.git',
    user: 'ann',
    protocol: expect.any(Number),
    requestBytes: expect.any(Number),
    bytes: expect.any(Number),
    refCount: 1,
    exit: 0,
    stages: {
      authenticate: expect.any(Number),
      authorize: expect.any(Number),
      body: expect.any(Number),
      queue: expect.any(Number),
      git: expect.any(Number),
      answer: expect.any(Number),
    },
  });
  const Authorization = `Basic ${Buffer.from('ann:x').toString('base64')}`;
  await ask(`${server.url}none/info/refs?service=git-upload-pack`, { Authorization });
  const missing = (line: LogLine): boolean => line['code'] === 'ERR_NOT_FOUND';
  await eventually('what is missing is logged with its code', () => logLines(server).some(missing));
});

test('spans go to the SDK that the operator has loaded', async ({ onTestFinished }) => {
  const sdk = import.meta.resolve('@opentelemetry/sdk-trace-base');
  const api = import.meta.resolve('@opentelemetry/api');
  const telemetry = join(place.folder, 'telemetry.mjs');
  await writeFile(
    telemetry,
    `import * as sdk from '${sdk}';
import * as api from '${api}';
const { BasicTracerProvider, SimpleSpanProcessor, ConsoleSpanExporter } = sdk.default ?? sdk;
const { trace } = api.default ?? api;
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] }),
);
`,
  );
  const server = await startCommand([place.root], {
    env: { HOME: place.folder, NODE_OPTIONS: `--import ${pathToFileURL(telemetry).href}` },
  });
  onTestFinished(async () => void (await server.stop()));
  await place.git('ls-remote', `${server.url}app.git`);
  await eventually('the request is told', () =>
    server.stdout().includes("name: 'GET /{repository}/info/refs'"),
  );
  expect(server.stdout()).toContain("name: 'gittyphoon.authorize'");
});

/** What is seen of a line in the end: all before the last time it was taken away is gone. */
const seen = (line: string): string =>
  line
    .slice(line.lastIndexOf('\u001B[2K') + 1)
    .replace(/^\[2K/, '')
    .replaceAll('\r', '');

describe.runIf(process.platform === 'linux')('at a terminal', () => {
  const start = (...flags: string[]): { child: ReturnType<typeof spawn>; shown: () => string } => {
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const words = [process.execPath, main, place.root, '--port', '0', '--host', '127.0.0.1', ...flags];
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const env = { PATH: process.env['PATH'] ?? '', HOME: place.folder, TERM: 'xterm', NO_COLOR: '1' };
    const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], { env });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
    return { child, shown: () => shown };
  };

  test('the last line shows transfers, and the log stays whole above it', async ({ onTestFinished }) => {
    const gate = await holdPushes();
    const { child, shown } = start('--accessfile', await accessFile());
    const ended = new Promise((resolve) => child.once('close', resolve));
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    await eventually('it listens', () => /Clone with: [^\n]*\n/.test(shown()));
    const url = /Listening on (\S+)/.exec(shown())?.[1] ?? '';
    const pushing = place.tryPush(withCredentials(`${url}app.git`, 'ann', 'x'));
    await eventually('the push is shown', () => shown().includes('\u001B[2Kpush /app.git by ann: '));
    for (let time = 0; time < 5; time += 1) await ask(`${url}app/HEAD`);
    await eventually('others are logged meanwhile', () => (shown().match(/dumb: 200/g) ?? []).length === 5);
    await writeFile(gate, '');
    expect((await pushing).code).toBe(0);
    await eventually('the line has gone', () => shown().endsWith('\u001B[2K'));
    // Ctrl-C.
    child.stdin?.write('\u0003');
    await ended;
    const log = shown()
      .slice(shown().indexOf('Clone with: '))
      .split('\n')
      .slice(1)
      .map(seen)
      .filter((line) => line !== '');
    for (const line of log) expect(line.replace(/^\^C/, '')).toMatch(/^\[[\d:.]+\] [A-Z]+: \S/);
    expect(log.filter((line) => line.includes('dumb: 200'))).toHaveLength(5);
    expect(log.join('\n')).toContain('push to /app.git by ann: refs/heads/main ok');
  });
});
