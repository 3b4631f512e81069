import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../contract/http-client.js';
import { eventually } from '../support/server.js';
import { createWorkspace, type Workspace } from './workspace.js';

let place: Workspace;

beforeAll(async () => {
  place = await createWorkspace();
  await place.addBare('app.git');
});
afterAll(() => place.close());

/** The addresses in the log after a request of git's and one for a page, each with a header that names another. */
async function loggedAddresses(...flags: string[]): Promise<unknown[]> {
  const server = await place.serve(...flags);
  const headers = { 'X-Forwarded-For': '203.0.113.9, 192.0.2.7' };
  await ask(server.port, { path: '/app.git/info/refs?service=git-upload-pack', headers });
  await ask(server.port, { path: '/', headers });
  const lines = (): string[] => server.stderr().split('\n').filter(Boolean);
  await eventually('both are logged', () => lines().length === 2);
  return lines().map((line) => (JSON.parse(line) as { address?: unknown }).address);
}

test('the log has the address that a trusted proxy tells, and not what stands before it', async () => {
  expect(await loggedAddresses('--trusted-proxy', '127.0.0.0/8')).toEqual(['192.0.2.7', '192.0.2.7']);
});

test.each([[[]], [['--trusted-proxy', '192.0.2.1']]])(
  'with %j nobody on this machine can invent an address',
  async (flags) => {
    expect(await loggedAddresses(...flags)).toEqual(['127.0.0.1', '127.0.0.1']);
  },
);

test('whoever guesses through a trusted proxy is refused, and not the others behind it', async () => {
  const accessFile = await place.writeAccessFile('[users]\nann = right\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', accessFile, '--trusted-proxy', '127.0.0.1');
  const push = async (client: string, password: string): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`;
    const path = '/app.git/info/refs?service=git-receive-pack';
    const headers = { authorization, 'X-Forwarded-For': client };
    return (await ask(server.port, { path, headers })).status;
  };
  const guesses = Array.from({ length: 10 }, (_, i) => push('192.0.2.7', `wrong ${i}`));
  await Promise.all(guesses);
  expect(await push('192.0.2.7', 'wrong')).toBe(429);
  expect(await push('192.0.2.8', 'right')).toBe(200);
});

test('a proxy that cannot be trusted by that name is an error at the start', async () => {
  const { code, stderr } = await place.run('--trusted-proxy', 'proxy.example.org', place.root);
  expect(stderr).toBe(
    'gittyphoon: --trusted-proxy must hold addresses such as 10.0.0.1 or fd00::/8, not "proxy.example.org"\n',
  );
  expect(code).toBe(2);
});
