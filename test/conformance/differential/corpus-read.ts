/** Discovery, fetches and archives. */
import { asUser, delimiter, flush, get, gzipped, pkt, post, version, type Case } from './case.js';
import type { Facts } from './stage.js';

const upload = 'git-upload-pack';
const discovery = '/info/refs?service=git-upload-pack';

export function discoveryCases(): Case[] {
  const repositories = [
    'app.git',
    'app',
    'empty.git',
    'sha256.git',
    'detached.git',
    'tree',
    'tree/.git',
    'team/deep.git',
  ];
  return [
    ...repositories.flatMap((name) =>
      [0, 1, 2].map((number) => get(`${name} v${number}`, `/${name}${discovery}`, version(number))),
    ),
    get('no Git-Protocol', `/app.git${discovery}`),
    ...['version=3', 'version=1:version=2', 'version=2:foo', 'nonsense', 'foo=bar:version=1', ''].map(
      (value) => get(`Git-Protocol: ${value}`, `/app.git${discovery}`, [['Git-Protocol', value]]),
    ),
    { ...get('HEAD', `/app.git${discovery}`), method: 'HEAD' },
    { ...get('HTTP/1.0', `/app.git${discovery}`), httpVersion: '1.0' },
    { ...get('POST to info/refs', `/app.git${discovery}`), method: 'POST', body: '' },
    { ...get('PUT to info/refs', `/app.git${discovery}`), method: 'PUT', body: '' },
    { ...get('DELETE of info/refs', `/app.git${discovery}`), method: 'DELETE' },
    { ...get('OPTIONS on info/refs', `/app.git${discovery}`), method: 'OPTIONS' },
    get('no such repository', `/missing.git${discovery}`),
    get('a folder without a repository', `/team${discovery}`),
    get('the root', discovery),
    get('an empty service', '/app.git/info/refs?service='),
    get('an unknown service', '/app.git/info/refs?service=git-foo-pack'),
    get('upload-archive, which has no discovery', '/app.git/info/refs?service=git-upload-archive'),
    get('a service without git-', '/app.git/info/refs?service=upload-pack'),
    get('an encoded service', '/app.git/info/refs?service=git%2Dupload-pack'),
    get('an encoded name of the parameter', '/app.git/info/refs?%73ervice=git-upload-pack'),
    get('two services', '/app.git/info/refs?service=git-upload-pack&service=git-receive-pack'),
    get('another parameter as well', '/app.git/info/refs?x=y&service=git-upload-pack'),
    get('a service that is switched off', `/closed.git${discovery}`),
    get('a repository inside of a working tree', `/tree/inner${discovery}`),
    get('a double slash', `//app.git${discovery}`),
    get('a double slash inside', `/team//deep.git${discovery}`),
    get('a dot', `/./app.git${discovery}`),
    get('two dots', `/team/../app.git${discovery}`),
    get('encoded dots', `/team/%2e%2e/app.git${discovery}`),
    get('an encoded slash', `/team%2fdeep.git${discovery}`),
    get('an encoded letter', `/%61pp.git${discovery}`),
    get('a NUL', `/app.git%00${discovery}`),
    get('a path that is not UTF-8', `/%ff.git${discovery}`),
    get('a broken escape', `/app.git%zz${discovery}`),
  ];
}

const lsRefs = (...args: string[]): string =>
  `${pkt('command=ls-refs\n')}${pkt('object-format=sha1')}${delimiter}${args.map((arg) => pkt(arg)).join('')}${flush}`;

const v2Fetch = (args: readonly string[]): string =>
  `${pkt('command=fetch')}${pkt('object-format=sha1')}${delimiter}${args.map((arg) => pkt(arg)).join('')}${flush}`;

const v0Fetch = (first: string, rest: readonly string[], tail: string): string =>
  `${[first, ...rest].map((line) => pkt(`${line}\n`)).join('')}${flush}${tail}`;

export function fetchCases({ main, parent, tag, blob, sha256Main }: Facts): Case[] {
  const v2 = (name: string, body: string, repository = 'app.git'): Case =>
    post(`v2 ${name}`, repository, upload, body, version(2));
  const v0 = (name: string, body: string, repository = 'app.git'): Case =>
    post(`v0 ${name}`, repository, upload, body);
  const capabilities = 'side-band-64k ofs-delta agent=test/1';
  const done = pkt('done\n');
  const clone = v2('clone', v2Fetch([`want ${main}`, 'no-progress', 'done']));
  return [
    v2('ls-refs', lsRefs()),
    v2('ls-refs peel symrefs', lsRefs('peel', 'symrefs')),
    v2('ls-refs with prefixes', lsRefs('peel', 'ref-prefix refs/tags/', 'ref-prefix HEAD')),
    v2('ls-refs unborn', lsRefs('symrefs', 'unborn'), 'empty.git'),
    v2('ls-refs of an empty repository', lsRefs(), 'empty.git'),
    v2('ls-refs, unknown argument', lsRefs('nonsense')),
    v2('a capability that is unknown', `${pkt('command=ls-refs')}${pkt('nonsense=1')}${flush}`),
    v2('an unknown command', `${pkt('command=nonsense')}${flush}`),
    v2('no command', `${pkt('agent=test/1')}${flush}`),
    v2('two commands', `${pkt('command=ls-refs')}${pkt('command=fetch')}${flush}`),
    v2(
      'the wrong object format',
      `${pkt('command=ls-refs')}${pkt('object-format=sha256')}${delimiter}${flush}`,
    ),
    v2('a flush alone', flush),
    v2('nothing', ''),
    v2('garbage', 'garbage'),
    v2('a length that is too large', 'fff5xxxx'),
    clone,
    gzipped({ ...clone, name: 'v2 clone, gzip' }),
    gzipped({ ...clone, name: 'v2 clone, x-gzip' }, 'x-gzip'),
    gzipped({ ...clone, name: 'v2 clone, GZIP' }, 'GZIP'),
    v2('fetch with haves', v2Fetch([`want ${main}`, `have ${parent}`, 'no-progress', 'done'])),
    v2('negotiation without done', v2Fetch([`want ${main}`, `have ${parent}`])),
    v2('negotiation without anything in common', v2Fetch([`want ${main}`, `have ${'1'.repeat(40)}`])),
    v2(
      'thin-pack, ofs-delta, include-tag',
      v2Fetch([`want ${main}`, 'thin-pack', 'ofs-delta', 'include-tag', 'no-progress', 'done']),
    ),
    v2('depth 1', v2Fetch([`want ${main}`, 'deepen 1', 'no-progress', 'done'])),
    v2('depth that is no number', v2Fetch([`want ${main}`, 'deepen x', 'done'])),
    v2('a filter', v2Fetch([`want ${main}`, 'filter blob:none', 'no-progress', 'done'])),
    v2('a filter that is none', v2Fetch([`want ${main}`, 'filter nonsense', 'done'])),
    v2('a tag', v2Fetch([`want ${tag}`, 'no-progress', 'done'])),
    v2('a blob', v2Fetch([`want ${blob}`, 'no-progress', 'done'])),
    v2('a want that does not exist', v2Fetch([`want ${'1'.repeat(40)}`, 'done'])),
    v2('a want that is none', v2Fetch(['want nonsense', 'done'])),
    v2('no want', v2Fetch(['done'])),
    v2('an unknown argument', v2Fetch([`want ${main}`, 'nonsense', 'done'])),
    post(
      'v2 SHA-256',
      'sha256.git',
      upload,
      `${pkt('command=fetch')}${pkt('object-format=sha256')}${delimiter}${pkt(`want ${sha256Main}`)}${pkt('no-progress')}${pkt('done')}${flush}`,
      version(2),
    ),
    v2('a command cut off', lsRefs().slice(0, 20)),
    v0('clone', v0Fetch(`want ${main} ${capabilities} no-progress`, [], done)),
    v0('clone, sideband 1000', v0Fetch(`want ${main} side-band no-progress`, [], done)),
    v0('clone, no sideband', v0Fetch(`want ${main}`, [], done)),
    post(
      'v1 clone',
      'app.git',
      upload,
      v0Fetch(`want ${main} ${capabilities} no-progress`, [], done),
      version(1),
    ),
    v0(
      'fetch with haves',
      v0Fetch(`want ${main} ${capabilities} no-progress`, [], pkt(`have ${parent}\n`) + done),
    ),
    v0(
      'multi_ack_detailed',
      v0Fetch(`want ${main} ${capabilities} multi_ack_detailed no-done`, [], pkt(`have ${parent}\n`) + flush),
    ),
    v0('depth 1', v0Fetch(`want ${main} ${capabilities} no-progress`, ['deepen 1'], done)),
    v0('a filter', v0Fetch(`want ${main} ${capabilities} no-progress filter`, ['filter blob:none'], done)),
    v0('a want that is not advertised', v0Fetch(`want ${parent} ${capabilities}`, [], done)),
    v0('a flush alone: the client has everything', flush),
    v0('no done: a flush', v0Fetch(`want ${main} ${capabilities}`, [], flush)),
    v0('garbage', 'garbage'),
    v0('nothing', ''),
  ];
}

export function bodyCases({ main }: Facts): Case[] {
  const body = v2Fetch([`want ${main}`, 'no-progress', 'done']);
  const one = post('', 'app.git', upload, body, version(2));
  const named = (name: string, changes: Partial<Case>): Case => ({ ...one, name, ...changes });
  const typed = (type: string): Case =>
    post(`Content-Type: ${type}`, 'app.git', upload, body, [['Content-Type', type], ...version(2)]);
  const whole = gzipped(one);
  return [
    typed('text/plain'),
    typed('application/x-git-receive-pack-request'),
    typed('application/x-git-upload-pack-request; charset=utf-8'),
    typed('APPLICATION/X-GIT-UPLOAD-PACK-REQUEST'),
    named('no Content-Type', { headers: version(2) }),
    named('Content-Encoding: identity', {
      headers: [...(one.headers ?? []), ['Content-Encoding', 'identity']],
    }),
    named('Content-Encoding: br', { headers: [...(one.headers ?? []), ['Content-Encoding', 'br']] }),
    named('gzip cut off', {
      headers: whole.headers ?? [],
      body: Buffer.from(whole.body ?? '').subarray(0, -12),
    }),
    named('gzip that is none', { headers: whole.headers ?? [], body: body }),
    named('HTTP/1.0', { httpVersion: '1.0' }),
    named('GET of git-upload-pack', { method: 'GET', headers: [], path: '/app.git/git-upload-pack' }),
    named('no such repository', { path: '/missing.git/git-upload-pack' }),
    named('a service that is switched off', { path: '/closed.git/git-upload-pack' }),
    named('a query that says something else', { path: '/app.git/git-upload-pack?service=git-receive-pack' }),
    post('upload-archive, anonymous', 'app.git', 'git-upload-archive', flush),
    asUser(post('upload-archive, switched off', 'closed.git', 'git-upload-archive', flush)),
  ];
}
