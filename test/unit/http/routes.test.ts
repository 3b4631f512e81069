import { describe, expect, test } from 'vitest';
import { matchRoute, type Endpoint } from '../../../src/http/routes.js';

const [sha1, sha256] = ['a'.repeat(40), 'b'.repeat(64)] as const;
const reading = ['GET', 'HEAD'];

const rpc = (service: 'git-upload-pack' | 'git-receive-pack' | 'git-upload-archive'): Endpoint => ({
  kind: 'rpc',
  service,
});
const advertisement = (service: 'git-upload-pack' | 'git-receive-pack'): Endpoint => ({
  kind: 'advertisement',
  service,
});
const dumb = (file: 'loose-object' | 'pack' | 'pack-index' | 'alternates', path: string): Endpoint => ({
  kind: 'dumb-file',
  file,
  path,
});

describe('a target leads to', () => {
  test.each<[string, Endpoint]>([
    ['info/refs?service=git-upload-pack', advertisement('git-upload-pack')],
    ['info/refs?service=git-receive-pack', advertisement('git-receive-pack')],
    ['info/refs?a=b&service=git-upload-pack&c', advertisement('git-upload-pack')],
    ['info/refs', { kind: 'dumb-refs' }],
    ['info/refs?', { kind: 'dumb-refs' }],
    ['info/refs?servicex=git-upload-pack', { kind: 'dumb-refs' }],
    ['git-upload-pack', rpc('git-upload-pack')],
    ['git-receive-pack', rpc('git-receive-pack')],
    ['git-upload-archive', rpc('git-upload-archive')],
    ['HEAD', { kind: 'dumb-head' }],
    ['objects/info/packs', { kind: 'dumb-packs' }],
    ['objects/info/alternates', dumb('alternates', 'objects/info/alternates')],
    ['objects/info/http-alternates', dumb('alternates', 'objects/info/http-alternates')],
    [`objects/aa/${sha1.slice(2)}`, dumb('loose-object', `objects/aa/${sha1.slice(2)}`)],
    [`objects/bb/${sha256.slice(2)}`, dumb('loose-object', `objects/bb/${sha256.slice(2)}`)],
    [`objects/pack/pack-${sha1}.pack`, dumb('pack', `objects/pack/pack-${sha1}.pack`)],
    [`objects/pack/pack-${sha256}.idx`, dumb('pack-index', `objects/pack/pack-${sha256}.idx`)],
  ])('%s', (target, endpoint) => {
    const methods = endpoint.kind === 'rpc' ? ['POST'] : reading;
    for (const repositoryPath of ['app.git', 'team/app', '']) {
      const prefix = repositoryPath === '' ? '' : `/${repositoryPath}`;
      expect(matchRoute(`${prefix}/${target}`)).toEqual({ repositoryPath, endpoint, methods });
    }
  });

  test('its repository, decoded, also from an absolute form', () => {
    for (const target of [
      '/a%20b/%C3%BC/HEAD',
      'http://example.org/a%20b/ü/HEAD',
      'HTTPS://u@h:1/a b/ü/HEAD',
    ]) {
      expect(matchRoute(target)?.repositoryPath).toBe('a b/ü');
    }
  });

  test('its last part, and what looks alike before it belongs to the repository', () => {
    expect(matchRoute('/HEAD/info/refs')?.repositoryPath).toBe('HEAD');
    expect(matchRoute('/git-receive-pack/git-upload-pack')).toEqual({
      repositoryPath: 'git-receive-pack',
      endpoint: rpc('git-upload-pack'),
      methods: ['POST'],
    });
    expect(matchRoute('/info/refs/info/refs')?.repositoryPath).toBe('info/refs');
  });

  test('the endpoint of its path, whatever the query of another says', () => {
    const endpoint = rpc('git-receive-pack');
    expect(matchRoute('/a/git-receive-pack?service=git-upload-pack')?.endpoint).toEqual(endpoint);
    expect(matchRoute('/a/HEAD?x=/info/refs')?.endpoint).toEqual({ kind: 'dumb-head' });
  });
});

describe('a service is unknown', () => {
  test.each([
    'service=',
    'service',
    'service=git-upload-archive',
    'service=upload-pack',
    'service=git-upload-pack ',
    'service=git-upload-pack%20',
    'service=git%2Dupload-pack',
    'service=git-upload-pack=',
    'service=GIT-UPLOAD-PACK',
    'Service=git-upload-pack',
    '%73ervice=git-upload-pack',
    'service%20=git-upload-pack',
    '+service=git-upload-pack',
    'service=git-upload-pack&service=git-upload-pack',
    'service=git-upload-pack&service=git-receive-pack',
    'service=git-upload-pack&%73ervice=git-receive-pack',
    'service=git-upload-pack&SERVICE=',
    'service=git-upload-pack?service=git-receive-pack',
    'service=sh',
  ])('for %s', (query) => {
    expect(matchRoute(`/a/info/refs?${query}`)).toEqual({
      repositoryPath: 'a',
      endpoint: { kind: 'unknown-service' },
      methods: reading,
    });
  });
});

describe('a target is none of ours', () => {
  test.each([
    '/',
    '',
    '*',
    '/a',
    '/a/info',
    '/a/info/refs/',
    '/a//info/refs',
    '/a/../info/refs',
    '/a/info%2frefs',
    '/a/xinfo/refs',
    '/a/info/refs%00',
    '/a/info/refs#x',
    '/a/info/refs;service=git-upload-pack',
    '/ainfo/refs.lock',
    '/a/xgit-upload-pack',
    '/a/git-upload-packs',
    '/a/GIT-UPLOAD-PACK',
    '/a/head',
    '/a/config',
    '/a/description',
    '/a/hooks/post-receive',
    '/a/objects/info/grafts',
    '/a/objects/pack/',
    `/a/objects/pack/pack-${sha1}.keep`,
    `/a/objects/pack/pack-${sha1.toUpperCase()}.pack`,
    `/a/objects/pack/pack-${sha1}x.pack`,
    `/a/objects/pack/x-${sha1}.pack`,
    `/a/objects/aa/${sha1}`,
    `/a/objects/AA/${sha1.slice(2)}`,
    `/a/objects/a/${sha1.slice(1)}`,
    '/a/objects/aa/..',
    'app/info/refs',
    'http://example.org',
    'ftp://example.org/a/info/refs',
    '/C:/info/refs',
  ])('when it is %j', (target) => {
    expect(matchRoute(target)).toBeUndefined();
  });
});
