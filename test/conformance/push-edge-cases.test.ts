/** Pushes that git refuses in part or in whole, and what is left of them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addManyRefs, commitFile, fsck, gitOk, makeBareRepository, refsOf } from '../support/fixtures.js';
import { flush, pkt, zero } from './differential/case.js';
import { clientOf, openLab, protocolVersions, refOf, writeHook, type Lab } from './lab.js';
import { pushBody, pushType } from './raw-push.js';
import { advertisementOf, packetsOf } from './raw-fetch.js';

let lab: Lab;
let count = 0;
let name = '';
let copy = '';
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());
beforeEach(async () => {
  name = `app-${(count += 1)}.git`;
  await makeBareRepository(lab.at(name));
  copy = lab.fresh();
  await gitOk(['clone', '-q', lab.url(name), copy]);
});

const quarantines = (): string[] =>
  readdirSync(join(lab.at(name), 'objects')).filter((entry) => entry.startsWith('tmp_'));

async function post(body: Buffer | string): Promise<{ status: number; packets: string[] }> {
  const response = await fetch(`${lab.url(name)}/git-receive-pack`, {
    method: 'POST',
    headers: pushType.map(([key, value]): [string, string] => [key, value]),
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const outer = packetsOf(Buffer.from(await response.arrayBuffer()));
  const report = outer.filter((packet) => packet.startsWith('\u0001')).map((packet) => packet.slice(1));
  return { status: response.status, packets: packetsOf(Buffer.from(report.join(''))) };
}

describe.each(protocolVersions)('protocol version %i', (version) => {
  const client = clientOf(version);

  it('an atomic push with a branch that would be a folder of another changes nothing', async () => {
    await commitFile(copy, 'x', 'x\n');
    const before = await refsOf(lab.at(name));
    const args = ['push', '--atomic', 'origin', 'main', 'main:refs/heads/topic/below'];
    const atomic = await client.try(args, copy);
    expect(atomic.code).toBe(1);
    expect(atomic.stderr).toMatch(/! \[remote rejected\] main -> topic\/below \(.+\)/);
    expect(atomic.stderr).toMatch(/! \[remote rejected\] main -> main \(.+\)/);
    expect(await refsOf(lab.at(name))).toBe(before);
    const single = await client.try(
      args.filter((arg) => arg !== '--atomic'),
      copy,
    );
    expect(single.code).toBe(1);
    expect(single.stderr).toMatch(/main -> main$/m);
    expect(await refOf(lab.at(name), 'main')).toBe(await refOf(copy, 'main'));
    await fsck(lab.at(name));
  });

  it('into a repository that is shallow, from one that is whole and from one that is shallower', async () => {
    const shallow = `shallow-${count}.git`;
    await gitOk(['clone', '-q', '--bare', '--depth=2', `file://${lab.at(name)}`, lab.at(shallow)]);
    const oid = await commitFile(copy, 'x', 'x\n');
    await client.ok(['push', '-q', lab.url(shallow), 'main'], copy);
    expect(await refOf(lab.at(shallow), 'main')).toBe(oid);
    const cut = lab.fresh();
    await client.ok(['clone', '-q', '--depth=1', lab.url(shallow), cut]);
    const next = await commitFile(cut, 'y', 'y\n');
    await client.ok(['push', '-q', 'origin', 'main'], cut);
    expect(await refOf(lab.at(shallow), 'main')).toBe(next);
    await fsck(lab.at(shallow));
  });

  it('the whole of a repository: a mirror, and its pruning', async () => {
    await makeBareRepository(lab.at(`mirror-${count}.git`), { commits: 0 });
    const url = lab.url(`mirror-${count}.git`);
    await client.ok(['push', '-q', '--mirror', url], lab.at(name));
    expect(await refsOf(lab.at(`mirror-${count}.git`))).toBe(await refsOf(lab.at(name)));
    await gitOk(['update-ref', '-d', 'refs/heads/topic'], { cwd: lab.at(name) });
    await client.ok(['push', '-q', '--mirror', url], lab.at(name));
    expect(await refsOf(lab.at(`mirror-${count}.git`))).toBe(await refsOf(lab.at(name)));
    await fsck(lab.at(`mirror-${count}.git`));
  });
});

it('an update whose old id is not the ref any more is refused inside of a 200', async () => {
  await commitFile(copy, 'x', 'x\n');
  const { oid, body } = await pushBody(copy, 'refs/heads/main');
  const parent = await refOf(copy, 'main~2');
  const stale = Buffer.from(body.toString('latin1').replace(`${zero} ${oid}`, `${parent} ${oid}`), 'latin1');
  const { status, packets } = await post(stale);
  expect(status).toBe(200);
  expect(packets).toEqual(['unpack ok', expect.stringMatching(/^ng refs\/heads\/main .+/), '0000']);
  expect(await refOf(lab.at(name), 'main')).not.toBe(oid);
  await fsck(lab.at(name));
});

describe('a push whose pack', () => {
  it.each([
    ['is damaged', (pack: Buffer) => Buffer.concat([pack.subarray(0, -30), Buffer.alloc(30, 1)])],
    ['is cut off', (pack: Buffer) => pack.subarray(0, -10)],
    ['is missing', () => Buffer.alloc(0)],
    ['is none', () => Buffer.from('this is no pack, whatever it says')],
  ])('%s is refused with a report, and nothing of it is kept', async (_what, change) => {
    await commitFile(copy, 'x', 'x\n');
    const { oid, body } = await pushBody(copy, 'refs/heads/new');
    const start = body.indexOf('PACK');
    const { status, packets } = await post(
      Buffer.concat([body.subarray(0, start), change(body.subarray(start))]),
    );
    expect(status).toBe(200);
    expect(packets[0]).toMatch(/^unpack (?!ok)/);
    expect(packets[1]).toMatch(/^ng refs\/heads\/new /);
    expect(lab.server.events.push.at(-1)?.unpack).toBe(packets[0]?.slice('unpack '.length));
    expect(await refOf(lab.at(name), 'new')).toBe('');
    expect(await gitOk(['cat-file', '--batch-check'], { cwd: lab.at(name), input: `${oid}\n` })).toContain(
      'missing',
    );
    expect(quarantines()).toEqual([]);
    await fsck(lab.at(name));
  });
});

it('what comes behind the pack is left alone', async () => {
  await commitFile(copy, 'x', 'x\n');
  const { oid, body } = await pushBody(copy, 'refs/heads/new');
  const { packets } = await post(Buffer.concat([body, Buffer.from('and more')]));
  expect(packets).toHaveLength(3);
  // git itself decides whether that is a sound pack; either way the report says what became of the ref.
  expect(await refOf(lab.at(name), 'new')).toBe(packets[1] === 'ok refs/heads/new' ? oid : '');
  await fsck(lab.at(name));
});

it('a repository without refs advertises its capabilities on a ref that is none', async () => {
  await makeBareRepository(lab.at('none.git'), { commits: 0 });
  const packets = await advertisementOf(lab, 'none.git', 'git-receive-pack', 0);
  expect(packets[2]).toMatch(new RegExp(`^${zero} capabilities\\^\\{\\}\\0.*report-status`));
  expect(packets).toHaveLength(4);
});

it('receive.unpackLimit decides whether a push is kept as a pack', async () => {
  const packs = (): string[] =>
    readdirSync(join(lab.at(name), 'objects', 'pack')).filter((file) => file.endsWith('.pack'));
  await commitFile(copy, 'x', 'x\n');
  await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
  expect(packs()).toEqual([]);
  await gitOk(['config', 'receive.unpackLimit', '1'], { cwd: lab.at(name) });
  await commitFile(copy, 'y', 'y\n');
  await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
  expect(packs()).toHaveLength(1);
  await fsck(lab.at(name));
});

it('the reflog names a client without a name by its address', async () => {
  await gitOk(['config', 'core.logAllRefUpdates', 'true'], { cwd: lab.at(name) });
  await commitFile(copy, 'x', 'x\n');
  await gitOk(['push', '-q', 'origin', 'main'], { cwd: copy });
  const log = await gitOk(['log', '-g', '-1', '--format=%gn <%ge>', 'main'], { cwd: lab.at(name) });
  expect(log).toBe('anonymous <anonymous@http.127.0.0.1>');
});

it('git speaks plain English, whatever the language of the server', async () => {
  const before = { LANG: process.env['LANG'], LC_ALL: process.env['LC_ALL'] };
  process.env['LANG'] = 'de_DE.UTF-8';
  process.env['LC_ALL'] = 'de_DE.UTF-8';
  const german = await openLab({ repositories: lab.root });
  for (const [key, value] of Object.entries(before)) {
    if (value === undefined) Reflect.deleteProperty(process.env, key);
    else process.env[key] = value;
  }
  try {
    writeHook(lab.at(name), 'pre-receive', 'echo "[$LANG$LANGUAGE|$LC_ALL]"');
    await commitFile(copy, 'x', 'x\n');
    const { stderr } = await clientOf(2).try(['push', german.url(name), 'main'], copy);
    expect(stderr).toContain('remote: [|C]');
  } finally {
    await german.close();
  }
});

// One transaction for all: otherwise git writes packed-refs anew for each ref that it deletes.
it('takes an atomic push of 5,000 refs, and their deletion', async () => {
  await addManyRefs(lab.at(name), 5_000);
  await makeBareRepository(lab.at('many.git'), { commits: 0 });
  const refSpec = 'refs/heads/many/*:refs/heads/many/*';
  await gitOk(['push', '-q', '--atomic', lab.url('many.git'), refSpec], { cwd: lab.at(name) });
  expect((await refsOf(lab.at('many.git'))).split('\n')).toHaveLength(5_000);
  expect(lab.server.events.push.at(-1)?.updates).toHaveLength(5_000);
  await gitOk(['pack-refs', '--all'], { cwd: lab.at('many.git') });
  const oid = await refOf(lab.at(name), 'main');
  const commands = Array.from({ length: 5_000 }, (_, i) =>
    pkt(
      `${oid} ${zero} refs/heads/many/${i + 1}${i === 0 ? '\0report-status side-band-64k delete-refs atomic' : ''}`,
    ),
  );
  const several = name;
  name = 'many.git';
  const { packets } = await post(commands.join('') + flush);
  name = several;
  expect(packets.filter((packet) => packet.startsWith('ok '))).toHaveLength(5_000);
  expect(await refsOf(lab.at('many.git'))).toBe('');
});
