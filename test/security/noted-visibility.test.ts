/** What the command hides without rules, because a repository says so of itself: like what is not there, whatever is asked. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCommand, type RunningCommand } from '../support/command.js';
import { gitOk, makeTempDir, type TempDir } from '../support/fixtures.js';
import type { RawResponse } from '../support/raw-http.js';
import { ask, basic, nameOf, stageRepository, type Stage } from './stage.js';

let folder: TempDir;
let stage: Stage;
let plain: RunningCommand;
let withUsers: RunningCommand;

beforeAll(async () => {
  folder = makeTempDir();
  const root = join(folder.path, 'served');
  mkdirSync(root);
  const open = join(root, 'open.git');
  stage = await stageRepository(open);
  for (const visibility of ['authenticated', 'private', 'unheard-of']) {
    const copy = join(root, `${visibility}.git`);
    cpSync(open, copy, { recursive: true });
    await gitOk(['config', 'gittyphoon.visibility', visibility], { cwd: copy });
  }
  const accessFile = join(folder.path, 'access.ini');
  writeFileSync(accessFile, '[users]\nann = word\neve = other\n[access]\nann = private\n');
  plain = await startCommand([root]);
  withUsers = await startCommand([root, '--accessfile', accessFile]);
});
afterAll(async () => {
  await Promise.all([plain.stop(), withUsers.stop()]);
  folder.dispose();
});

/** All that a client can see, but for the time of day. */
const visible = ({ status, headers, body }: RawResponse): unknown => ({
  status,
  headers: headers.filter(([name]) => name !== 'Date'),
  body: body.toString('latin1'),
});

describe.each([
  ['nobody, where nobody can log in', () => plain, [], ['authenticated', 'private', 'unheard-of'], 404],
  ['nobody, where users can', () => withUsers, [], ['authenticated', 'private', 'unheard-of'], 401],
  ['a stranger', () => withUsers, [basic('eve:other')], ['private', 'unheard-of'], 404],
] as const)('S26: to %s', (_who, server, headers, hidden, status) => {
  it('hidden repositories answer like missing ones, to every request', async () => {
    const { port } = server();
    for (const endpoint of stage.endpoints) {
      const missing = await ask(port, '/missing.git', endpoint, headers);
      for (const name of hidden) {
        const found = await ask(port, `/${name}.git`, endpoint, headers);
        expect([name, nameOf(endpoint), visible(found)]).toEqual([name, nameOf(endpoint), visible(missing)]);
      }
      expect([nameOf(endpoint), missing.status]).toEqual([nameOf(endpoint), status]);
    }
  });
});

it('to those who may, they answer: a private one to whoever may push to it, the other to whoever has a name', async () => {
  const { port } = withUsers;
  for (const endpoint of stage.endpoints.filter(({ operation }) => operation === 'read')) {
    const answers = await Promise.all([
      ask(port, '/private.git', endpoint, [basic('ann:word')]),
      ask(port, '/authenticated.git', endpoint, [basic('eve:other')]),
      ask(port, '/open.git', endpoint),
    ]);
    const statuses = answers.map(({ status }) => status);
    // An archive is for those who have a name unless the repository says otherwise, and this one does.
    expect([nameOf(endpoint), statuses]).toEqual([nameOf(endpoint), [200, 200, 200]]);
  }
});

it('what may be hidden tomorrow is kept by no cache that others share', async () => {
  const pack = stage.endpoints.find(({ method, below }) => method === 'GET' && below.endsWith('.pack'));
  if (!pack) throw new Error('there is no pack');
  const { headers } = await ask(plain.port, '/open.git', pack);
  expect(headers).toContainEqual(['Cache-Control', 'private, max-age=31536000']);
});
