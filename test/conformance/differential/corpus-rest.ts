/** Dumb files and pushes. */
import { asUser, flush, get, gzipped, pkt, post, version, zero, type Case, type Headers } from './case.js';
import type { Facts } from './stage.js';

const dateInPast: Headers = [['If-Modified-Since', 'Fri, 01 Jan 1999 00:00:00 GMT']];

export function dumbCases({ loose, pack, sha256Loose, main }: Facts): Case[] {
  const looseFile = `/objects/${loose.slice(0, 2)}/${loose.slice(2)}`;
  const sha256File = `/objects/${sha256Loose.slice(0, 2)}/${sha256Loose.slice(2)}`;
  const index = pack.replace(/pack$/, 'idx');
  return [
    ...['app.git', 'empty.git', 'sha256.git', 'detached.git', 'tree'].flatMap((name) => [
      get(`${name} info/refs`, `/${name}/info/refs`),
      get(`${name} HEAD`, `/${name}/HEAD`),
      get(`${name} objects/info/packs`, `/${name}/objects/info/packs`),
    ]),
    get('alternates', '/app.git/objects/info/alternates'),
    get('no http-alternates', '/app.git/objects/info/http-alternates'),
    get('a loose object', `/app.git${looseFile}`),
    get('a loose object, SHA-256', `/sha256.git${sha256File}`),
    get('a loose object, changed since', `/app.git${looseFile}`, dateInPast),
    get('a loose object, not changed since', `/app.git${looseFile}`, [
      ['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT'],
    ]),
    { ...get('HEAD of a loose object', `/app.git${looseFile}`), method: 'HEAD' },
    { ...get('HTTP/1.0 for a loose object', `/app.git${looseFile}`), httpVersion: '1.0' },
    get('no such object', `/app.git/objects/00/${'0'.repeat(38)}`),
    get('a loose object in upper case', `/app.git${looseFile.toUpperCase().replace('/OBJECTS', '/objects')}`),
    get('an object name that is too short', `/app.git/objects/00/${'0'.repeat(37)}`),
    get('a pack', `/app.git/objects/pack/${pack}`),
    get('an index', `/app.git/objects/pack/${index}`),
    get('no such pack', `/app.git/objects/pack/pack-${zero}.pack`),
    get('part of a pack', `/app.git/objects/pack/${pack}`, [['Range', 'bytes=10-19']]),
    get('more than a pack', `/app.git/objects/pack/${pack}`, [['Range', 'bytes=999999-']]),
    { ...get('POST to a file', `/app.git${looseFile}`), method: 'POST', body: '' },
    { ...get('POST to HEAD', '/app.git/HEAD'), method: 'POST', body: '' },
    { ...get('HEAD of HEAD', '/app.git/HEAD'), method: 'HEAD' },
    get('switched off: HEAD', '/closed.git/HEAD'),
    get('switched off: info/refs', '/closed.git/info/refs'),
    get('switched off: a file', `/closed.git${looseFile}`),
    get('no such repository: HEAD', '/missing.git/HEAD'),
    get('config', '/app.git/config'),
    get('packed-refs', '/app.git/packed-refs'),
    get('a ref', '/app.git/refs/heads/main'),
    get('the repository itself', '/app.git'),
    get('the repository itself, with a slash', '/app.git/'),
    get('a commit by its id', `/app.git/${main}`),
    get('the root', '/'),
    { ...get('OPTIONS on a file', `/app.git${looseFile}`), method: 'OPTIONS' },
  ];
}

const receive = 'git-receive-pack';
const discovery = '/info/refs?service=git-receive-pack';
const report = 'report-status side-band-64k';

/** A pack without objects, as git sends it when all it pushes is there already (gitformat-pack). */
const nothing = Buffer.alloc(0);
const emptyPack = Buffer.concat([
  Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1'),
  Buffer.from('029d08823bd8a8eab510ad6ac75c823cfd3ed31e', 'hex'),
]);

export function pushCases({ main, parent, child, childPack }: Facts): Case[] {
  const push = (
    name: string,
    commands: readonly string[],
    pack: Buffer = emptyPack,
    headers: Headers = [],
  ): Case => ({
    ...post(
      name,
      'app.git',
      receive,
      Buffer.concat([Buffer.from(`${commands.map((line) => pkt(line)).join('')}${flush}`), pack]),
      headers,
    ),
    user: true,
    writes: 'app.git',
  });
  const create = (refName: string, oid: string, capabilities = report): string =>
    `${zero} ${oid} ${refName}\0${capabilities}`;
  const remove = (refName: string, oid: string, capabilities = report): string =>
    `${oid} ${zero} ${refName}\0${capabilities}`;
  const withPack = push('a new branch', [create('refs/heads/child', child)], childPack);
  return [
    get('discovery, anonymous', `/app.git${discovery}`),
    ...['app.git', 'empty.git', 'sha256.git', 'closed.git', 'missing.git', 'tree'].flatMap((name) =>
      [0, 1, 2].map((number) => asUser(get(`${name} v${number}`, `/${name}${discovery}`, version(number)))),
    ),
    post('anonymous', 'app.git', receive, flush),
    asUser(post('the probe', 'app.git', receive, flush)),
    asUser(post('nothing', 'app.git', receive, '')),
    asUser(post('switched off', 'closed.git', receive, flush)),
    asUser(post('no such repository', 'missing.git', receive, flush)),
    asUser(post('the wrong type', 'app.git', receive, flush, [['Content-Type', 'text/plain']])),
    { ...asUser(get('GET', '/app.git/git-receive-pack')) },
    asUser(post('garbage', 'app.git', receive, 'garbage')),
    withPack,
    push('the same again', [create('refs/heads/child', child)], childPack),
    gzipped(push('another, gzip', [create('refs/heads/zipped', child)], childPack)),
    push('an update with the wrong old id', [`${parent} ${child} refs/heads/main\0${report}`], childPack),
    push('an update', [`${main} ${child} refs/heads/main\0${report}`], childPack),
    push('back, which is no fast-forward', [`${child} ${main} refs/heads/main\0${report}`]),
    push('a deletion', [remove('refs/heads/child', child)], nothing),
    push('a deletion of what does not exist', [remove('refs/heads/nowhere', child)], nothing),
    push('several, one of them bad', [
      create('refs/heads/good', main),
      `${zero} ${main} refs/heads/bad..name`,
    ]),
    push('atomic, one of them bad', [
      create('refs/heads/good2', main, `${report} atomic`),
      `${zero} ${main} refs/heads/bad..name`,
    ]),
    push('a name that is none', [create('nonsense', main)]),
    push('a hidden ref', [create('refs/secret/two', main)]),
    push('an object that does not exist', [create('refs/heads/lost', '1'.repeat(40))]),
    push('no pack where there should be one', [create('refs/heads/none', main)], nothing),
    push(
      'a pack that is damaged',
      [create('refs/heads/damaged', child)],
      Buffer.concat([childPack.subarray(0, 40), Buffer.alloc(60, 1)]),
    ),
    push('no sideband', [create('refs/heads/plain', main, 'report-status')]),
    push('report-status-v2', [create('refs/heads/second', main, 'report-status-v2 side-band-64k')]),
    push('no report at all', [create('refs/heads/silent', main, '')]),
    push('quiet', [create('refs/heads/quiet', main, `${report} quiet agent=test/1`)]),
    push('an unknown capability', [create('refs/heads/unknown', main, `${report} nonsense`)]),
    push('push options that were not offered', [
      create('refs/heads/options', main, `${report} push-options`),
    ]),
    push('v1', [create('refs/heads/one', main)], undefined, version(1)),
    push('v2, which a push does not know', [create('refs/heads/two', main)], undefined, version(2)),
    push('another object format', [create('refs/heads/format', main, `${report} object-format=sha256`)]),
  ];
}
