import { describe, expect, test } from 'vitest';
import { baseEnvironment, clientEnvironment, configEnvironment } from '../../../src/git/environment.js';
import { git, gitOk, makeTempDir } from '../../support/fixtures.js';

describe('the environment of git', () => {
  test('holds of our own what is on the list, and nothing else', () => {
    const own = {
      PATH: '/bin',
      HOME: '/root',
      TMPDIR: '/t',
      LC_ALL: 'de_DE.UTF-8',
      LANG: 'de',
      GIT_DIR: '/evil',
      GIT_CONFIG_COUNT: '1',
      GIT_EXEC_PATH: '/evil',
      HTTP_PROXY: 'http://evil',
      AWS_SECRET_ACCESS_KEY: 'x',
      NODE_OPTIONS: '--inspect',
      LD_PRELOAD: '/evil.so',
    };
    expect(baseEnvironment(own)).toEqual({
      LC_ALL: 'C',
      GIT_TERMINAL_PROMPT: '0',
      PATH: '/bin',
      HOME: '/root',
      TMPDIR: '/t',
    });
    expect(baseEnvironment({})).toEqual({ LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' });
  });

  test('carries configuration that git reads back as it was, several values of a key included', async () => {
    const config = [
      ['http.receivepack', 'true'],
      ['a.b c."d.e', 'x = "y"\n#z'],
      ['a.list', '1'],
      ['a.list', ''],
    ] as const;
    const env = configEnvironment(config);
    const listed = await gitOk(['config', '--list', '-z'], { env, cwd: '/' });
    expect(listed.split('\0').slice(0, -1)).toEqual(config.map(([key, value]) => `${key}\n${value}`));
    expect(configEnvironment([])).toEqual({});
  });
});

describe('the client in the environment', () => {
  test('is its user and its address', () => {
    expect(clientEnvironment('mensi', '192.0.2.1')).toEqual({
      REMOTE_USER: 'mensi',
      REMOTE_ADDR: '192.0.2.1',
      GIT_COMMITTER_NAME: 'mensi',
      GIT_COMMITTER_EMAIL: 'mensi@http.192.0.2.1',
    });
  });

  test('is anonymous without a name, as with git http-backend', () => {
    expect(clientEnvironment(undefined, undefined)).toEqual({
      GIT_COMMITTER_NAME: 'anonymous',
      GIT_COMMITTER_EMAIL: 'anonymous@http.(none)',
    });
    expect(clientEnvironment(' ', '::1')).toMatchObject({
      REMOTE_USER: ' ',
      GIT_COMMITTER_NAME: 'anonymous',
      GIT_COMMITTER_EMAIL: 'anonymous@http.::1',
    });
  });

  test.each(['mensi', 'a <b> c\n', '<', '.', ',;"\'', 'a\0b', 'größe', '日本', '\u007f', '-x', 'a@b', ' a '])(
    'is an identity that git can write down, for the user %j',
    async (user) => {
      const env = clientEnvironment(user, '192.0.2.1');
      expect(Object.values(env).join('')).not.toContain('\0');
      const folder = makeTempDir();
      try {
        await gitOk(['init', '-q', '--bare', folder.path]);
        const tree = await gitOk(['hash-object', '-t', 'tree', '-w', '/dev/null'], { cwd: folder.path });
        const commit = await gitOk(['commit-tree', '-m', 'x', tree], { cwd: folder.path });
        const update = [
          '-c',
          'core.logAllRefUpdates=always',
          'update-ref',
          '-m',
          'push',
          'refs/heads/x',
          commit,
        ];
        const { code, stderr } = await git(update, { cwd: folder.path, env });
        expect(stderr).toBe('');
        expect(code).toBe(0);
        const log = await gitOk(['log', '-g', '--format=%gn <%ge> %gs', 'refs/heads/x'], {
          cwd: folder.path,
        });
        expect(log).toMatch(/^[^<>\n]* <[^<>\n]+> push$/);
      } finally {
        folder.dispose();
      }
    },
  );
});
