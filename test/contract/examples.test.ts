/** Every program in examples/ runs, and does what it says. They import the built package by its name. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/server.js';
import { git, makePlayground, makeRepository, tryGit, type Playground } from './client.js';

const folder = fileURLToPath(new URL('../../examples', import.meta.url));

interface RunningExample {
  readonly url: string;
  /** What it has printed so far. */
  readonly output: () => string;
}

let playground: Playground;
let child: ChildProcess | undefined;
const tried = new Set<string>();

beforeAll(async () => {
  playground = await makePlayground();
  await makeRepository(playground.repositories, 'app.git');
});

afterEach(async () => {
  const running = child;
  child = undefined;
  if (!running || running.exitCode !== null) return;
  const ended = new Promise((resolve) => running.once('close', resolve));
  running.kill('SIGKILL');
  await ended;
});

afterAll(() => playground.remove());

async function run(name: string, env: Readonly<Record<string, string>> = {}): Promise<RunningExample> {
  tried.add(name);
  const { PATH, HOME } = process.env;
  const example = spawn(process.execPath, [join(folder, name), playground.repositories], {
    env: { PATH, HOME, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = example;
  let printed = '';
  example.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  example.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const address = (): string | undefined => /listening on (http:\S+)\n/.exec(printed)?.[1];
  await eventually(`${name} listens`, () => {
    if (example.exitCode !== null) throw new Error(`${name} ended at once: ${printed}`);
    return address() !== undefined;
  });
  return { url: address() ?? '', output: () => printed };
}

async function clone(url: string): Promise<string> {
  const copy = playground.fresh();
  await git(['clone', '--quiet', url, copy], { cwd: playground.work });
  await git(['rev-parse', 'HEAD'], { cwd: copy });
  return copy;
}

async function commitAndPush(tree: string, url: string): Promise<{ code: number | null; stderr: string }> {
  await git(['commit', '--quiet', '--allow-empty', '-m', 'more'], { cwd: tree });
  return tryGit(['push', '--quiet', url, 'HEAD'], { cwd: tree });
}

it('serves repositories and pages on plain node:http', async () => {
  const { url } = await run('node-http.mjs');
  const copy = await clone(`${url}/app.git`);
  expect(await (await fetch(`${url}/about`)).text()).toBe('a page of yours for GET /about\n');
  expect((await commitAndPush(copy, `${url}/app.git`)).stderr).toContain(
    'pushing to this repository is not enabled',
  );
});

it.each(['express.mjs', 'hono.mjs'])('serves repositories below /git: %s', async (name) => {
  const { url } = await run(name);
  await clone(`${url}/git/app.git`);
  expect(await (await fetch(`${url}/git/about`)).text()).toBe('a page of yours for /git/about\n');
  expect((await fetch(`${url}/app.git/HEAD`)).status).toBe(404);
});

it('lets users push below their own name only', async () => {
  await git(['init', '--quiet', '--bare', '--initial-branch=main', 'ada/own.git'], {
    cwd: playground.repositories,
  });
  const { url } = await run('authentication.mjs', { USERS: 'ada:s3cret:word bob:other' });
  const as = (user: string): string => url.replace('//', `//${user}@`);
  const copy = await clone(`${url}/app.git`);
  expect((await commitAndPush(copy, `${url}/ada/own.git`)).stderr).toContain('could not read Username');
  expect((await commitAndPush(copy, `${as('ada:wrong')}/ada/own.git`)).stderr).toContain(
    'Authentication failed',
  );
  expect((await commitAndPush(copy, `${as('bob:other')}/ada/own.git`)).stderr).toContain('403');
  expect((await commitAndPush(copy, `${as('ada:s3cret%3Aword')}/app.git`)).stderr).toContain('403');
  expect(await commitAndPush(copy, `${as('ada:s3cret%3Aword')}/ada/own.git`)).toMatchObject({ code: 0 });
});

it('prints what was pushed', async () => {
  const { url, output } = await run('push-events.mjs');
  const copy = await clone(`${url}/app.git`);
  const before = await git(['rev-parse', 'HEAD'], { cwd: copy });
  expect(await commitAndPush(copy, `${url}/app.git`)).toMatchObject({ code: 0 });
  const after = await git(['rev-parse', 'HEAD'], { cwd: copy });
  await eventually('the push is printed', () =>
    output().includes(`app.git refs/heads/main ${before} ${after} ok\n`),
  );
});

it('gives each tenant a namespace of one repository', async () => {
  const { url } = await run('tenants.mjs');
  const copy = await clone(await playground.checkout('unused'));
  expect(await commitAndPush(copy, `${url}/acme/app.git`)).toMatchObject({ code: 0 });
  expect(await git(['ls-remote', '--heads', `${url}/acme/app.git`], { cwd: copy })).toContain(
    'refs/heads/main',
  );
  expect(await git(['ls-remote', '--heads', `${url}/umbrella/app.git`], { cwd: copy })).toBe('');
  expect((await tryGit(['ls-remote', `${url}/app.git`], { cwd: copy })).stderr).toContain('not found');
});

it('has run them all', () => {
  expect([...tried].toSorted()).toEqual(readdirSync(folder).toSorted());
});
