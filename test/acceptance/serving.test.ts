import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reachableUrls } from '../../src/cli/addresses.js';
import { startCommand } from '../support/command.js';
import { createWorkspace, withCredentials, type Workspace } from './workspace.js';

let place: Workspace;

beforeEach(async () => {
  place = await createWorkspace();
});

afterEach(() => place.close());

describe('the command', () => {
  test('says what it serves, where it listens and how to clone, and that line works', async () => {
    await place.addBare('app.git');
    await place.addBare('team/docs/manual.git');
    await place.addWorkTree('work');
    await place.addWorkTree('zebra');
    const server = await place.serve();
    expect(server.stdout()).toMatch(/^GitTyphoon \d+\.\d+\.\d+ with git 2\.\S+ serves \//);
    expect(server.stdout()).toContain(place.root);
    expect(server.stdout()).toContain('\n4 repositories: app.git, team/docs/manual.git, work, and 1 more\n');
    expect(server.stdout()).toContain('\nEverybody may read, nobody may push;');
    const clone = /^Clone with: git (clone \S+)$/m.exec(server.stdout())?.[1] ?? '';
    expect(clone).toBe(`clone ${server.url}app.git`);
    await place.git(...clone.split(' '));
    expect(await readFile(join(place.folder, 'app', 'file-1'), 'utf8')).toBe('content 1\n');
  });

  test('clones bare repositories and work trees, in folders, with and without .git', async () => {
    await place.addBare('app.git');
    await place.addBare('team/a b/ü.git');
    await place.addWorkTree('team/work');
    const server = await place.serve();
    for (const name of ['app.git', 'app', 'team/a%20b/%C3%BC', 'team/work', 'team/work/.git']) {
      expect(await place.git('ls-remote', `${server.url}${name}`)).toContain('refs/heads/main');
    }
    expect((await place.tryGit('ls-remote', `${server.url}team/work.git`)).stderr).toContain('not found');
  });

  test('serves the current folder when it is told none', async () => {
    await place.addBare('app.git');
    const server = await startCommand(['serve'], { cwd: place.root });
    try {
      expect(server.stdout()).toContain('1 repository: app.git\n');
    } finally {
      await server.stop();
    }
  });

  test('takes the folder as DIR or as --gitbase, or as both when they are the same', async () => {
    await place.addBare('app.git');
    for (const args of [
      ['--gitbase', place.root],
      ['serve', '--gitbase', place.root],
      [place.root, '--gitbase', `${place.root}/`],
    ]) {
      const server = await startCommand(args);
      await server.stop();
      expect(server.stdout()).toContain('1 repository: app.git\n');
    }
  });

  test('says what to do when there is no repository yet, and serves one that is made later', async () => {
    await mkdir(join(place.root, 'empty', 'folder'), { recursive: true });
    const server = await place.serve();
    expect(server.stdout()).toContain(
      `There is no repository yet. Make one: gittyphoon repo create NAME --gitbase ${place.root}\n`,
    );
    await place.run('repo', 'create', 'late', '--gitbase', place.root);
    expect((await place.tryGit('ls-remote', `${server.url}late.git`)).code).toBe(0);
  });

  test('serves a folder that is itself a repository at the root, and nothing inside it', async () => {
    await place.git('init', '--quiet', place.root);
    await place.addWorkTree('inner');
    await place.git('-C', place.root, 'commit', '--quiet', '--allow-empty', '--message', 'outer');
    const server = await place.serve();
    expect(server.stdout()).toContain('The folder is itself a repository: it alone is served');
    expect(server.stdout()).toContain(`Clone with: git clone ${server.url} NAME\n`);
    await place.git('clone', '--quiet', server.url, 'outer');
    expect(await place.git('-C', 'outer', 'log', '--format=%s')).toBe('outer');
    expect((await place.tryGit('ls-remote', `${server.url}inner`)).stderr).toContain('not found');
  });

  test('neither lists nor serves what a link leads to outside of the folder', async () => {
    await place.addBare('../outside.git');
    await symlink(join(place.folder, 'outside.git'), join(place.root, 'link.git'));
    const server = await place.serve();
    expect(server.stdout()).toContain('There is no repository yet');
    expect((await place.tryGit('ls-remote', `${server.url}link.git`)).stderr).toContain('not found');
  });

  test('refuses every push without an access file, and says why where the user sees it', async () => {
    await place.addBare('app.git');
    const server = await place.serve();
    for (const url of [`${server.url}app.git`, withCredentials(`${server.url}app.git`, 'a', 'b')]) {
      const { code, stderr } = await place.tryPush(url);
      expect(code).not.toBe(0);
      expect(stderr).toContain('remote: nobody may push to this server; whoever runs it can let users push');
      expect(stderr).toContain('403');
    }
    expect((await place.tryGit('ls-remote', `${server.url}none.git`)).stderr).toContain('not found');
    expect(await place.git('-C', join(place.root, 'app.git'), 'rev-list', '--count', 'main')).toBe('1');
  });

  test('prints a URL that works, with brackets for an address of IPv6', () => {
    expect(reachableUrls({ host: '127.0.0.1', port: 8080 })).toEqual(['http://127.0.0.1:8080/']);
    expect(reachableUrls({ host: '::1', port: 8080 })).toEqual(['http://[::1]:8080/']);
    expect(reachableUrls({ host: undefined, port: 80 })[0]).toBe('http://localhost/');
    expect(reachableUrls({ host: '::', port: 8080 })[0]).toBe('http://localhost:8080/');
  });
});

interface Page {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly text: string;
}

/** Sends a target as it is; fetch would tidy it up. */
function ask(url: string, path: string, method = 'GET', headers = {}, body = ''): Promise<Page> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, type: response.headers['content-type'], text }),
      );
      response.on('error', reject);
    });
    request.on('error', reject).end(body);
  });
}

describe('a browser', () => {
  test('is told what this is, and how to clone, in plain text', async () => {
    await place.addBare('team/app.git');
    const { url, port } = await place.serve();
    const home = await ask(url, '/');
    expect(home).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' });
    expect(home.text).toContain('This is GitTyphoon');
    expect(home.text).toContain(`git clone http://127.0.0.1:${port}/NAME.git`);
    for (const path of ['/team/app.git', '/team/app', '/team/app/', '/team/app.git?x=y']) {
      const page = await ask(url, path);
      expect({ path, ...page }).toMatchObject({ path, status: 200, type: 'text/plain; charset=utf-8' });
      expect(page.text).toContain(`git clone http://127.0.0.1:${port}/team/app.git\n`);
    }
  });

  test('gets 404 for everything else, and nothing of what it sent', async () => {
    await place.addBare('app.git');
    const { url } = await place.serve();
    const strange = '<script>alert(1)</script>';
    const paths = [
      `/${strange}`,
      '//app.git',
      '/../app.git',
      '/app.git/../app.git',
      '/app%2egit/x',
      '/%00',
      '/%',
    ];
    for (const path of paths) {
      const page = await ask(url, path, 'GET', { Host: `x"${strange}` });
      expect({ path, ...page }).toMatchObject({ path, status: 404, type: 'text/plain; charset=utf-8' });
      expect(page.text).not.toContain('script');
    }
    expect((await ask(url, '/app.git', 'POST', {}, 'x'.repeat(100_000))).status).toBe(404);
    expect((await ask(url, '/', 'DELETE')).status).toBe(404);
    expect(await ask(url, '/', 'HEAD')).toMatchObject({ status: 200, text: '' });
  });

  test('that expects 100-continue is answered as well', async () => {
    const { url } = await place.serve();
    const page = await ask(url, '/x', 'POST', { Expect: '100-continue', 'Content-Length': '3' }, 'abc');
    expect(page.status).toBe(404);
  });
});

test('a push that asks before it sends its body is welcomed and carried out', async () => {
  await place.addBare('app.git');
  const file = await place.writeAccessFile('[users]\nann = x\n[access]\nann = app\n');
  const server = await place.serve('--accessfile', file);
  const url = withCredentials(`${server.url}app.git`, 'ann', 'x');
  await place.git('config', '--global', 'http.extraHeader', 'Expect: 100-continue');
  const { code, stderr } = await place.tryPush(url);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(existsSync(join(place.root, 'app.git', 'refs', 'heads', 'main'))).toBe(true);
});
