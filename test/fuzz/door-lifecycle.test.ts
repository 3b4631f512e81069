/** Connections that go on after something has gone wrong on them, or that are slow. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flush, pkt } from '../conformance/differential/case.js';
import { fetchType, lsRefs, pushType } from '../conformance/raw-push.js';
import { openRaw, requestHead } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { doorNames, openStage, type Stage } from './door-stage.js';
import { readAnswers, type Answer } from './http-answers.js';

describe.each(doorNames)('the %s door', (door) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(door);
  });
  afterAll(() => stage.close());

  const fetchPath = { method: 'POST', path: '/app.git/git-upload-pack', headers: fetchType } as const;
  const push = { method: 'POST', path: '/pushed.git/git-receive-pack', headers: pushType } as const;
  const good = requestHead({ ...fetchPath, body: lsRefs }) + lsRefs;

  /** Sends each when the one before it has been answered, all on one connection. */
  const oneByOne = async (
    requests: readonly (readonly (string | Buffer)[])[],
  ): Promise<readonly Answer[]> => {
    const connection = await openRaw(stage.port);
    try {
      for (const [index, pieces] of requests.entries()) {
        for (const piece of pieces) await connection.write(piece);
        const hasCome = (received: Buffer): boolean =>
          readAnswers(received, { ended: false }).answers.length > index;
        await connection.until(hasCome);
      }
      return readAnswers(connection.received, { ended: false }).answers;
    } finally {
      connection.destroy();
    }
  };

  it('keeps a connection after refusals, whatever was still to come of their bodies', async () => {
    const large = Buffer.alloc(300_000, 0x30);
    const refused = [
      ['an unknown type', { ...push, headers: [], body: large }],
      [
        'an unknown encoding',
        { ...push, headers: [...pushType, ['Content-Encoding', 'br'] as const], body: large },
      ],
      ['an unknown repository', { ...push, path: '/nothing.git/git-receive-pack', body: large }],
      ['a wrong method', { ...push, method: 'PUT', body: large }],
      ['no gzip', { ...push, headers: [...pushType, ['Content-Encoding', 'gzip'] as const], body: large }],
      ['no push', { ...push, body: Buffer.from(large.fill('z')) }],
    ] as const;
    const answers = await oneByOne([...refused.map(([, form]) => [requestHead(form), form.body]), [good]]);
    expect(answers.map(({ status }) => status)).toEqual([415, 415, 404, 405, 400, 400, 200]);
    await stage.settle();
  });

  it('reads on what a refused client sends, so that the refusal reaches it', async () => {
    const connection = await openRaw(stage.port);
    const body = Buffer.alloc(8_000_000, 0x30);
    // All of it is written before the first look at the answer, as curl without Expect does.
    await connection.write(requestHead({ ...push, headers: [['Content-Type', 'text/plain']], body }));
    await connection.write(body);
    await connection.until((received) => readAnswers(received, { ended: false }).answers.length > 0);
    const { answers } = readAnswers(connection.received, { ended: false });
    expect(answers.map(({ status }) => status)).toEqual([415]);
    expect(connection.isClosed).toBe(false);
    connection.destroy();
    await stage.settle();
  });

  it('takes no notice of an upgrade to HTTP/2, also with a body', async () => {
    const upgrade = [
      ['Connection', 'Upgrade, HTTP2-Settings'],
      ['Upgrade', 'h2c'],
      ['HTTP2-Settings', 'AAMAAABk'],
    ] as const;
    const form = { ...fetchPath, headers: [...fetchType, ...upgrade], body: lsRefs };
    const [answer] = await oneByOne([[requestHead(form) + lsRefs]]);
    const [usual] = await oneByOne([[good]]);
    expect(answer?.status).toBe(200);
    expect(answer?.body).toEqual(usual?.body);
    await stage.settle();
  });

  it('refuses an expectation that it does not know, and nothing of the push happens', async () => {
    const body = stage.push('refs/heads/expected');
    const form = { ...push, headers: [...pushType, ['Expect', '200-ok'] as const], body };
    const connection = await openRaw(stage.port);
    await connection.write(requestHead(form));
    await connection.until((received) => readAnswers(received, { ended: false }).answers.length > 0);
    expect(readAnswers(connection.received, { ended: false }).answers[0]?.status).toBe(417);
    connection.destroy();
    expect(stage.events.push).toEqual([]);
    await stage.settle();
  });

  it('answers a fetch with bytes behind its end as one without them', async () => {
    const fetch = `${pkt('command=fetch')}0001${pkt('no-progress')}${pkt(`want ${stage.main}\n`)}${pkt('done\n')}${flush}`;
    const bodies = [fetch, `${fetch}garbage`, fetch + fetch];
    const answers = await oneByOne(bodies.map((body) => [requestHead({ ...fetchPath, body }) + body]));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    for (const { body } of answers)
      expect(body.toString('latin1')).toMatch(/^000dpackfile\n[^]*PACK[^]*0000$/);
    await stage.settle();
  });

  it('waits for one who reads slowly, byte for byte the same', async () => {
    const [usual] = await oneByOne([[good]]);
    const connection = await openRaw(stage.port);
    connection.socket.pause();
    await connection.write(good.repeat(50));
    // Everything is computed although nobody reads; then it is read in small bites.
    const before = stage.events.request.length;
    await eventually('the answers are on their way', () => stage.events.request.length > before);
    connection.socket.resume();
    await connection.until((received) => readAnswers(received, { ended: false }).answers.length >= 50);
    const { answers } = readAnswers(connection.received, { ended: false });
    connection.destroy();
    expect(answers.map(({ body }) => body)).toEqual(Array.from({ length: 50 }, () => usual?.body));
    await stage.settle();
  });
});
