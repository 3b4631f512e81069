import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { externalAuthenticator, type ExternalAuthenticatorOptions } from '../../../src/access/index.js';
import { OptionError, type GitUser, type RequestContext } from '../../../src/index.js';
import { contextOf } from './contexts.js';

interface Endpoint {
  readonly url: string;
  readonly http: Server;
  /** What it was asked. */
  readonly asked: IncomingMessage[];
  readonly sockets: Set<Socket>;
}

const open: Server[] = [];

afterEach(async () => {
  for (const http of open.splice(0)) {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
});

async function endpoint(answer: RequestListener): Promise<Endpoint> {
  const asked: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const http = createServer((request, response) => {
    asked.push(request);
    sockets.add(request.socket);
    answer(request, response);
  });
  open.push(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/auth`, http, asked, sockets };
}

/** Says yes to one header of authorization. */
const onlyAnn: RequestListener = (request, response) => {
  if (request.headers.authorization === 'Bearer ann') response.writeHead(200, { 'Remote-User': 'ann' });
  else response.writeHead(401);
  response.end();
};

const withHeader = (authorization: string, rest: Partial<RequestContext> = {}): RequestContext =>
  contextOf({ headers: { authorization }, ...rest });

type Asking = (context: RequestContext) => Promise<GitUser | null | undefined>;

function asking(options: ExternalAuthenticatorOptions): Asking {
  const authenticate = externalAuthenticator(options);
  return async (context) => authenticate(context);
}

describe('an endpoint', () => {
  test('is asked with GET and what it needs, and its yes names user and groups', async () => {
    const { url, asked } = await endpoint((_request, response) => {
      response
        .writeHead(204, { 'X-User': Buffer.from('größe').toString('latin1'), 'X-Groups': 'a, b' })
        .end();
    });
    const ask = asking({ url, userHeader: 'X-User', groupsHeader: 'X-Groups', forwardHeaders: ['Cookie'] });
    const headers = {
      authorization: 'Basic eDp5',
      cookie: 'c=1',
      'x-original-uri': '/forged',
      'x-secret': 's',
    };
    const user = await ask(contextOf({ headers, path: 'team/a b?c', operation: 'write' }));
    expect(user).toEqual({ name: 'größe', groups: ['a', 'b'] });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.method).toBe('GET');
    expect(asked[0]?.headers).toMatchObject({
      authorization: 'Basic eDp5',
      cookie: 'c=1',
      'x-original-uri': '/team/a%20b%3Fc',
      'x-git-operation': 'write',
      'x-real-ip': '127.0.0.1',
    });
    expect(asked[0]?.headers).not.toHaveProperty('x-secret');
  });

  test('says no with 401 and 403, and is asked again the next time', async () => {
    const statuses = [401, 403, 200];
    const { url, asked } = await endpoint((_request, response) =>
      response.writeHead(statuses.shift() ?? 500, { 'Remote-User': 'ann' }).end(),
    );
    const ask = asking({ url });
    expect(await ask(withHeader('Bearer ann'))).toBeUndefined();
    expect(await ask(withHeader('Bearer ann'))).toBeUndefined();
    expect(await ask(withHeader('Bearer ann'))).toEqual({ name: 'ann' });
    expect(asked).toHaveLength(3);
  });

  test('is not asked about requests without credentials, unless it is to be', async () => {
    const { url, asked } = await endpoint((_request, response) =>
      response.writeHead(200, { 'Remote-User': 'guest' }).end(),
    );
    expect(await asking({ url })(contextOf())).toBeUndefined();
    expect(asked).toHaveLength(0);
    expect(await asking({ url, askAnonymous: true })(contextOf())).toEqual({ name: 'guest' });
    expect(asked[0]?.headers).not.toHaveProperty('authorization');
  });

  test('is asked again over a connection that is there', async () => {
    const { url, asked, sockets } = await endpoint((_request, response) =>
      response.writeHead(200, { 'Remote-User': 'ann' }).end('a body that nobody needs'),
    );
    const ask = asking({ url, cacheMs: 0 });
    for (let index = 0; index < 5; index += 1) {
      expect(await ask(withHeader('Bearer ann'))).toEqual({ name: 'ann' });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(asked).toHaveLength(5);
    expect(sockets.size).toBeLessThan(5);
  });

  test('may close a connection that was kept', async () => {
    const { url, sockets } = await endpoint(onlyAnn);
    const ask = asking({ url, cacheMs: 0 });
    for (let index = 0; index < 5; index += 1) {
      expect(await ask(withHeader('Bearer ann'))).toEqual({ name: 'ann' });
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('nobody is let in, the client may come again, and the cause is told, when the endpoint', () => {
  const failing = async (
    answer: RequestListener,
    cause: RegExp,
    options: Partial<ExternalAuthenticatorOptions> = {},
  ): Promise<Endpoint> => {
    const found = await endpoint(answer);
    const attempt = asking({ url: found.url, ...options })(withHeader('Bearer secret'));
    const error: unknown = await attempt.catch((error: unknown) => error);
    expect(error).toMatchObject({
      code: 'ERR_AUTHENTICATION_UNAVAILABLE',
      status: 503,
      headers: [['Retry-After', '5']],
    });
    const { cause: told } = error as Error;
    expect(String(told)).toMatch(cause);
    expect(`${String(error)}${String(told)}`).not.toContain('secret');
    return found;
  };

  test.each([400, 404, 407, 429, 500, 502])('answers with %i', async (status) => {
    const { asked } = await failing(
      (_request, response) => response.writeHead(status, { 'Remote-User': 'ann' }).end(),
      new RegExp(`status ${status}$`),
    );
    expect(asked).toHaveLength(1);
  });

  test('answers with a redirect, which is not followed', async () => {
    const { asked } = await failing(
      (_request, response) => response.writeHead(302, { Location: '/login', 'Remote-User': 'ann' }).end(),
      /status 302$/,
    );
    expect(asked).toHaveLength(1);
  });

  test.each<[string, RequestListener, RegExp]>([
    [
      'says yes without a name',
      (_request, response) => response.writeHead(200).end(),
      /remote-user names nobody/,
    ],
    [
      'says yes with two names',
      (_request, response) => response.writeHead(200, { 'Remote-User': ['ann', 'root'] }).end(),
      /remote-user names several users/,
    ],
    ['breaks off', (request) => request.socket.destroy(), /socket hang up|ECONNRESET/],
    ['speaks something else', (request) => request.socket.end('220 smtp.example.org\r\n'), /Parse Error/],
    [
      'sends headers without end',
      (request) => request.socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`),
      /overflow/i,
    ],
  ])('%s', async (_what, answer, cause) => {
    const { asked } = await failing(answer, cause);
    expect(asked).toHaveLength(1);
  });

  test('does not answer in time', async () => {
    const { sockets } = await failing(() => {}, /TimeoutError|AbortError/, { timeoutMs: 500 });
    expect(sockets.size).toBeLessThanOrEqual(1);
  });

  test('cannot be reached', async () => {
    const gone = await endpoint(onlyAnn);
    open.splice(0);
    await new Promise((resolve) => gone.http.close(resolve));
    const attempt = asking({ url: gone.url })(withHeader('Bearer ann'));
    await expect(attempt).rejects.toMatchObject({ status: 503, cause: { code: 'ECONNREFUSED' } });
  });
});

test('a body without end is broken off', async () => {
  let broken: (() => void) | undefined;
  const isBroken = new Promise<void>((resolve) => (broken = resolve));
  const { url } = await endpoint((_request, response) => {
    response.once('close', () => broken?.());
    response.writeHead(200, { 'Remote-User': 'ann' });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384)));
    };
    response.on('drain', more);
    more();
  });
  expect(await asking({ url, timeoutMs: 60_000 })(withHeader('Bearer ann'))).toEqual({ name: 'ann' });
  // The deadline would end it as well, but not within this test's time.
  await isBroken;
});

describe('a yes is remembered', () => {
  test('for the same credentials, path, operation and address, and for no others', async () => {
    const { url, asked } = await endpoint((request, response) => {
      const { authorization = '', 'x-original-uri': uri = '' } = request.headers;
      response.writeHead(200, { 'Remote-User': `${authorization} ${String(uri)}` }).end();
    });
    const ask = asking({ url, cacheMs: 300_000 });
    for (let index = 0; index < 2; index += 1) {
      expect(await ask(withHeader('Bearer ann'))).toEqual({ name: 'Bearer ann /app' });
      expect(await ask(withHeader('Bearer bob'))).toEqual({ name: 'Bearer bob /app' });
      expect(await ask(withHeader('Bearer ann', { path: 'lib' }))).toEqual({ name: 'Bearer ann /lib' });
      await ask(withHeader('Bearer ann', { operation: 'read' }));
      await ask(withHeader('Bearer ann', { remoteAddress: '192.0.2.1' }));
      // The POST that follows the discovery asks the same.
      await ask(withHeader('Bearer ann', { phase: 'rpc', method: 'POST' }));
    }
    expect(asked).toHaveLength(5);
  });

  test('until its time is over', async () => {
    const { url, asked } = await endpoint(onlyAnn);
    const ask = asking({ url, cacheMs: 1 });
    await ask(withHeader('Bearer ann'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await ask(withHeader('Bearer ann'));
    expect(asked).toHaveLength(2);
  });

  test('for a thousand questions at the most', async () => {
    const { url, asked } = await endpoint(onlyAnn);
    const ask = asking({ url, cacheMs: 300_000 });
    for (let index = 0; index <= 1_000; index += 1) await ask(withHeader('Bearer ann', { path: `${index}` }));
    await ask(withHeader('Bearer ann', { path: '1' }));
    expect(asked).toHaveLength(1_001);
    await ask(withHeader('Bearer ann', { path: '0' }));
    expect(asked).toHaveLength(1_002);
  });
});

test('equal questions at the same time are one', async () => {
  const { url, asked } = await endpoint(onlyAnn);
  const ask = asking({ url, cacheMs: 0 });
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, index) => ask(withHeader(index % 2 === 0 ? 'Bearer ann' : 'Bearer bob'))),
  );
  expect(all.map((user) => user?.name)).toEqual(all.map((_, index) => (index % 2 === 0 ? 'ann' : undefined)));
  expect(asked).toHaveLength(2);
});

test.each<[string, Partial<ExternalAuthenticatorOptions>]>([
  ['url', { url: 'auth.example.org' }],
  ['url', { url: 'file:///etc/passwd' }],
  ['url', { url: 'http://user:word@auth.example.org/' }],
  ['timeoutMs', { timeoutMs: 0 }],
  ['timeoutMs', { timeoutMs: 60_001 }],
  ['cacheMs', { cacheMs: -1 }],
  ['userHeader', { userHeader: 'a b' }],
  ['groupsHeader', { groupsHeader: '' }],
  ['forwardHeaders', { forwardHeaders: ['Content-Length'] }],
])('option %s: %j is refused', (option, rest) => {
  const make = (): unknown => externalAuthenticator({ url: 'http://127.0.0.1/', ...rest });
  expect(make).toThrow(OptionError);
  expect(make).toThrow(`option "${option}"`);
});
