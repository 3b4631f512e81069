/** What a repository's own configuration forbids (git-http-backend, "SERVICES"), and git-daemon-export-ok. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { git, gitOk, makeBareRepository } from '../support/fixtures.js';
import { openLab, type Lab } from './lab.js';

let open: Lab;
let guarded: Lab;
let count = 0;
let name = '';
beforeAll(async () => {
  open = await openLab();
  guarded = await openLab({
    publicWrite: false,
    authenticate: ({ credentials }) =>
      credentials?.scheme === 'basic' ? { name: credentials.username } : undefined,
    authorize: () => true,
  });
});
afterAll(async () => {
  await open.close();
  await guarded.close();
});
beforeEach(async () => {
  name = `app-${(count += 1)}.git`;
  for (const lab of [open, guarded]) await makeBareRepository(lab.at(name), { commits: 1 });
});

const configure = async (key: string, value: string): Promise<void> => {
  for (const lab of [open, guarded]) await gitOk(['config', key, value], { cwd: lab.at(name) });
};
const authorization = `Basic ${Buffer.from('ann:x').toString('base64')}`;

async function statusOf(lab: Lab, path: string, init: RequestInit = {}): Promise<number> {
  const response = await fetch(`${lab.url(name)}${path}`, init);
  await response.arrayBuffer();
  return response.status;
}

const post = (service: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: '0000',
  headers: { 'content-type': `application/x-${service}-request`, ...headers },
});

describe.each([
  ['http.uploadpack', 'git-upload-pack'],
  ['http.receivepack', 'git-receive-pack'],
])('%s', (key, service) => {
  it('forbids its service when it is false, discovery and transfer alike', async () => {
    expect(await statusOf(open, `/info/refs?service=${service}`)).toBe(200);
    expect(await statusOf(open, `/${service}`, post(service))).toBe(200);
    await configure(key, 'false');
    expect(await statusOf(open, `/info/refs?service=${service}`)).toBe(403);
    expect(await statusOf(open, `/${service}`, post(service))).toBe(403);
  });
});

it('http.receivepack=true opens nothing that the server does not', async () => {
  const strict = await openLab({ publicWrite: false });
  try {
    await makeBareRepository(strict.at(name), { commits: 1 });
    await gitOk(['config', 'http.receivepack', 'true'], { cwd: strict.at(name) });
    expect(await statusOf(strict, '/info/refs?service=git-receive-pack')).toBe(403);
    expect(await statusOf(strict, '/git-receive-pack', post('git-receive-pack'))).toBe(403);
  } finally {
    await strict.close();
  }
});

it('http.getanyfile=false switches the dumb protocol off, and only that', async () => {
  expect(await statusOf(open, '/HEAD')).toBe(200);
  await configure('http.getanyfile', 'false');
  for (const path of ['/HEAD', '/info/refs', '/objects/info/packs']) {
    expect(await statusOf(open, path)).toBe(403);
  }
  expect(await statusOf(open, '/info/refs?service=git-upload-pack')).toBe(200);
  const dumb = await git(['ls-remote', open.url(name)], { env: { GIT_SMART_HTTP: '0' } });
  expect(dumb.code).not.toBe(0);
});

describe('http.uploadarchive', () => {
  const archive = (lab: Lab, headers: Record<string, string> = {}): Promise<number> =>
    statusOf(lab, '/git-upload-archive', post('git-upload-archive', headers));

  it('unset: for users with a name only', async () => {
    expect(await archive(open)).toBe(403);
    expect(await archive(guarded)).toBe(401);
    expect(await archive(guarded, { authorization })).toBe(200);
  });

  it('true: for everybody', async () => {
    await configure('http.uploadarchive', 'true');
    expect(await archive(open)).toBe(200);
  });

  it('false: for nobody', async () => {
    await configure('http.uploadarchive', 'false');
    expect(await archive(guarded, { authorization })).toBe(403);
  });
});

it('requireExportOk serves only what holds git-daemon-export-ok', async () => {
  const strict = await openLab({ requireExportOk: true });
  try {
    await makeBareRepository(strict.at(name), { commits: 1 });
    const { stderr } = await git(['ls-remote', strict.url(name)]);
    expect(stderr).toContain('not found');
    expect(await statusOf(strict, '/HEAD')).toBe(404);
    writeFileSync(join(strict.at(name), 'git-daemon-export-ok'), '');
    await gitOk(['ls-remote', strict.url(name)]);
  } finally {
    await strict.close();
  }
});
