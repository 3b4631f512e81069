/** How passwords are compared, seen from the functions of node:crypto that do it. */
import crypto from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLab, type Lab } from '../conformance/lab.js';
import { makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { rawRequest, type RawResponse } from '../support/raw-http.js';
import { basic } from './stage.js';

/** What was called, in order. The functions themselves do as they always do. */
const calls: string[] = [];
const { timingSafeEqual, scrypt } = crypto;
crypto.timingSafeEqual = (a, b) => {
  calls.push(`timingSafeEqual of ${a.byteLength} and ${b.byteLength} bytes`);
  return timingSafeEqual(a, b);
};
crypto.scrypt = ((...args: Parameters<typeof scrypt>) => {
  calls.push(`scrypt with N=${String(args[3].N)}`);
  scrypt(...args);
}) as typeof scrypt;
syncBuiltinESMExports();

const folder = makeTempDir();
const labs: Lab[] = [];

async function labWith(users: string): Promise<Lab> {
  // Loaded only now: it takes hold of these functions when it is loaded.
  const { openAccessFile } = await import('../../src/access/index.js');
  const file = join(folder.path, `access-${labs.length}.ini`);
  writeFileSync(file, `[users]\n${users}\n[access]\nann = app.git\n`);
  const { authenticate, authorize } = await openAccessFile(file);
  const lab = await openLab({ publicRead: false, publicWrite: false, authenticate, authorize });
  labs.push(lab);
  await makeBareRepository(lab.at('app.git'), { commits: 1 });
  return lab;
}

let plain: Lab;
let hashed: Lab;
beforeAll(async () => {
  const { hashPassword } = await import('../../src/access/index.js');
  plain = await labWith('ann = right:with:colons\nbob = x');
  hashed = await labWith(`ann = ${await hashPassword('right')}\nbob = ${await hashPassword('x')}`);
});
afterAll(async () => {
  for (const lab of labs) await lab.close();
  folder.dispose();
  Object.assign(crypto, { timingSafeEqual, scrypt });
  syncBuiltinESMExports();
});
beforeEach(() => void (calls.length = 0));

const discover = (lab: Lab, credentials: string): Promise<RawResponse> =>
  rawRequest({
    port: lab.server.port,
    path: '/app.git/info/refs?service=git-receive-pack',
    headers: [basic(credentials)],
  });

const comparison = 'timingSafeEqual of 32 and 32 bytes';

describe('S23: passwords are compared in constant time', () => {
  it.each(['right:with:colons', 'right', '', 'x'.repeat(5000), 'right:with:colonsX'])(
    'plain, given %j: digests of one length, whatever the lengths of the passwords',
    async (password) => {
      const { status } = await discover(plain, `ann:${password}`);
      expect(status).toBe(password === 'right:with:colons' ? 200 : 401);
      expect(calls).toEqual([comparison]);
    },
  );

  it('as a hash of scrypt', async () => {
    expect((await discover(hashed, 'ann:wrong')).status).toBe(401);
    expect(calls).toEqual(['scrypt with N=32768', comparison]);
  });
});

describe('S26: a name that nobody has costs what a wrong password costs, and gets the same answer', () => {
  const visible = ({ status, headers, body }: RawResponse): unknown => ({
    status,
    headers: headers.filter(([name]) => name !== 'Date'),
    body: body.toString(),
  });

  it.each([
    ['plain', (): Lab => plain],
    ['hashed', (): Lab => hashed],
  ])('%s', async (_kind, labOf) => {
    const known = await discover(labOf(), 'ann:guess');
    const work = calls.splice(0);
    const unknown = await discover(labOf(), 'zoe:guess');
    expect(known.status).toBe(401);
    expect(visible(unknown)).toEqual(visible(known));
    expect(work.length).toBeGreaterThan(0);
    expect(calls).toEqual(work);
  });

  it.each(['constructor', '__proto__', 'toString', ''])('%j is a name that nobody has, too', async (name) => {
    expect(visible(await discover(hashed, `${name}:guess`))).toEqual(
      visible(await discover(hashed, 'ann:other')),
    );
    expect(calls).toEqual([...calls.slice(0, 2), ...calls.slice(0, 2)]);
  });
});
