/** Compiled, never run: doors, events, errors and the context of a request as TypeScript sees them. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Context, Next } from 'hono';
import {
  GitTyphoonError,
  fetchHandler,
  nodeHandler,
  type FailureCode,
  type GitServer,
  type GitUser,
  type Operation,
  type RequestContext,
} from '../../src/index.js';

declare const git: GitServer;
declare const context: RequestContext;
declare const request: IncomingMessage;
declare const response: ServerResponse;

const handler = nodeHandler(git, {
  prefix: '/git',
  fallback: (_request, answer) => answer.end(),
  remoteAddress: ({ headers }) => String(headers['x-forwarded-for']),
});
createServer(handler).on('checkContinue', handler.checkContinue);
handler(request, response);
handler(request, response, (error) => void error);

// @ts-expect-error a door needs a server
nodeHandler({ repositories: '/srv/git' });

// @ts-expect-error the prefix is one text
nodeHandler(git, { prefix: ['/git'] });

export const plain: (request: Request) => Promise<Response> = fetchHandler(git);

export const inHono = fetchHandler<[Context, Next]>(git, {
  remoteAddress: (_request, c) => c.req.header('x-real-ip'),
  fallback: async (_request, c, next) => {
    await next();
    return c.res;
  },
});

// @ts-expect-error the host's own arguments are needed where they were named
void inHono(new Request('http://localhost/'));

// @ts-expect-error a fallback answers
fetchHandler(git, { fallback: () => undefined });

const off: () => void = git.on('push', async ({ user, repository, updates, pushOptions }) => {
  const who: GitUser | undefined = user;
  const names: string[] = updates.map(({ refName }) => refName);
  const [first] = updates;
  // The reason is there only where git has refused.
  const reason = first?.result.status === 'rejected' ? first.result.reason : undefined;
  await Promise.resolve([who, repository.gitDir, names, reason, pushOptions.length]);
});
off();
git.on('request', ({ status, aborted, durationMs }) => void [status.toFixed(), aborted, durationMs]);
git.on('fetch', ({ request: asked, responseBytes }) => void [asked.command, responseBytes]);

// @ts-expect-error no such event
git.on('pull', () => {});

// @ts-expect-error an error may happen outside of a request
git.on('error', ({ context: where }) => void where.id);

export const operation: Operation = context.operation;

// @ts-expect-error credentials may be missing
export const scheme: string = context.credentials.scheme;

// @ts-expect-error a context is read only
context.path = 'other.git';

export const failure: FailureCode = new GitTyphoonError('ERR_FORBIDDEN', { message: 'no' }).code;

// @ts-expect-error no such code
export const unknownFailure = new GitTyphoonError('ERR_TEAPOT');
