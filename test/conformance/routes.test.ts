/** Every route with the headers that git itself gives, literally (http-backend.c: services[]). */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gitOk, makeBareRepository } from '../support/fixtures.js';
import { headerOf, rawRequest, type RawResponse } from '../support/raw-http.js';
import type { Headers } from './differential/case.js';
import { openLab, type Lab } from './lab.js';

let lab: Lab;
/** By what they are called below. */
const paths = new Map<string, string>();
beforeAll(async () => {
  lab = await openLab();
  await makeBareRepository(lab.at('app.git'));
  await gitOk(['gc', '-q'], { cwd: lab.at('app.git') });
  const cwd = lab.at('app.git');
  const loose = await gitOk(['hash-object', '-w', '--stdin'], { cwd, input: 'loose\n' });
  for (const file of ['alternates', 'http-alternates']) writeFileSync(join(cwd, 'objects/info', file), '');
  const packs = readdirSync(join(cwd, 'objects/pack'));
  for (const [name, path] of [
    ['fetch discovery', '/info/refs?service=git-upload-pack'],
    ['push discovery', '/info/refs?service=git-receive-pack'],
    ['refs', '/info/refs'],
    ['HEAD', '/HEAD'],
    ['packs', '/objects/info/packs'],
    ['alternates', '/objects/info/alternates'],
    ['http-alternates', '/objects/info/http-alternates'],
    ['loose object', `/objects/${loose.slice(0, 2)}/${loose.slice(2)}`],
    ['pack', `/objects/pack/${packs.find((file) => file.endsWith('.pack'))}`],
    ['index', `/objects/pack/${packs.find((file) => file.endsWith('.idx'))}`],
    ['fetch', '/git-upload-pack'],
    ['push', '/git-receive-pack'],
  ] as const) {
    paths.set(name, `/app.git${path}`);
  }
});
afterAll(() => lab.close());

const ask = (name: string, method = 'GET', headers: Headers = [], body?: string): Promise<RawResponse> =>
  rawRequest({
    port: lab.server.port,
    path: paths.get(name) ?? name,
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });

const noCache = [
  ['Expires', 'Fri, 01 Jan 1980 00:00:00 GMT'],
  ['Pragma', 'no-cache'],
  ['Cache-Control', 'no-cache, max-age=0, must-revalidate'],
];
/** Without what the host adds, and with the clock taken out. */
const ownHeaders = ({ headers }: RawResponse): (readonly [string, string])[] =>
  headers.filter(
    ([name]) => !['Date', 'Content-Length', 'Transfer-Encoding', 'Last-Modified'].includes(name),
  );

describe.each([
  ['fetch discovery', 'application/x-git-upload-pack-advertisement'],
  ['push discovery', 'application/x-git-receive-pack-advertisement'],
  ['refs', 'text/plain'],
  ['HEAD', 'text/plain'],
  ['packs', 'text/plain; charset=utf-8'],
  ['alternates', 'text/plain'],
  ['http-alternates', 'text/plain'],
])('%s', (name, type) => {
  it(`is ${type}, not to be kept, and the same for HEAD`, async () => {
    const got = await ask(name);
    expect(got.status).toBe(200);
    expect(ownHeaders(got)).toEqual([...noCache, ['Content-Type', type]]);
    const head = await ask(name, 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(ownHeaders(head)).toEqual(ownHeaders(got));
    expect(headerOf(head, 'content-length')).toBe(headerOf(got, 'content-length'));
  });
});

describe.each([
  ['loose object', 'application/x-git-loose-object'],
  ['pack', 'application/x-git-packed-objects'],
  ['index', 'application/x-git-packed-objects-toc'],
])('%s', (name, type) => {
  it(`is ${type}, to be kept for a year, and the same for HEAD`, async () => {
    const got = await ask(name);
    expect(got.status).toBe(200);
    const [expires, ...others] = ownHeaders(got);
    expect(others).toEqual([
      ['Cache-Control', 'public, max-age=31536000'],
      ['Content-Type', type],
    ]);
    const date = Date.parse(headerOf(got, 'date') ?? '');
    expect([expires?.[0], Date.parse(expires?.[1] ?? '') - date]).toEqual(['Expires', 31_536_000_000]);
    expect(headerOf(got, 'last-modified')).toMatch(/ GMT$/);
    const head = await ask(name, 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(headerOf(head, 'content-length')).toBe(String(got.body.length));
  });
});

describe.each([
  ['fetch', 'git-upload-pack'],
  ['push', 'git-receive-pack'],
])('%s', (name, service) => {
  const type = ['Content-Type', `application/x-${service}-request`] as const;

  it('answers the probe with nothing, and with its type', async () => {
    const answer = await ask(name, 'POST', [type], '0000');
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
    expect(ownHeaders(answer)).toEqual([...noCache, ['Content-Type', `application/x-${service}-result`]]);
    expect(headerOf(answer, 'content-length')).toBe('0');
  });

  it('is for POST alone', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await ask(name, method);
      expect([method, answer.status, headerOf(answer, 'allow')]).toEqual([method, 405, 'POST']);
    }
  });

  it('takes exactly its own type', async () => {
    for (const wrong of ['', 'text/plain', `${type[1]}; charset=utf-8`, `application/x-${service}-result`]) {
      expect([wrong, (await ask(name, 'POST', [['Content-Type', wrong]], '0000')).status]).toEqual([
        wrong,
        415,
      ]);
    }
    expect((await ask(name, 'POST', [], '0000')).status).toBe(415);
  });

  it('takes gzip in any case and identity, and no other encoding', async () => {
    const status = async (encoding: string): Promise<number> =>
      (await ask(name, 'POST', [type, ['Content-Encoding', encoding]], '0000')).status;
    expect(await status('identity')).toBe(200);
    for (const encoding of ['br', 'deflate', 'zstd', 'gzip, gzip', 'compress']) {
      expect([encoding, await status(encoding)]).toEqual([encoding, 415]);
    }
    // Not gzip, and said to be: that is known only once it is read.
    for (const encoding of ['gzip', 'X-GZIP', 'GZip'])
      expect([encoding, await status(encoding)]).toEqual([encoding, 400]);
  });
});

it('all that is read is for GET and HEAD alone', async () => {
  for (const name of [
    'fetch discovery',
    'push discovery',
    'refs',
    'HEAD',
    'packs',
    'alternates',
    'loose object',
  ]) {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await ask(name, method);
      expect([name, method, answer.status, headerOf(answer, 'allow')]).toEqual([
        name,
        method,
        405,
        'GET, HEAD',
      ]);
    }
  }
});

it('a service that is unknown, empty, encoded or there twice is forbidden', async () => {
  const pack = 'git-upload-pack';
  for (const query of [
    'service=',
    'service',
    'service=git-foo',
    'service=upload-pack',
    'service=git-upload-archive',
    'service=git%2Dupload-pack',
    '%73ervice=git-upload-pack',
    'SERVICE=git-upload-pack',
    `service=${pack}&service=${pack}`,
    `service=${pack}&service=git-receive-pack`,
    `service=git-receive-pack&x=y&service=${pack}`,
  ]) {
    const answer = await ask(`/app.git/info/refs?${query}`);
    expect([query, answer.status, answer.body.toString()]).toEqual([query, 403, 'unsupported service\n']);
  }
  expect((await ask(`/app.git/info/refs?x=y&service=${pack}`)).status).toBe(200);
});

it('an error is never to be kept', async () => {
  const zeros = '0'.repeat(40);
  for (const path of [
    `/app.git/objects/00/${zeros.slice(2)}`,
    `/app.git/objects/pack/pack-${zeros}.pack`,
    '/missing.git/HEAD',
    '/missing.git/info/refs?service=git-upload-pack',
    '/app.git/info/refs?service=none',
  ]) {
    const answer = await ask(path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(ownHeaders(answer)).toEqual([...noCache, ['Content-Type', 'text/plain; charset=utf-8']]);
    expect(answer.body.length).toBeGreaterThan(5);
  }
});
