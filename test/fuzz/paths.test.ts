/** Properties of paths and routes: whatever a target says, it stays below the root and means one thing. */
import { join, posix, sep, win32 } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchRoute, type Route } from '../../src/http/routes.js';
import { isSafeSegment, parsePath } from '../../src/repository/path.js';
import { fuzz } from './arbitraries.js';

const nasty = [
  '/',
  '//',
  '.',
  '..',
  '...',
  '%2e',
  '%2E%2e',
  '%2f',
  '%5c',
  '\\',
  '%00',
  '%',
  '%25',
  '%252e',
  '%c0%ae',
  '%ff',

  'C:',
  'c%3a',
  '~',
  '-',
  ' ',
  '%20',
  '+',
  '\t',
  '\n',
  '\u007f',
  ';',
  '&',
  '#',
  '@',
  ':',
  'ü',
  '%C3%BC',
  '日本',
  '\ud800',
  '\u2028',
  '\ufeff',
  '%ed%a0%80',
  '%u002e',
  'a',
  'app.git',
  '.git',
  'a'.repeat(130),
];

const routeParts = [
  'info/refs',
  'git-upload-pack',
  'git-receive-pack',
  'git-upload-archive',
  'HEAD',
  'objects/info/packs',
  `objects/ab/${'c'.repeat(38)}`,
  `objects/pack/pack-${'d'.repeat(40)}.pack`,
  'objects/info/alternates',
];

const rawPath = fc
  .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 15 })
  .map((parts) => `/${parts.join('')}`);

const target = fc
  .tuple(
    fc.constantFrom('', '', '', 'http://example.org', 'HTTPS://a:1@b', 'ftp://x', '*'),
    rawPath,
    fc.constantFrom('', '/', '%2f'),
    fc.constantFrom('', ...routeParts),
    fc.constantFrom(
      '',
      '?',
      '?service=git-upload-pack',
      '?service=git-receive-pack&service=git-upload-pack',
      '#',
    ),
    fc.array(fc.constantFrom('&', '=', 'service', '%73ervice', 'git-upload-pack', '?', '%', '+', ...nasty)),
  )
  .map((parts) => parts.map((part) => (typeof part === 'string' ? part : part.join(''))).join(''));

/** An escape for every byte, even where none is needed. */
const escapeAll = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

describe('a path', () => {
  test('stays below any root, on this system and on the others', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const segments = parsePath(raw);
        if (!segments) return;
        expect(segments.length).toBeGreaterThan(0);
        for (const segment of segments) expect(isSafeSegment(segment)).toBe(true);
        expect(join('/srv/root', ...segments)).toBe(['/srv/root', ...segments].join(sep));
        expect(posix.resolve('/srv/root', segments.join('/'))).toBe(`/srv/root/${segments.join('/')}`);
        const onWindows = win32.resolve('D:\\root', segments.join('/'));
        expect(onWindows).toBe(`D:\\root\\${segments.join('\\')}`);
      }),
      fuzz,
    );
  });

  test('is decoded exactly once', () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const segments = parsePath(raw);
        if (!segments) return;
        const once = raw.slice(1).split('/');
        expect(segments).toEqual(once.map((part) => decodeURIComponent(part)));
      }),
      fuzz,
    );
  });

  test('of safe names comes out as it went in, in every way of writing it', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => isSafeSegment(text));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        expect(parsePath(names.map((one) => `/${encodeURIComponent(one)}`).join(''))).toEqual(names);
        expect(parsePath(names.map((one) => `/${escapeAll(one)}`).join(''))).toEqual(names);
        expect(parsePath(names.map((one) => `/${one.replaceAll('%', '%25')}`).join(''))).toEqual(names);
      }),
      fuzz,
    );
  });
});

describe('a target', () => {
  const isSafePath = (path: string): boolean =>
    path === '' || path.split('/').every((segment) => isSafeSegment(segment));

  function expectSane(route: Route): void {
    expect(isSafePath(route.repositoryPath)).toBe(true);
    const { endpoint } = route;
    expect(route.methods).toEqual(endpoint.kind === 'rpc' ? ['POST'] : ['GET', 'HEAD']);
    const file = endpoint.kind === 'dumb-file' ? endpoint.path : 'objects/none';
    expect(file).toMatch(/^objects\/[a-z0-9./-]+$/);
    expect(isSafePath(file)).toBe(true);
  }

  test('is none of ours, or names a repository by safe parts', () => {
    fc.assert(
      fc.property(target, (text) => {
        const route = matchRoute(text);
        if (route) expectSane(route);
      }),
      fuzz,
    );
  });

  test('is none of ours, or safe, also when it is any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const route = matchRoute(text);
        if (route) expectSane(route);
      }),
      fuzz,
    );
  });

  test('below any repository leads to that repository, and its query does not change that', () => {
    const names = fc.array(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => isSafeSegment(text)),
      { maxLength: 4 },
    );
    const query = fc.string().map((text) => `?${text}`);
    fc.assert(
      fc.property(names, fc.constantFrom(...routeParts), query, (path, part, text) => {
        const prefix = path.map((name) => `/${encodeURIComponent(name)}`).join('');
        expect(matchRoute(`${prefix}/${part}${text}`)?.repositoryPath).toBe(path.join('/'));
      }),
      fuzz,
    );
  });

  test('asks for a service only by one plain parameter', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'service=git-upload-pack',
        'service=git-receive-pack',
        'service',
        'service=',
        'x=y',
        '',
      ),
      fc.constantFrom('%73ervice=git-upload-pack', 'SERVICE=git-upload-pack', '+service=git-receive-pack'),
      fc.constantFrom(
        'service%20=git-receive-pack',
        'service=git-upload-pack%20',
        'xservice=git-upload-pack',
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const endpoint = matchRoute(`/a/info/refs?${parts.join('&')}`)?.endpoint;
        const named = parts.filter((text) => /^[+]?(?:s|%73)ervice(?:%20)?(?:=|$)/i.test(text));
        const [only = ''] = named;
        const service =
          named.length === 1 ? /^service=(git-(?:upload|receive)-pack)$/.exec(only)?.[1] : undefined;
        const unnamed = { kind: named.length === 0 ? 'dumb-refs' : 'unknown-service' };
        expect(endpoint).toEqual(service === undefined ? unnamed : { kind: 'advertisement', service });
      }),
      fuzz,
    );
  });
});
