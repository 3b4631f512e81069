/** The dumb protocol: clients that fetch files. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fsck, git, gitOk, makeBareRepository, refsOf } from '../support/fixtures.js';
import { headerOf, rawRequest, type RawResponse } from '../support/raw-http.js';
import { openLab, type Lab } from './lab.js';

const env = { GIT_SMART_HTTP: '0' };
let lab: Lab;
let pack = '';
let content = Buffer.alloc(0);
beforeAll(async () => {
  lab = await openLab();
  await makeBareRepository(lab.at('app.git'), { commits: 5 });
  await gitOk(['gc', '-q'], { cwd: lab.at('app.git') });
  const folder = join(lab.at('app.git'), 'objects', 'pack');
  pack = readdirSync(folder).find((file) => file.endsWith('.pack')) ?? '';
  content = readFileSync(join(folder, pack));
});
afterAll(() => lab.close());

const get = (
  path: string,
  headers: readonly (readonly [string, string])[] = [],
  method = 'GET',
): Promise<RawResponse> => rawRequest({ port: lab.server.port, path: `/app.git${path}`, headers, method });
const packPath = (): string => `/objects/pack/${pack}`;

describe.each(['sha1', 'sha256'])('%s', (objectFormat) => {
  it.each(['loose', 'packed'])('a client that knows nothing else clones %s objects', async (form) => {
    const name = `${objectFormat}-${form}.git`;
    await makeBareRepository(lab.at(name), { objectFormat });
    if (form === 'packed') await gitOk(['gc', '-q'], { cwd: lab.at(name) });
    const copy = lab.fresh();
    // A dumb client learns the format from nobody: it has to be told (git-clone, init.defaultObjectFormat).
    await gitOk(['init', '-q', '--bare', `--object-format=${objectFormat}`, copy]);
    await gitOk(['fetch', '-q', lab.url(name), '+refs/*:refs/*'], { cwd: copy, env });
    expect(await refsOf(copy)).toBe(await refsOf(lab.at(name)));
    await fsck(copy);
  });
});

it('a dumb client clones, HEAD included', async () => {
  const copy = lab.fresh();
  await gitOk(['clone', '-q', lab.url('app.git'), copy], { env });
  expect(await gitOk(['symbolic-ref', 'HEAD'], { cwd: copy })).toBe('refs/heads/main');
  await fsck(copy);
});

it('a dumb client reads objects of alternates, when it is told to follow them', async () => {
  await gitOk(['clone', '-q', '--bare', '--shared', lab.at('app.git'), lab.at('borrower.git')]);
  writeFileSync(join(lab.at('borrower.git'), 'objects', 'info', 'alternates'), '../../app.git/objects\n');
  const clone = ['-c', 'http.followRedirects=true', 'clone', '-q', lab.url('borrower.git')];
  const copy = lab.fresh();
  await gitOk([...clone, copy], { env });
  await fsck(copy);
});

it('a push without the smart protocol is not possible', async () => {
  const copy = lab.fresh();
  await gitOk(['clone', '-q', lab.url('app.git'), copy]);
  const { code } = await git(['push', 'origin', 'main:new'], { cwd: copy, env });
  expect(code).not.toBe(0);
});

describe('a pack', () => {
  it('is sent whole, to be kept for a year', async () => {
    const answer = await get(packPath());
    expect(answer.status).toBe(200);
    expect(headerOf(answer, 'content-type')).toBe('application/x-git-packed-objects');
    expect(headerOf(answer, 'cache-control')).toBe('public, max-age=31536000');
    expect(headerOf(answer, 'last-modified')).toMatch(/GMT$/);
    expect(createHash('sha1').update(answer.body.subarray(0, -20)).digest()).toEqual(
      answer.body.subarray(-20),
    );
  });

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=100-', 100, undefined],
    ['bytes=-20', -20, undefined],
    ['bytes=5-999999999', 5, undefined],
  ])('is sent in part for %s', async (range, start, end) => {
    const answer = await get(packPath(), [['Range', range]]);
    expect(answer.status).toBe(206);
    expect(answer.body).toEqual(content.subarray(start, end));
    const first = start < 0 ? content.length + start : start;
    expect(headerOf(answer, 'content-range')).toBe(
      `bytes ${first}-${first + answer.body.length - 1}/${content.length}`,
    );
  });

  it('refuses a range beyond its end', async () => {
    const answer = await get(packPath(), [['Range', `bytes=${content.length}-`]]);
    expect(answer.status).toBe(416);
    expect(headerOf(answer, 'content-range')).toBe(`bytes */${content.length}`);
  });

  it.each(['bytes=a-b', 'lines=1-2', 'bytes=9-1', 'bytes=0-1,5-6'])('is sent whole for %s', async (range) => {
    const answer = await get(packPath(), [['Range', range]]);
    expect([answer.status, answer.body.length]).toEqual([200, content.length]);
  });

  it('is not sent again to those who have it', async () => {
    const modified = headerOf(await get(packPath()), 'last-modified') ?? '';
    const same = await get(packPath(), [['If-Modified-Since', modified]]);
    expect([same.status, same.body.length]).toEqual([304, 0]);
    const old = await get(packPath(), [['If-Modified-Since', 'Fri, 01 Jan 1999 00:00:00 GMT']]);
    expect(old.status).toBe(200);
  });

  it('goes on in part only when it is still the same (If-Range)', async () => {
    const modified = headerOf(await get(packPath()), 'last-modified') ?? '';
    const range = ['Range', 'bytes=10-19'] as const;
    expect((await get(packPath(), [range, ['If-Range', modified]])).status).toBe(206);
    const other = await get(packPath(), [range, ['If-Range', 'Fri, 01 Jan 1999 00:00:00 GMT']]);
    expect([other.status, other.body.length]).toEqual([200, content.length]);
  });

  it('answers HEAD with its length', async () => {
    const answer = await get(packPath(), [], 'HEAD');
    expect([answer.status, headerOf(answer, 'content-length')]).toEqual([200, String(content.length)]);
  });
});

it('a missing object must not be kept by any cache', async () => {
  const answer = await get(`/objects/00/${'0'.repeat(38)}`);
  expect(answer.status).toBe(404);
  expect(headerOf(answer, 'cache-control')).toContain('no-cache');
});

it.each([
  '/objects/pack/pack-x.pack',
  `/objects/AB/${'C'.repeat(38)}`,
  `/objects/ab/${'c'.repeat(37)}`,
  '/objects/info/commit-graph',
  '/config',
  '/packed-refs',
  '/hooks/update',
  '/refs/heads/main',
  '/objects/pack/pack-../../config',
])('nothing else of a repository can be read: %s', async (path) => {
  const answer = await get(path);
  expect(answer.status).toBe(404);
  expect(answer.body.toString()).not.toMatch(/\[core\]|refs\/heads/);
});
