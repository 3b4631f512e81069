import { expect, it } from 'vitest';
import { ask } from '../http-client.js';
import { open, type Door } from '../hosts/door.js';
import type { Stage } from './stage.js';

const origin = 'https://editor.example.org';

/** Cross-origin requests of browsers. */
export function browserCases(door: Door, stage: () => Stage): void {
  it('answers a preflight before it asks for a password', async () => {
    const host = await open(door, {
      repositories: stage().repositories,
      authenticate: () => undefined,
      authorize: () => false,
      cors: { origins: [origin], credentials: true, maxAgeSeconds: 60 },
    });
    try {
      const answer = await ask(host.port, {
        method: 'OPTIONS',
        path: `${door.prefix}/app.git/git-upload-pack`,
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'authorization,content-type,git-protocol',
        },
      });
      expect(answer).toMatchObject({ status: 204, body: '' });
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
        'access-control-allow-methods': 'POST',
        'access-control-max-age': '60',
      });
      const allowed = String(answer.headers['access-control-allow-headers']).toLowerCase().split(', ');
      for (const header of ['authorization', 'content-type', 'git-protocol'])
        expect(allowed).toContain(header);
    } finally {
      await host.close();
    }
  });

  it('lets the page read errors, 401 included, and answers of both kinds', async () => {
    const host = await open(door, {
      repositories: stage().repositories,
      authenticate: ({ credentials }) => (credentials?.scheme === 'bearer' ? { name: 'ada' } : undefined),
      authorize: ({ user }) => user !== undefined,
      cors: { origins: [origin] },
    });
    const authorization = { Authorization: 'Bearer secret' };
    const cases = [
      [401, '/app.git/info/refs?service=git-upload-pack', {}],
      [404, '/missing.git/info/refs?service=git-upload-pack', authorization],
      [403, '/app.git/info/refs?service=git-shell', authorization],
      [405, '/app.git/git-upload-pack', authorization],
      [200, '/app.git/info/refs?service=git-upload-pack', authorization],
    ] as const;
    try {
      for (const [status, rest, headers] of cases) {
        const path = door.prefix + rest;
        const answer = await ask(host.port, { path, headers: { Origin: origin, ...headers } });
        expect([path, answer.status]).toEqual([path, status]);
        expect(answer.headers['access-control-allow-origin']).toBe(origin);
        expect(answer.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
        expect(answer.headers['vary']).toBe('Origin');
        const elsewhere = await ask(host.port, {
          path,
          headers: { Origin: 'https://evil.test', ...headers },
        });
        expect(elsewhere.headers).not.toHaveProperty('access-control-allow-origin');
        expect(elsewhere.headers['vary']).toBe('Origin');
      }
    } finally {
      await host.close();
    }
  });

  it('knows nothing of other origins unless it is told to', async () => {
    const host = await open(door, { repositories: stage().repositories });
    const path = `${door.prefix}/app.git/git-upload-pack`;
    try {
      const preflight = await ask(host.port, { method: 'OPTIONS', path, headers: { Origin: origin } });
      expect(preflight.status).toBe(405);
      expect(Object.keys(preflight.headers).join()).not.toContain('access-control');
    } finally {
      await host.close();
    }
  });
}
