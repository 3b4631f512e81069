import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono, type Context, type Next } from 'hono';
import { fetchHandler } from '../../../src/index.js';
import { serverOptions, type Door } from './door.js';

export function honoDoor(prefix: string): Door {
  return {
    name: prefix === '' ? 'Hono' : `Hono below ${prefix}`,
    prefix,
    isOpinionated: true,
    listen(git) {
      const handler = fetchHandler<[Context, Next]>(git, {
        prefix,
        remoteAddress: (_request, c) => getConnInfo(c).remote.address,
        fallback: async (_request, c, next) => {
          await next();
          return c.res;
        },
      });
      const app = new Hono();
      app.use(`${prefix}/*`, (c, next) => handler(c.req.raw, c, next));
      app.get(`${prefix}/welcome`, (c) => c.text('welcome'));
      app.post(`${prefix}/form`, async (c) => c.text((await c.req.json<{ name: string }>()).name));
      app.notFound((c) => c.text('no such page', 404));
      return new Promise((resolve) => {
        const options = { fetch: app.fetch, hostname: '127.0.0.1', port: 0, serverOptions };
        const server = serve(options, () => resolve(server as Server));
      });
    },
  };
}
