/** Compiled, never run: what the types of options must allow, and what they must reject. */
import { createGitServer, type GitServerOptions } from '../../src/index.js';

export const folder: GitServerOptions = { repositories: '/srv/git' };

export const lookup: GitServerOptions = {
  repositories: async (path, context) => (context.operation === 'read' ? path : undefined),
};

export const store: GitServerOptions = {
  repositories: { find: async (path) => ({ name: path, gitDir: `/srv/${path}` }) },
};

export const everything: GitServerOptions = {
  repositories: '/srv/git',
  requireExportOk: true,
  publicRead: false,
  publicWrite: false,
  authenticate: ({ credentials }) => {
    if (credentials?.scheme === 'basic') return { name: credentials.username, details: credentials.password };
    return credentials?.scheme === 'bearer' ? { name: credentials.token } : null;
  },
  authorize: async ({ name, repository, user, context }) =>
    repository?.gitDir !== undefined && user?.name === name && context.operation === 'read',
  createOnPush: async ({ name, path, user, context }) =>
    user !== undefined &&
    context.phase === 'rpc' && { description: `${name} at ${path}`, objectFormat: 'sha256' },
  realm: 'Team',
  challenge: ({ path }) => ['Negotiate', `Basic realm="${path}"`],
  gitCommand: '/usr/bin/git',
  gitConfig: { 'uploadpack.allowFilter': 'true', 'transfer.hideRefs': ['refs/a', 'refs/b'] },
  environment: ({ user, repository }) => ({ TENANT: user?.name ?? repository.name }),
  hooks: 'none',
  highestProtocolVersion: 1,
  dumbHttp: false,
  cors: { origins: ['https://example.org'], credentials: true, maxAgeSeconds: 0 },
  limits: { maxPushBytes: 1, temporaryDirectory: '/var/tmp' },
};

// @ts-expect-error repositories is required
createGitServer({});

// @ts-expect-error an unknown option
createGitServer({ repositories: '/srv/git', publicReed: true });

// Undefined stands for the default, as for `condition ? value : undefined`.
createGitServer({ repositories: '/srv/git', realm: undefined });

// @ts-expect-error only 0, 1 and 2 exist
createGitServer({ repositories: '/srv/git', highestProtocolVersion: 3 });

// @ts-expect-error only repository and none
createGitServer({ repositories: '/srv/git', hooks: 'all' });

// @ts-expect-error limits are numbers
createGitServer({ repositories: '/srv/git', limits: { maxPushBytes: '1g' } });

// @ts-expect-error authorize answers yes or no
createGitServer({ repositories: '/srv/git', authorize: () => 'yes' });

// @ts-expect-error settings or false
createGitServer({ repositories: '/srv/git', createOnPush: () => true });

// @ts-expect-error a user has a name
createGitServer({ repositories: '/srv/git', authenticate: () => ({ id: 1 }) });

// @ts-expect-error origins is required
createGitServer({ repositories: '/srv/git', cors: { credentials: true } });

// @ts-expect-error one key, one text or a list of texts
createGitServer({ repositories: '/srv/git', gitConfig: { 'uploadpack.allowFilter': true } });

// @ts-expect-error options are not changed by anybody
folder.realm = 'Other';
