/** Connections that end in requests which git clients seldom make so slowly that one could cut them there. */
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { commitRandom, gitOk, makeBareRepository } from '../support/fixtures.js';
import { chunked, openRaw, rawRequest, requestHead, type RawConnection } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { flush, pkt, type Headers } from './differential/case.js';
import { openLab, refOf, writeHook, type Lab } from './lab.js';
import { leftovers, openFiles } from './leftovers.js';
import { fetchType, lsRefs } from './raw-push.js';

const ownTemporary = process.env['TMPDIR'];
let place: Lab;
let lab: Lab;
let temporary = '';
let gate = '';
let main = '';
let filesAtStart = 0;

const archiveType: Headers = [['Content-Type', 'application/x-git-upload-archive-request']];
const archive = pkt('argument --format=tar\n') + pkt('argument main\n') + flush;

beforeAll(async () => {
  place = await openLab();
  temporary = place.fresh();
  mkdirSync(temporary);
  gate = place.fresh();
  const tools = place.fresh();
  writeHook(tools, 'pack', `touch '${gate}.reached'; until [ -e '${gate}' ]; do sleep 0.05; done; exec "$@"`);
  // Whatever this process makes in the system's folder for temporary files is seen there.
  process.env['TMPDIR'] = temporary;
  lab = await openLab({
    repositories: place.root,
    gitConfig: { 'uploadpack.packObjectsHook': join(tools, 'hooks', 'pack') },
    limits: { killGraceMs: 2_000, spoolThresholdBytes: 1_000, temporaryDirectory: temporary },
  });
  const repository = place.at('app.git');
  await makeBareRepository(repository);
  await gitOk(['config', 'http.uploadarchive', 'true'], { cwd: repository });
  const work = place.fresh();
  await gitOk(['clone', '-q', repository, work]);
  await commitRandom(work, 'large', 3_000_000);
  await gitOk(['push', '-q', 'origin', 'main'], { cwd: work });
  main = await refOf(repository, 'main');
  await rawRequest({ port: lab.server.port, ...lsRefsRequest });
  filesAtStart = openFiles();
});
afterAll(async () => {
  writeFileSync(gate, '');
  if (ownTemporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = ownTemporary;
  await lab.close();
  await place.close();
});

/** The lab's own folder is in there, and stays. */
let labFolder: readonly string[] = [];
beforeAll(() => {
  labFolder = readdirSync(temporary);
});
const left = (): string[] => leftovers(place.root, temporary).filter((entry) => !labFolder.includes(entry));

afterEach(async () => {
  await eventually('nothing is left behind', () => left().length === 0).catch((error: unknown) => {
    throw new Error(`left behind: ${left().join('\n')}`, { cause: error });
  });
  await eventually('its connections are closed', () => openFiles() <= filesAtStart + 2);
});

/** Whether a file without a name waits for git, or for more. */
const hasSpool = (): boolean =>
  readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(temporary, 'gittyphoon-'));
    } catch {
      return false;
    }
  });

const fetchPath = { method: 'POST', path: '/app.git/git-upload-pack', headers: fetchType } as const;
const lsRefsRequest = { ...fetchPath, body: lsRefs };
const archivePath = { method: 'POST', path: '/app.git/git-upload-archive', headers: archiveType } as const;

describe.each([
  ['FIN', (connection: RawConnection): void => connection.destroy()],
  ['RST', (connection: RawConnection) => void connection.socket.resetAndDestroy()],
])('a connection that ends with %s', (_name, cut) => {
  const aborted = (): number => lab.server.events.request.filter((event) => event.status !== 200).length;

  it.each([
    ['as it is', fetchPath.headers, (body: Buffer) => body],
    ['compressed', [...fetchPath.headers, ['Content-Encoding', 'gzip'] as const], gzipSync],
  ])('in a request that has gone to a file, %s', async (_form, headers, encode) => {
    // Random ids, so that half of it is more than the threshold, compressed too.
    const wants = Array.from({ length: 400 }, (_, i) =>
      pkt(
        `want ${(BigInt(main.length + i + 1) * 0x9e3779b97f4a7c15f39cc0605cedc835n ** 3n).toString(16).slice(0, 40).padEnd(40, '0')}\n`,
      ),
    );
    const body = encode(Buffer.from(`${pkt('command=fetch')}0001${wants.join('')}${flush}`));
    for (const chunkBytes of [undefined, 1000]) {
      const before = aborted();
      const payload = chunkBytes === undefined ? body : chunked(body, chunkBytes);
      const connection = await openRaw(lab.server.port);
      const form = { ...fetchPath, headers, body, ...(chunkBytes === undefined ? {} : { chunkBytes }) };
      await connection.write(requestHead(form));
      await connection.write(payload.subarray(0, Math.floor(payload.length / 2)));
      await eventually('its file is open', hasSpool);
      cut(connection);
      await eventually('the request is given up', () => aborted() === before + 1);
      expect(hasSpool()).toBe(false);
    }
  });

  it('before anybody has listened to its body', async () => {
    const before = aborted();
    for (const bytes of [1, 500, 10_000]) {
      const connection = await openRaw(lab.server.port);
      const body = Buffer.alloc(20_000, 0x30);
      await connection.write(requestHead({ ...fetchPath, body }));
      await connection.write(body.subarray(0, bytes));
      cut(connection);
    }
    await eventually('the requests are given up', () => aborted() >= before + 3);
    expect(lab.server.events.request.slice(-3).map(({ status }) => status)).toEqual([400, 400, 400]);
  });

  it('while ls-refs runs, and before it', async () => {
    const whole = requestHead(lsRefsRequest) + lsRefs;
    for (const bytes of [whole.length - 30, whole.length]) {
      const connection = await openRaw(lab.server.port);
      await connection.write(whole.slice(0, bytes));
      cut(connection);
    }
    await eventually('all requests have ended', () => left().length === 0);
    expect((await rawRequest({ ...lsRefsRequest, port: lab.server.port })).status).toBe(200);
  });

  it('while git still computes the pack', async () => {
    rmSync(`${gate}.reached`, { force: true });
    const connection = await openRaw(lab.server.port);
    const body = `${pkt('command=fetch')}0001${pkt(`want ${main}\n`)}${pkt('done\n')}${flush}`;
    await connection.write(requestHead({ ...fetchPath, body }) + body);
    await eventually('git packs', () => existsSync(`${gate}.reached`));
    expect(left().join('\n')).toMatch(/^process \d+: .*upload-pack/m);
    cut(connection);
  });

  it.each([1, 100_000, 2_000_000])('after %i bytes of an archive', async (bytes) => {
    const connection = await openRaw(lab.server.port);
    await connection.write(requestHead({ ...archivePath, body: archive }) + archive);
    await connection.until((received) => received.length >= bytes);
    expect(connection.received.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
    cut(connection);
  });
});

it('the whole archive comes, when nobody cuts it off', async () => {
  const answer = await rawRequest({ ...archivePath, body: archive, port: lab.server.port });
  expect(answer.complete).toBe(true);
  expect(answer.body.length).toBeGreaterThan(3_000_000);
});

it('none of it is an error of the server', () => {
  expect(lab.server.events.request.length).toBeGreaterThan(20);
  expect(lab.server.events.error).toEqual([]);
});
