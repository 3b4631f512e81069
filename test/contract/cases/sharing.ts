import { Agent } from 'node:http';
import { expect, it } from 'vitest';
import { ask } from '../http-client.js';
import { open, type Door } from '../hosts/door.js';
import type { Stage } from './stage.js';

/** Pages and repositories in one URL space, and answers as plain HTTP. */
export function sharingCases(door: Door, stage: () => Stage): void {
  it('passes on what is not git, with its body, so that pages and repositories share one URL space', async () => {
    const host = await open(door, { repositories: stage().repositories });
    const { prefix } = door;
    try {
      expect(await ask(host.port, { path: `${prefix}/welcome` })).toMatchObject({
        status: 200,
        body: 'welcome',
      });
      const form = {
        method: 'POST',
        path: `${prefix}/form`,
        headers: { 'Content-Type': 'application/json' },
        body: '{"name":"Ada"}',
      };
      expect(await ask(host.port, form)).toMatchObject({ status: 200, body: 'Ada' });
      const passed = [
        '',
        '/',
        '/app.git',
        '/app.git/',
        '/app.git/wiki',
        '/app.git/refs/heads/main',
        '/a%2fb/HEAD',
      ];
      for (const path of passed) {
        const answer = await ask(host.port, { path: `${prefix}${path}` || '/' });
        expect([path, answer.status, answer.body]).toEqual([path, 404, 'no such page']);
      }
      // Only git's own requests are reported: pages are none of our business.
      expect(host.events.request).toEqual([]);
    } finally {
      await host.close();
    }
  });

  it('answers HEAD like GET, without a body', async () => {
    const host = await open(door, { repositories: stage().repositories });
    try {
      for (const rest of ['/app.git/HEAD', '/app.git/info/refs?service=git-upload-pack']) {
        const path = door.prefix + rest;
        const got = await ask(host.port, { path });
        const head = await ask(host.port, { path, method: 'HEAD' });
        expect(got.status).toBe(200);
        expect(got.body).not.toBe('');
        expect(head).toMatchObject({ status: 200, body: '' });
        expect(head.headers['content-type']).toBe(got.headers['content-type']);
        expect(head.headers['content-length']).toBe(got.headers['content-length']);
      }
    } finally {
      await host.close();
    }
  });

  it('answers what is wrong with a status and a text that is never empty', async () => {
    const host = await open(door, { repositories: stage().repositories });
    const rpc = `${door.prefix}/app.git/git-upload-pack`;
    try {
      const wrong = [
        [405, { path: rpc }],
        [405, { path: `${door.prefix}/app.git/HEAD`, method: 'DELETE' }],
        [415, { path: rpc, method: 'POST', body: '0000', headers: { 'Content-Type': 'text/plain' } }],
        [403, { path: `${door.prefix}/app.git/info/refs?service=git-shell` }],
        [403, { path: `${door.prefix}/app.git/info/refs?service=git-receive-pack` }],
        [404, { path: `${door.prefix}/missing.git/HEAD` }],
      ] as const;
      for (const [status, question] of wrong) {
        const answer = await ask(host.port, question);
        expect([question.path, answer.status]).toEqual([question.path, status]);
        expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
        expect(answer.headers['cache-control']).toBe('no-cache, max-age=0, must-revalidate');
        expect(answer.body).toMatch(/^[^\n]+\n$/);
        expect(answer.headers['content-length']).toBe(String(answer.body.length));
      }
      expect((await ask(host.port, { path: rpc })).headers['allow']).toBe('POST');
      expect(host.events.error).toEqual([]);
    } finally {
      await host.close();
    }
  });
}

/** For doors with a prefix. */
export function prefixCases(door: Door, stage: () => Stage): void {
  it('serves nothing outside of its prefix', async () => {
    const host = await open(door, { repositories: stage().repositories });
    try {
      for (const base of ['', `${door.prefix}x`, door.prefix.toUpperCase().replace('/', '//')]) {
        const path = `${base}/app.git/info/refs?service=git-upload-pack`;
        expect([path, (await ask(host.port, { path })).status]).toEqual([path, 404]);
      }
      expect(host.events.request).toEqual([]);
    } finally {
      await host.close();
    }
  });
}

/** For hosts that add no headers of their own. */
export function ownHeaderCases(door: Door, stage: () => Stage): void {
  it('sends no Connection and no Keep-Alive header, and keeps the connection all the same', async () => {
    const host = await open(door, { repositories: stage().repositories });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const type = 'application/x-git-upload-pack-request';
    const ofGit = ['cache-control', 'content-type', 'expires', 'pragma'];
    const questions = [
      [{ path: '/info/refs?service=git-upload-pack' }, [...ofGit, 'date', 'transfer-encoding']],
      [
        { path: '/git-upload-pack', method: 'POST', body: '0000', headers: { 'Content-Type': type } },
        [...ofGit, 'content-length', 'date'],
      ],
      [{ path: '/HEAD' }, [...ofGit, 'content-length', 'date']],
      [{ path: '/info/refs?service=x' }, [...ofGit, 'content-length', 'date']],
    ] as const;
    try {
      for (const [question, names] of questions) {
        const path = `${door.prefix}/app.git${question.path}`;
        const { headers } = await ask(host.port, { ...question, path, agent });
        expect([path, new Set(Object.keys(headers))]).toEqual([path, new Set<string>(names)]);
      }
      const ports = new Set(host.events.request.map(({ context }) => context.remoteAddress));
      expect([...ports]).toEqual(['127.0.0.1']);
      expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
      expect(Object.values(agent.freeSockets).flat()[0]?.bytesRead).toBeGreaterThan(1000);
    } finally {
      agent.destroy();
      await host.close();
    }
  });
}
