// Repositories below /git of a Hono application.
// Usage: node examples/hono.mjs [folder]
import { serve } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono } from 'hono';
import { createGitServer, fetchHandler } from 'gittyphoon';

const git = createGitServer({ repositories: process.argv[2] ?? '.' });
const handler = fetchHandler(git, {
  prefix: '/git',
  remoteAddress: (_request, c) => getConnInfo(c).remote.address,
  fallback: async (_request, c, next) => {
    await next();
    return c.res;
  },
});
const app = new Hono();
app.use('/git/*', (c, next) => handler(c.req.raw, c, next));
app.get('/git/*', (c) => c.text(`a page of yours for ${c.req.path}\n`));
// Node.js would end a long push after 300 seconds, and idle connections while git still uses them.
const serverOptions = { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 75_000 };
const port = Number(process.env.PORT ?? 8080);
serve({ fetch: app.fetch, hostname: '127.0.0.1', port, serverOptions }, (address) => {
  console.log(`listening on http://127.0.0.1:${address.port}`);
});
