/** What the command writes down about hostile requests, at every level. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorkspace, withCredentials, type Workspace } from '../acceptance/workspace.js';
import { hashPassword } from '../../src/access/index.js';
import { logLevels } from '../../src/cli/logging.js';
import type { Headers } from '../conformance/differential/case.js';
import type { RunningCommand } from '../support/command.js';
import { rawRequest } from '../support/raw-http.js';
import { gitOk } from '../support/fixtures.js';
import { basic, rawPush, typeOf } from './stage.js';

let place: Workspace;
let oid = '';

/** Each stands in a place of a request that may hold something confidential. */
const secrets = {
  plain: 'Pl4in:with:colons',
  hashed: 'H4shed-secret',
  wrong: 'Wr0ng-secret',
  name: 'N4me-that-is-a-password',
  bearer: 'B3arer-secret',
  other: 'Oth3r-secret',
  cookie: 'C00kie-secret',
  query: 'Qu3ry-secret',
  url: 'Ur1-secret',
  option: 'Opt10n-secret',
  header: 'H3ader-secret',
};

beforeAll(async () => {
  place = await createWorkspace();
  for (const name of ['app.git', 'broken.git']) await place.addBare(name);
  await writeFile(join(place.root, 'broken.git', 'config'), '[core\n');
  const cwd = join(place.root, 'app.git');
  await gitOk(['config', 'receive.advertisePushOptions', 'true'], { cwd });
  oid = await gitOk(['rev-parse', 'main'], { cwd });
  const hash = await hashPassword(secrets.hashed);
  await place.writeAccessFile(
    `[users]\nann = ${secrets.plain}\nbob = ${hash}\n[access]\nann = app, broken\nbob = app\n`,
  );
});
afterAll(() => place.close());

const forged = '{"level":"info","msg":"forged"}';

const pushed = (
  { port }: RunningCommand,
  ref: string,
  headers: Headers,
  options?: string[],
): Promise<unknown> =>
  rawRequest({
    port,
    method: 'POST',
    path: '/app.git/git-receive-pack',
    headers: [...typeOf('git-receive-pack'), ...headers],
    body: rawPush({ ref, oid, ...(options ? { options } : {}) }),
  });

async function attack(server: RunningCommand): Promise<void> {
  const { port, url } = server;
  const get = (path: string, headers: Headers = []): Promise<unknown> => rawRequest({ port, path, headers });
  const discovery = '/app.git/info/refs?service=git-receive-pack';
  expect((await place.tryPush(withCredentials(`${url}app`, 'ann', secrets.plain))).code).toBe(0);
  expect((await place.tryPush(withCredentials(`${url}app`, 'bob', secrets.hashed))).code).toBe(0);
  for (const text of [`ann:${secrets.wrong}`, `${secrets.name}:x`, secrets.name])
    await get(discovery, [basic(text)]);
  await get(discovery, [['Authorization', `Bearer ${secrets.bearer}`]]);
  await get(discovery, [['Authorization', `Strange ${secrets.other}`]]);
  await get(discovery, [
    ['Cookie', secrets.cookie],
    ['X-Api-Key', secrets.header],
    ['User-Agent', secrets.header],
    ['Git-Protocol', secrets.header],
    ['Content-Type', secrets.header],
  ]);
  for (const path of ['/app.git/info/refs', '/app.git/HEAD', '/', '/nothing', '/broken.git/info/refs']) {
    await get(`${path}?service=git-upload-pack&token=${secrets.query}`, [basic(`ann:${secrets.plain}`)]);
    await get(`http://ann:${secrets.url}@example.org${path}`);
  }
  await pushed(server, 'refs/heads/options', [basic(`ann:${secrets.plain}`)], [secrets.option]);
  // Attempts at lines of their own.
  await pushed(server, `refs/heads/x\n${forged}\n`, [basic(`ann:${secrets.plain}`)], [`x\n${forged}`]);
  await pushed(server, `refs/heads/x\r\n${forged}\u2028${forged}`, [basic(`ann:${secrets.plain}`)]);
  await get(discovery, [basic(`ann\n${forged}\n:x`)]);
  await get(`/app.git/info/refs?service=%0a${encodeURIComponent(forged)}`);
  await get(`/%0a${encodeURIComponent(forged)}/info/refs`);
  await get(`/${encodeURIComponent(`"}\u2028${forged}`)}/info/refs`);
  await get(`/nothing%0a${encodeURIComponent(forged)}`);
}

describe.each(logLevels)('at the level %s', (level) => {
  let stdout = '';
  let stderr = '';
  beforeAll(async () => {
    const server = await place.serve('--accessfile', join(place.folder, 'access.ini'), '--log-level', level);
    await attack(server);
    ({ stdout, stderr } = await server.stop());
  });

  it('S23: no password, token, cookie, option or query is written down, nor a form of them', () => {
    const text = stdout + stderr;
    for (const secret of Object.values(secrets)) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(encodeURIComponent(secret));
      const encoded = ['', 'ann:', 'bob:'].map((name) => Buffer.from(name + secret).toString('base64'));
      for (const form of encoded) expect(text).not.toContain(form.replace(/=+$/, ''));
    }
    expect(text).not.toContain('$scrypt$');
    expect(text).not.toMatch(/authorization|cookie|bearer|\btoken=/i);
  });

  it('S10: every entry is one line of JSON, and nobody writes entries of his own', () => {
    const lines = stderr.split('\n').slice(0, -1);
    const entries = lines.map((line) => JSON.parse(line) as { level: string; msg: string });
    expect(entries.map(({ msg }) => msg)).not.toContain('forged');
    const order = logLevels.indexOf(level);
    for (const entry of entries) {
      expect(logLevels.indexOf(entry.level as never)).toBeLessThanOrEqual(order);
      // oxlint-disable-next-line no-control-regex
      expect(entry.msg).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }
    // Where requests are written down, each of those above is, the hostile ones included.
    const isTold = ['info', 'debug', 'trace'].includes(level);
    expect(entries.filter(({ msg }) => msg.includes('forged')).length > 0).toBe(isTold);
  });
});
