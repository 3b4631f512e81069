/** Objects that are larger than a push may bring: refused while they come. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { commitFile, commitRandom, gitOk } from '../support/fixtures.js';
import { entryHeader, entryTypes, packHeader, packOf } from '../support/packs.js';
import {
  headerOf,
  openRaw,
  rawRequest,
  requestHead,
  type RawConnection,
  type RawResponse,
} from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { flush, pkt, zero } from './differential/case.js';
import { clientOf, protocolVersions, refOf } from './lab.js';
import { namesBelow } from './leftovers.js';
import { closePushPlaces, openPushPlace, type PushPlace } from './push-place.js';
import { pushType } from './raw-push.js';

afterEach(closePushPlaces);

const pushLimits = { maxObjectBytes: 1_000_000 };
const size = 200 * 1024 * 1024;
const reason = `an object has ${size} bytes; one may have 1000000 bytes here`;

/** What git has written, or is writing. */
const objectsOf = ({ repository }: PushPlace): string[] => namesBelow(join(repository, 'objects')).toSorted();

async function headOf(copy: string, capabilities = 'report-status side-band-64k'): Promise<Buffer> {
  const oid = await gitOk(['rev-parse', 'main'], { cwd: copy });
  return Buffer.from(`${pkt(`${zero} ${oid} refs/heads/large\0${capabilities}`)}${flush}`);
}

/** A connection on which a push has begun; its body is of any length. */
async function beginPush({ lab }: PushPlace): Promise<RawConnection> {
  const connection = await openRaw(lab.server.port);
  const headers = [...pushType, ['Transfer-Encoding', 'chunked'] as const];
  await connection.write(requestHead({ method: 'POST', path: '/app.git/git-receive-pack', headers }));
  return connection;
}

const framed = (piece: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);

function post({ lab }: PushPlace, body: Buffer): Promise<RawResponse> {
  return rawRequest({
    port: lab.server.port,
    method: 'POST',
    path: '/app.git/git-receive-pack',
    headers: pushType,
    body,
    chunkBytes: 65_536,
  });
}

describe.each(protocolVersions)('a file of 20 MB of zeros, protocol version %i,', (version) => {
  it('is refused, and the user reads why', async () => {
    const place = await openPushPlace({ pushLimits, preReceive: () => {} }, version);
    const before = objectsOf(place);
    await commitFile(place.copy, 'zeros', Buffer.alloc(20_000_000));
    const { code, stderr } = await clientOf(version).try(
      ['-c', 'http.postBuffer=65536', 'push', 'origin', 'main', 'main:other'],
      place.copy,
    );
    expect(code).toBe(1);
    const text = 'an object has 20000000 bytes; one may have 1000000 bytes here';
    expect(stderr).toContain(`! [remote rejected] main -> main (${text})`);
    expect(stderr).toContain(`! [remote rejected] main -> other (${text})`);
    expect(stderr).not.toContain('early EOF');
    await eventually('the quarantine is gone', () => objectsOf(place).join() === before.join());
    await eventually('it is told', () => place.lab.server.events.push.length === 1);
    expect(place.lab.server.events.push[0]?.updates).toMatchObject([
      { refName: 'refs/heads/main', result: { status: 'rejected', reason: text } },
      { refName: 'refs/heads/other', result: { status: 'rejected', reason: text } },
    ]);
    expect(place.lab.server.events.error).toEqual([]);
  });
});

describe('200 MB of zeros', () => {
  const pack = Buffer.concat([
    packHeader(1),
    entryHeader(entryTypes.blob, size),
    deflateSync(Buffer.alloc(size), { level: 1 }),
  ]);

  it.each([
    ['without a sideband', 'report-status'],
    ['in a sideband', 'report-status side-band-64k'],
    ['in a report of version 2', 'report-status-v2 side-band-64k object-format=sha1'],
  ])('are refused %s', async (_how, capabilities) => {
    const place = await openPushPlace({ pushLimits });
    const before = objectsOf(place);
    const answer = await post(place, Buffer.concat([await headOf(place.copy, capabilities), pack]));
    expect(answer).toMatchObject({ status: 200, complete: true });
    const text = answer.body.toString('latin1');
    expect(text).toContain(pkt(`unpack ${reason}\n`));
    expect(text).toContain(pkt(`ng refs/heads/large ${reason}\n`));
    expect(text.endsWith('0000')).toBe(true);
    expect(objectsOf(place)).toEqual(before);
    expect(await refOf(place.repository, 'large')).toBe('');
  });

  it('are refused as soon as they are announced, and git has read nothing of them', async () => {
    const place = await openPushPlace({ pushLimits });
    const connection = await beginPush(place);
    const announced = pack.subarray(0, 17);
    await connection.write(framed(Buffer.concat([await headOf(place.copy), announced])));
    const answer = await connection.response('POST');
    expect(answer.body.toString('latin1')).toContain(`ng refs/heads/large ${reason}\n`);
    connection.destroy();
  });

  it('are refused behind what git has said already', async () => {
    const place = await openPushPlace({ pushLimits });
    const before = objectsOf(place);
    // git warns of a commit without an address while it comes (index-pack --strict).
    for (const setting of [
      'receive.fsckObjects=true',
      'receive.fsck.missingEmail=warn',
      'receive.unpackLimit=1',
    ])
      await gitOk(['config', ...setting.split('=')], { cwd: place.repository });
    const tree = await gitOk(['rev-parse', 'main^{tree}'], { cwd: place.copy });
    const input = `tree ${tree}\nauthor A 1 +0000\ncommitter A <a@example.org> 1 +0000\n\nx\n`;
    const write = ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'];
    const commit = await gitOk(write, { cwd: place.copy, input });
    const small = await packOf(place.copy, [commit, '^origin/main']);
    // That commit, then the large object.
    const start = Buffer.concat([packHeader(small.readUInt32BE(8) + 1), small.subarray(12, -20)]);
    const connection = await beginPush(place);
    await connection.write(framed(await headOf(place.copy)));
    await connection.write(framed(start));
    await connection.until((received) => received.includes('missingEmail'));
    await connection.write(framed(pack.subarray(12, 100)));
    const answer = await connection.response('POST');
    expect(answer).toMatchObject({ status: 200, complete: true });
    expect(headerOf(answer, 'content-type')).toBe('application/x-git-receive-pack-result');
    const text = answer.body.toString('latin1');
    expect(text).toContain(`ng refs/heads/large ${reason}\n`);
    expect(text).not.toContain('unpacker error');
    expect(text.endsWith('0000')).toBe(true);
    connection.destroy();
    await eventually('the quarantine is gone', () => objectsOf(place).join() === before.join());
    await eventually('it is told', () => place.lab.server.events.push.length === 1);
    expect(place.lab.server.events.push[0]).toMatchObject({
      unpack: reason,
      updates: [{ refName: 'refs/heads/large', result: { status: 'rejected', reason } }],
    });
  });

  it('in less than they are announced with are refused', async () => {
    const place = await openPushPlace({ pushLimits });
    const lie = Buffer.concat([packHeader(1), entryHeader(entryTypes.blob, 1_000), pack.subarray(17)]);
    const answer = await post(place, Buffer.concat([await headOf(place.copy), lie]));
    expect(answer.body.toString('latin1')).toContain('ng refs/heads/large the pack cannot be read\n');
    expect(answer.complete).toBe(true);
  });
});

it('a delta that makes a large object is refused', async () => {
  const place = await openPushPlace({ pushLimits });
  // A base of 10 bytes, a result of `size`; what it would be made of does not come to matter.
  const delta = Buffer.from([10, 0x80, 0x80, 0x80, 0x64, 0]);
  const pack = Buffer.concat([
    packHeader(1),
    entryHeader(entryTypes.refDelta, delta.length),
    Buffer.alloc(20, 1),
    deflateSync(delta),
  ]);
  const answer = await post(place, Buffer.concat([await headOf(place.copy), pack]));
  expect(answer.body.toString('latin1')).toContain(`ng refs/heads/large ${reason}\n`);
});

describe('objects within the bound', () => {
  it.each(['sha1', 'sha256'])('are let in, with deltas and without: %s', async (objectFormat) => {
    const temporaryDirectory = mkdtempSync(join(tmpdir(), 'gittyphoon-test-'));
    const place = await openPushPlace({ pushLimits, limits: { temporaryDirectory } }, 2, objectFormat);
    const { copy, repository } = place;
    const text = Array.from({ length: 30_000 }, (_, i) => `line ${i * 7919}\n`).join('');
    await commitFile(copy, 'text', text);
    await commitRandom(copy, 'random', 999_999);
    expect(await place.push('main')).toMatchObject({ code: 0 });
    const last = await commitFile(copy, 'text', `${text}more\n`);
    const pushed = await clientOf(2).try(
      ['-c', 'core.compression=0', 'push', 'origin', 'main', ':topic'],
      copy,
    );
    expect(pushed).toMatchObject({ code: 0 });
    expect(await refOf(repository, 'main')).toBe(last);
    expect(await place.push('--delete', 'v1')).toMatchObject({ code: 0 });
    // git has been asked nothing: there were no hooks of ours.
    expect(readdirSync(temporaryDirectory)).toEqual([]);
    rmSync(temporaryDirectory, { recursive: true });
  });

  it('are let in beside a large base that is there already, and that git copies for them', async () => {
    const bounds = [{}, pushLimits];
    const place = await openPushPlace({ pushLimits: () => bounds.shift() ?? pushLimits });
    // An incoming pack is kept whole, with the bases that it lacks (index-pack --fix-thin).
    await gitOk(['config', 'receive.unpackLimit', '1'], { cwd: place.repository });
    const text = Array.from({ length: 100_000 }, (_, i) => `line ${i * 7919}\n`).join('');
    await commitFile(place.copy, 'text', text);
    expect(await place.push('main')).toMatchObject({ code: 0 });
    await commitFile(place.copy, 'text', text.slice(0, 900_000));
    expect(await place.push('main')).toMatchObject({ code: 0 });
  });
});
