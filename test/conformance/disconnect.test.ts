/** Clients that are killed, at many points of a clone and of a push. Nothing may be left behind. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { commitRandom, fsck, gitOk, hermetic, makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { openCuttingProxy, type CutPoint } from './cutting-proxy.js';
import { openLab, refOf, writeHook, type Lab } from './lab.js';
import { leftovers, openFiles } from './leftovers.js';

const megabyte = 1024 * 1024;
let disposePlace = (): void => {};
/** The lab's own folder is in there, and stays. */
let labFolder: readonly string[] = [];
const ownTemporary = process.env['TMPDIR'];
let lab: Lab;
let work = '';
let temporary = '';
let filesAtStart = 0;
const table: string[] = [];

beforeAll(async () => {
  const place = makeTempDir();
  temporary = join(place.path, 'temporary');
  mkdirSync(temporary);
  disposePlace = () => place.dispose();
  // Whatever git or this process makes in the system's folder for temporary files is seen there.
  process.env['TMPDIR'] = temporary;
  lab = await openLab({ limits: { killGraceMs: 2_000 } });
  labFolder = readdirSync(temporary);
  await makeBareRepository(lab.at('big.git'));
  work = lab.fresh();
  await gitOk(['clone', '-q', lab.at('big.git'), work]);
  await gitOk(['config', 'core.compression', '0'], { cwd: work });
  await commitRandom(work, 'large', 3 * megabyte);
  await gitOk(['push', '-q', 'origin', 'main'], { cwd: work });
  await commitRandom(work, 'pushed', 3 * megabyte);
  await gitOk(['ls-remote', lab.url('big.git')]);
  filesAtStart = openFiles();
});
afterAll(async () => {
  if (ownTemporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = ownTemporary;
  await lab.close();
  disposePlace();
  process.stdout.write(`\n${table.join('\n')}\n`);
});

afterEach(async () => {
  const left = (): string =>
    leftovers(lab.root, temporary)
      .filter((entry) => !labFolder.includes(entry))
      .join('\n');
  await eventually('nothing is left behind', () => left() === '').catch((error: unknown) => {
    throw new Error(`left behind: ${left()}`, { cause: error });
  });
  await eventually('its connections are closed', () => openFiles() <= filesAtStart + 2);
  await fsck(lab.at('big.git'));
});

interface Outcome {
  readonly passed: { readonly up: number; readonly down: number };
  readonly code: number | null;
}

/** Runs a client through a proxy that cuts it off, and kills it at the same time. */
async function run(
  args: (url: string) => readonly string[],
  cwd: string,
  point?: CutPoint,
): Promise<Outcome> {
  const proxy = await openCuttingProxy(lab.server.port, point);
  const client = spawn('git', args(`http://127.0.0.1:${proxy.port}/big.git`), {
    cwd,
    env: hermetic,
    stdio: 'ignore',
    detached: true,
  });
  const exited = new Promise<number | null>((resolve) => client.once('exit', resolve));
  const killed = proxy.cut.then(() => {
    if (client.exitCode === null && client.pid !== undefined) process.kill(-client.pid, 'SIGKILL');
  });
  const code = await exited;
  if (point && proxy.passed[point.direction] < point.bytes) throw new Error('all was over before the cut');
  if (point) await killed;
  await proxy.close();
  return { passed: proxy.passed, code };
}

const clone = (url: string): string[] => ['clone', '-q', '--bare', url, lab.fresh()];
const push =
  (...config: string[]) =>
  (url: string): string[] => [...config, 'push', '-q', url, 'main:refs/heads/cut'];

/** Alternates between the two ways to go. */
const points = (
  direction: 'up' | 'down',
  at: readonly number[],
): [string, number, CutPoint['how'], typeof direction][] =>
  at.map((bytes, index) => [
    bytes < 1 ? `${bytes * 100} % ${direction}` : `${bytes} bytes ${direction}`,
    bytes,
    index % 2 === 0 ? 'fin' : 'rst',
    direction,
  ]);

let totals: Outcome['passed'];
const bytesOf = (at: number, direction: 'up' | 'down'): number =>
  at < 1 ? Math.floor(totals[direction] * at) : at;

describe('a client that is killed in a clone', () => {
  beforeAll(async () => {
    totals = (await run(clone, work)).passed;
    if (totals.down < 3 * megabyte) throw new Error('the clone is too small to be cut in its middle');
  });

  it.each([
    ...points('up', [1, 60, 200, 420, 700, 0.99]),
    ...points('down', [1, 100, 400, 800, 1100, 0.01, 0.2, 0.5, 0.8, 0.99]),
  ])('after %s', async (name, at, how, direction) => {
    const { code } = await run(clone, work, { direction, bytes: bytesOf(at, direction), how });
    expect(code).not.toBe(0);
    table.push(`clone, ${name}, ${how}: nothing left`);
  });
});

describe.each([
  // How many chunks there are, each with a few bytes of frame, depends on the time: the last cut keeps clear of that.
  ['in chunks', [], 0.995],
  ['with its length', ['-c', 'http.postBuffer=20m'], 0.9999],
] as const)('a client that is killed in a push %s', (form, config, last) => {
  beforeAll(async () => {
    totals = (await run(push(...config), work)).passed;
    const pushed = await refOf(work, 'main');
    // Fails when the push has not made it.
    await gitOk(['update-ref', '-d', 'refs/heads/cut', pushed], { cwd: lab.at('big.git') });
    await gitOk(['prune', '--expire=now'], { cwd: lab.at('big.git') });
  });

  it.each(points('up', [1, 80, 250, 400, 500, 700, 0.01, 0.25, 0.5, 0.9, last]))(
    'after %s',
    async (name, at, how, direction) => {
      const errors = lab.server.events.error.length;
      const { code } = await run(push(...config), work, { direction, bytes: bytesOf(at, direction), how });
      expect(code).not.toBe(0);
      expect(await refOf(lab.at('big.git'), 'cut')).toBe('');
      expect(lab.server.events.error.slice(errors)).toEqual([]);
      table.push(`push ${form}, ${name}, ${how}: nothing left, the ref is as before`);
    },
  );
});

describe('a client that is killed when its push has arrived completely', () => {
  it.each(['pre-receive', 'update', 'post-receive'])('the push is finished: %s runs on', async (hook) => {
    const go = join(lab.fresh());
    const started = `${go}.started`;
    writeHook(lab.at('big.git'), hook, `touch '${started}'; until [ -e '${go}' ]; do sleep 0.05; done`);
    const proxy = await openCuttingProxy(lab.server.port);
    const client = spawn('git', push()(`http://127.0.0.1:${proxy.port}/big.git`), {
      cwd: work,
      env: hermetic,
      stdio: 'ignore',
      detached: true,
    });
    const exited = new Promise((resolve) => client.once('exit', resolve));
    await eventually('the hook runs', () => existsSync(started));
    process.kill(-(client.pid ?? 0), 'SIGKILL');
    await exited;
    await proxy.close();
    await eventually('its connection is known to be gone', () =>
      lab.server.events.request.some(({ aborted, context }) => aborted && context.phase === 'rpc'),
    );
    const pushes = lab.server.events.push.length;
    writeFileSync(go, '');
    await eventually('the push is reported', () => lab.server.events.push.length > pushes);
    expect(lab.server.events.push.at(-1)?.updates).toMatchObject([
      { refName: 'refs/heads/cut', result: { status: 'ok' } },
    ]);
    expect(await refOf(lab.at('big.git'), 'cut')).toBe(await refOf(work, 'main'));
    writeHook(lab.at('big.git'), hook, 'exit 0');
    await gitOk(['update-ref', '-d', 'refs/heads/cut'], { cwd: lab.at('big.git') });
    table.push(`push, in ${hook}: finished, the ref is new`);
  });
});

it('the server serves the next clone and push as if nothing had been', async () => {
  const copy = lab.fresh();
  await gitOk(['clone', '-q', lab.url('big.git'), copy]);
  await gitOk(['push', '-q', lab.url('big.git'), 'main:last'], { cwd: work });
  expect(await refOf(lab.at('big.git'), 'last')).toBe(await refOf(work, 'main'));
});
