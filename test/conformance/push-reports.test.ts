/** What a push is answered, to the byte, in every form that a client can ask for (gitprotocol-pack, "Report Status"). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PktLineDecoder, type PktLine } from '../../src/protocol/pkt-line.js';
import { commitFile, gitOk } from '../support/fixtures.js';
import { rawRequest } from '../support/raw-http.js';
import { flush, pkt, zero } from './differential/case.js';
import { closePushPlaces, openPushPlace, type PushPlace } from './push-place.js';
import { pushBody, pushType } from './raw-push.js';

/** What comes of a push of two refs, one after the other: `ok`, or the reason. */
const cases = [
  ['nothing is refused', ['a', 'b'], '', ['ok', 'ok']],
  ['authorizeUpdate refuses one ref', ['ruled', 'b'], '', ['by a rule', 'ok']],
  ['authorizeUpdate refuses all', ['ruled', 'ruled-too'], '', ['by a rule', 'by a rule']],
  [
    'authorizeUpdate refuses one ref of an atomic push',
    ['a', 'ruled'],
    'atomic',
    ['atomic push failure', 'by a rule'],
  ],
  ['preReceive refuses one ref', ['a', 'seen'], '', ['ok', 'by its objects']],
  ['preReceive refuses all', ['whole', 'b'], '', ['as a whole', 'as a whole']],
  [
    'preReceive refuses one ref of an atomic push',
    ['seen', 'b'],
    'atomic',
    ['by its objects', 'atomic push failure'],
  ],
] as const;

/** receive-pack knows side-band-64k only: to it, and to us, `side-band` asks for nothing (receive-pack.c). */
const sidebands = ['', 'side-band', 'side-band-64k'] as const;
const reports = ['', 'report-status', 'report-status-v2'] as const;
const forms = [
  ...sidebands.flatMap((sideband) => reports.map((report) => ({ sideband, report }))),
  { sideband: 'side-band side-band-64k', report: 'report-status report-status-v2' },
].map(({ sideband, report }) => ({ sideband, report, name: `${report} ${sideband}`.trim() || 'nothing' }));

let place: PushPlace;
let oid: string;
let pack: Buffer;

beforeAll(async () => {
  place = await openPushPlace({
    authorizeUpdate: ({ update }) => !/-ruled(?:-too)?$/.test(update.refName) || 'by a rule',
    preReceive: ({ updates, refuse }) => {
      for (const { refName } of updates) {
        if (refName.endsWith('-seen')) refuse('by its objects', refName);
        if (refName.endsWith('-whole')) refuse('as a whole');
      }
    },
  });
  await commitFile(place.copy, 'new', 'new\n');
  const push = await pushBody(place.copy, 'refs/heads/any');
  ({ oid } = push);
  pack = push.body.subarray(push.body.indexOf('PACK'));
});
afterAll(closePushPlaces);

/** All packets of some bytes, of which nothing may be left over. */
function packets(bytes: Buffer): readonly PktLine[] {
  const decoder = new PktLineDecoder();
  const lines = [...decoder.decode(bytes)];
  expect(decoder.pendingBytes).toBe(0);
  return lines;
}

/** The bytes of band 1, of an answer in bands: packets of bands 1 and 2, and a flush packet at the end. */
function bandOne(body: Buffer): Buffer {
  const lines = packets(body);
  expect(lines.map(({ type }) => type)).toEqual([...lines.slice(1).map(() => 'data'), 'flush']);
  const frames = lines.flatMap((line) => (line.type === 'data' ? [line.payload] : []));
  for (const frame of frames) expect([1, 2]).toContain(frame[0]);
  return Buffer.concat(frames.filter((frame) => frame[0] === 1).map((frame) => frame.subarray(1)));
}

async function send(refs: readonly string[], capabilities: string): Promise<Buffer> {
  const [first = '', ...rest] = refs.map((ref) => `${zero} ${oid} ${ref}`);
  const commands = [`${first}\0${capabilities}`, ...rest].map((line) => pkt(line)).join('');
  const answer = await rawRequest({
    port: place.lab.server.port,
    method: 'POST',
    path: '/app.git/git-receive-pack',
    headers: pushType,
    body: Buffer.concat([Buffer.from(commands + flush), pack]),
  });
  expect(answer).toMatchObject({ status: 200, complete: true });
  return answer.body;
}

describe.each(cases)('%s:', (title, names, atomic, outcomes) => {
  it.each(forms)('the answer to a client that asks for $name', async ({ sideband, report, name }) => {
    const prefix = `refs/heads/${`${title} ${name}`.replaceAll(' ', '-')}`;
    const refs = names.map((ref) => `${prefix}-${ref}`);
    const body = await send(refs, `${report} ${sideband} ${atomic}`);
    const data = sideband.includes('64k') ? bandOne(body) : body;
    const lines = packets(data).map((line) => (line.type === 'data' ? line.payload.toString() : line.type));
    const statuses = refs.map((ref, index) =>
      outcomes[index] === 'ok' ? `ok ${ref}\n` : `ng ${ref} ${outcomes[index]}\n`,
    );
    expect(lines).toEqual(report === '' ? [] : ['unpack ok\n', ...statuses, 'flush']);
    const made = await gitOk(['for-each-ref', '--format=%(refname)', `${prefix}-*`], {
      cwd: place.repository,
    });
    const accepted = refs.filter((_ref, index) => outcomes[index] === 'ok');
    expect(made.split('\n').filter(Boolean).toSorted()).toEqual(accepted.toSorted());
  });
});
