/** How many connections one address may have open. */
import { expect, it } from 'vitest';
import { limitConnections, OptionError, type ConnectionLimits } from '../../src/index.js';
import { gitOk, makeBareRepository } from '../support/fixtures.js';
import { openRaw, rawRequest, type RawConnection } from '../support/raw-http.js';
import { eventually } from '../support/server.js';
import { openLab, type Lab } from './lab.js';

async function open(limits: ConnectionLimits): Promise<Lab> {
  const lab = await openLab();
  limitConnections(lab.server.http, limits);
  await makeBareRepository(lab.at('app.git'));
  return lab;
}

const path = '/app.git/info/refs?service=git-upload-pack';

it('one more than allowed is closed at once, and the others work on; a place that is left is free', async () => {
  const refused: string[] = [];
  const lab = await open({ maxPerAddress: 3, onRefused: (address) => refused.push(address) });
  const held: RawConnection[] = [];
  for (let count = 0; count < 3; count += 1) held.push(await openRaw(lab.server.port));
  await eventually('all three are known', async () => {
    const count = await new Promise<number>((resolve) => {
      lab.server.http.getConnections((_error, found) => resolve(found));
    });
    return count === 3;
  });
  const { status, complete } = await rawRequest({ port: lab.server.port, path });
  expect({ status, complete }).toEqual({ status: 0, complete: false });
  expect(refused).toEqual(['127.0.0.1']);
  await held[0]?.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  expect((await held[0]?.response())?.status).toBe(200);

  for (const connection of held) connection.destroy();
  await eventually(
    'there is room again',
    async () => (await rawRequest({ port: lab.server.port, path })).status === 200,
  );
  await gitOk(['clone', '-q', lab.url('app.git'), lab.fresh()]);
  await lab.close();
});

it('connections of a proxy are not counted', async () => {
  const lab = await open({ maxPerAddress: 1, sharedAddresses: ['127.0.0.0/8'] });
  const held = await Promise.all([openRaw(lab.server.port), openRaw(lab.server.port)]);
  expect((await rawRequest({ port: lab.server.port, path })).status).toBe(200);
  for (const connection of held) connection.destroy();
  await lab.close();
});

it.each([
  ['maxPerAddress', { maxPerAddress: 0 }],
  ['maxPerAddress', { maxPerAddress: 1.5 }],
  ['sharedAddresses', { sharedAddresses: ['localhost'] }],
])('%s in %j cannot be used', async (option, limits) => {
  const lab = await openLab();
  let refusal: unknown;
  try {
    limitConnections(lab.server.http, limits);
  } catch (error) {
    refusal = error;
  }
  await lab.close();
  expect(refusal).toBeInstanceOf(OptionError);
  expect((refusal as OptionError).option).toBe(option);
});
