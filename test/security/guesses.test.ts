/** Guesses at a password that are under way at the same moment, over real connections. */
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openHtpasswdFile, throttled, type Authenticate } from '../../src/access/index.js';
import { openLab, type Lab } from '../conformance/lab.js';
import { makeBareRepository, makeTempDir } from '../support/fixtures.js';
import { basic } from './stage.js';

const folder = makeTempDir();
const file = join(folder.path, 'htpasswd');
writeFileSync(file, `ann:${hashSync('right', 4)}\n`);

const labs: Lab[] = [];
let port = 0;
/** How many attempts have reached the file, by the password. */
let checked: string[] = [];

beforeEach(async () => {
  const passwords = await openHtpasswdFile(file);
  const noted: Authenticate = (context) => {
    if (context.credentials?.scheme === 'basic') checked.push(context.credentials.password);
    return passwords.authenticate(context);
  };
  checked = [];
  const lab = await openLab({
    publicRead: false,
    publicWrite: false,
    authenticate: throttled(noted, { delayMs: 0 }),
    authorize: ({ user }) => user?.name === 'ann',
  });
  labs.push(lab);
  await makeBareRepository(lab.at('app.git'));
  ({ port } = lab.server);
});
afterAll(async () => {
  for (const lab of labs) await lab.close();
  folder.dispose();
});

/** The status of a request of its own connection, from an address of this machine. */
const attempt = (password: string, localAddress = '127.0.0.1'): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = Object.fromEntries([basic(`ann:${password}`)]);
    const options = { host: '127.0.0.1', port, localAddress, path: '/app.git/HEAD', headers, agent: false };
    get(options, (answer) => resolve(answer.resume().statusCode)).on('error', reject);
  });

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

describe('many guesses at the same moment', () => {
  it('are not checked beyond the limit, and do not shut out the user elsewhere', async () => {
    const guesses = times(200, (index) => attempt(`guess ${index}`));
    const rightful = times(20, () => attempt('right', '127.0.0.2'));
    expect(new Set(await Promise.all(rightful))).toEqual(new Set([200]));
    const statuses = await Promise.all(guesses);
    expect(checked.filter((password) => password !== 'right')).toHaveLength(10);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(190);
    expect(await attempt('right')).toBe(429);
    expect(await attempt('right', '127.0.0.2')).toBe(200);
  });

  it('count each, also when they are equal', async () => {
    const statuses = await Promise.all(times(100, () => attempt('guess')));
    expect(checked).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(90);
  });
});

it('200 requests at the same moment with the right password all go through', async () => {
  expect(new Set(await Promise.all(times(200, () => attempt('right'))))).toEqual(new Set([200]));
  expect(checked).toHaveLength(200);
});
