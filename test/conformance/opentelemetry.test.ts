/** Spans of a server with real clients, as a real SDK exports them. */
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createGitServer, nodeHandler, type GitServer } from '../../src/index.js';
import { traceRequests } from '../../src/opentelemetry/index.js';
import { makeBareRepository, makeTempDir, type TempDir } from '../support/fixtures.js';
import { eventually } from '../support/server.js';
import { clientOf } from './lab.js';

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const traceId = '0af7651916cd43dd8448eb211c80319c';
const clientSpan = 'b7ad6b7169203331';

let folder: TempDir;
let git: GitServer;
let http: Server;
let url: string;

beforeAll(async () => {
  trace.setGlobalTracerProvider(provider);
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  folder = makeTempDir();
  await makeBareRepository(`${folder.path}/app.git`, { commits: 1 });
  git = traceRequests(
    createGitServer({
      repositories: folder.path,
      authenticate: () =>
        trace.getTracer('application').startActiveSpan('look up the user', (span) => {
          span.end();
          return { name: 'ann' };
        }),
    }),
  );
  const handle = nodeHandler(git);
  http = createServer((request, response) => {
    if (request.headers['x-framework'] === undefined) handle(request, response);
    else trace.getTracer('framework').startActiveSpan('GET', () => handle(request, response));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as { port: number };
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await git.close();
  http.closeAllConnections();
  http.close();
  await provider.shutdown();
  trace.disable();
  propagation.disable();
  context.disable();
  folder.dispose();
});

beforeEach(() => exporter.reset());

const spansNamed = (name: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name);

async function spanNamed(name: string): Promise<ReadableSpan> {
  await eventually(`there is a span ${name}`, () => spansNamed(name).length > 0);
  return spansNamed(name)[0] as ReadableSpan;
}

const discovery = 'GET /{repository}/info/refs';
const ask = async (path: string, headers: Record<string, string> = {}): Promise<void> => {
  await (await fetch(`${url}${path}`, { headers })).text();
};

it('makes a span of each request of a clone, with a child for each stage', async () => {
  await clientOf(2).ok(['clone', '-q', `${url}/app.git`, `${folder.path}/clone`]);
  await eventually(
    'three requests are told',
    () => exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER).length === 3,
  );
  const requests = exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER);
  expect(requests.map(({ name }) => name)).toEqual([
    discovery,
    'POST /{repository}/git-upload-pack',
    'POST /{repository}/git-upload-pack',
  ]);
  const fetched = requests[2] as ReadableSpan;
  expect(fetched.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/{repository}/git-upload-pack',
    'http.response.status_code': 200,
    'http.response.body.size': expect.any(Number),
    'url.path': '/app.git/git-upload-pack',
    'url.scheme': 'http',
    'network.protocol.version': '1.1',
    'client.address': '127.0.0.1',
    'user_agent.original': expect.stringMatching(/^git\//),
    'user.name': 'ann',
    'gittyphoon.repository': 'app.git',
    'gittyphoon.protocol.version': 2,
    'gittyphoon.git.exit': '0',
  });
  const children = exporter
    .getFinishedSpans()
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === fetched.spanContext().spanId);
  expect(children.map(({ name }) => name)).toEqual([
    'look up the user',
    'gittyphoon.authenticate',
    'gittyphoon.find',
    'gittyphoon.authorize',
    'gittyphoon.configure',
    'gittyphoon.body',
    'gittyphoon.queue',
    'gittyphoon.git',
    'gittyphoon.answer',
  ]);
  const ms = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e3 + nanos / 1e6;
  for (const child of children.slice(1)) {
    expect(ms(child.startTime)).toBeGreaterThanOrEqual(ms(fetched.startTime));
    expect(ms(child.endTime)).toBeLessThanOrEqual(ms(fetched.endTime) + 1);
  }
});

it('goes on with the trace of the client', async () => {
  await ask('/app.git/info/refs?service=git-upload-pack', {
    traceparent: `00-${traceId}-${clientSpan}-01`,
  });
  const span = await spanNamed(discovery);
  expect(span.spanContext().traceId).toBe(traceId);
  expect(span.parentSpanContext).toMatchObject({ spanId: clientSpan, isRemote: true });
});

it('lies below the span of a framework that has begun one', async () => {
  await ask('/app.git/info/refs?service=git-upload-pack', {
    'x-framework': '1',
    traceparent: `00-${traceId}-${clientSpan}-01`,
  });
  const span = await spanNamed(discovery);
  expect(span.kind).toBe(SpanKind.INTERNAL);
  expect(span.parentSpanContext?.spanId).not.toBe(clientSpan);
  expect(span.parentSpanContext?.isRemote).not.toBe(true);
});

it('tells of a mistake of the client as no error, and of a failure of the server as one', async () => {
  await ask('/none.git/info/refs?service=git-upload-pack');
  const missing = await spanNamed(discovery);
  expect(missing.status.code).toBe(SpanStatusCode.UNSET);
  expect(missing.attributes).toMatchObject({
    'http.response.status_code': 404,
    'gittyphoon.failure': 'ERR_NOT_FOUND',
  });
  exporter.reset();
  await makeBareRepository(`${folder.path}/broken.git`, { commits: 1 });
  await writeFile(`${folder.path}/broken.git/config`, '[core\n');
  await ask('/broken.git/info/refs?service=git-upload-pack');
  const failed = await spanNamed(discovery);
  expect(failed.status.code).toBe(SpanStatusCode.ERROR);
  expect(failed.attributes).toMatchObject({ 'error.type': 'ERR_GIT_FAILED' });
});

it('holds no query and no credentials, and tells nothing of what is not of git', async () => {
  await ask('/app.git/info/refs?service=git-upload-pack&token=s3cret', {
    Authorization: `Basic ${Buffer.from('ann:s3cret').toString('base64')}`,
    Cookie: 's3cret',
  });
  await ask('/a/page/of/somebody/else');
  await spanNamed(discovery);
  expect(exporter.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER)).toHaveLength(1);
  const told = JSON.stringify(
    exporter.getFinishedSpans().map(({ name, attributes }) => ({ name, attributes })),
  );
  expect(told).not.toMatch(/s3cret|service=|YW5u/);
});

it('refuses options that it cannot use', () => {
  expect(() => traceRequests(git, { scheme: 'ftp' as never })).toThrow(/option "scheme" must be/);
  expect(() => traceRequests(git, { colour: 'red' } as never)).toThrow(/option "colour" is not known/);
});
