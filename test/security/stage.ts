/** What the attacks share: a repository that has everything, every way to ask for it, and a git that is watched. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flush, pkt, zero, type Headers } from '../conformance/differential/case.js';
import { makeScriptedGit } from '../conformance/scripted-git.js';
import { gitOk, makeBareRepository } from '../support/fixtures.js';
import { rawRequest, type RawResponse } from '../support/raw-http.js';

/** One way to ask for something of a repository. */
export interface Endpoint {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** What follows the repository's path. */
  readonly below: string;
  readonly operation: 'read' | 'write';
  readonly kind: 'smart' | 'dumb';
  readonly headers: Headers;
  readonly body?: string;
}

export interface Stage {
  readonly endpoints: readonly Endpoint[];
  /** The tip of `main`. */
  readonly oid: string;
  /** A loose object that no ref reaches. */
  readonly unreachable: string;
}

export const typeOf = (service: string): Headers => [['Content-Type', `application/x-${service}-request`]];

const loosePath = (oid: string): string => `/objects/${oid.slice(0, 2)}/${oid.slice(2)}`;

/** A bare repository with something behind every endpoint, so that each answers 200 to those who may. */
export async function stageRepository(path: string): Promise<Stage> {
  await makeBareRepository(path, { commits: 1 });
  await gitOk(['config', 'http.uploadarchive', 'true'], { cwd: path });
  await gitOk(['repack', '-q', '-a', '-d'], { cwd: path });
  const unreachable = await gitOk(['hash-object', '-w', '--stdin'], {
    cwd: path,
    input: 'reached by no ref\n',
  });
  for (const name of ['alternates', 'http-alternates'])
    writeFileSync(join(path, 'objects', 'info', name), '');
  const both = (
    below: string,
    kind: Endpoint['kind'],
    operation: Endpoint['operation'] = 'read',
  ): Endpoint[] => [
    { method: 'GET', below, operation, kind, headers: [] },
    { method: 'HEAD', below, operation, kind, headers: [] },
  ];
  const post = (service: string): Endpoint => ({
    method: 'POST',
    below: `/${service}`,
    operation: service === 'git-receive-pack' ? 'write' : 'read',
    kind: 'smart',
    headers: typeOf(service),
    body: flush,
  });
  const files = ['alternates', 'http-alternates', 'packs'].map((name) => `/objects/info/${name}`);
  const packs = readdirSync(join(path, 'objects', 'pack')).filter((name) => /\.(?:pack|idx)$/.test(name));
  files.push('/info/refs', '/HEAD', loosePath(unreachable), ...packs.map((name) => `/objects/pack/${name}`));
  const endpoints = [
    ...both('/info/refs?service=git-upload-pack', 'smart'),
    ...both('/info/refs?service=git-receive-pack', 'smart', 'write'),
    ...['git-upload-pack', 'git-receive-pack', 'git-upload-archive'].map(post),
    ...files.flatMap((file) => both(file, 'dumb')),
  ];
  return { endpoints, oid: await gitOk(['rev-parse', 'main'], { cwd: path }), unreachable };
}

/** Asks for an endpoint of the repository at `path`. */
export function ask(
  port: number,
  path: string,
  endpoint: Endpoint,
  headers: Headers = [],
): Promise<RawResponse> {
  const { method, below, body } = endpoint;
  const all = [...endpoint.headers, ...headers];
  return rawRequest({
    port,
    method,
    path: path + below,
    headers: all,
    ...(body === undefined ? {} : { body }),
  });
}

export const nameOf = ({ method, below }: Endpoint): string => `${method} ${below}`;

export const basic = (text: string): readonly [string, string] => [
  'Authorization',
  `Basic ${Buffer.from(text).toString('base64')}`,
];

export interface WatchedGit {
  /** For `gitCommand`. */
  readonly command: string;
  /** The arguments of every git that was started since the last call. */
  started(): string[][];
}

/** The real git, which leaves a note of its arguments. */
export function watchGit(path: string): WatchedGit {
  const notes = `${path}.notes`;
  const scripted = makeScriptedGit(path);
  scripted.tell(`{ printf '%s\\0' "$@"; printf '\\n\\0'; } >>'${notes}'`);
  let seen = 0;
  return {
    command: scripted.command,
    started() {
      const text = existsSync(notes) ? readFileSync(notes, 'utf8') : '';
      const calls = text.slice(seen).split('\n\0').slice(0, -1);
      seen = text.length;
      return calls.map((call) => call.split('\0').slice(0, -1));
    },
  };
}

/** A pack of no objects, for a push of what the server has already. */
const emptyPack = Buffer.concat([Buffer.from('PACK'), Buffer.from([0, 0, 0, 2, 0, 0, 0, 0])]);

export interface RawPush {
  readonly ref: string;
  readonly oid: string;
  readonly capabilities?: string;
  readonly options?: readonly string[];
}

/** A push that makes `ref` out of a commit which the server has. */
export function rawPush({ ref, oid, capabilities = 'report-status', options }: RawPush): Buffer {
  const all = options ? `${capabilities} push-options` : capabilities;
  const head = pkt(`${zero} ${oid} ${ref}\0${all}`) + flush;
  const section = options ? options.map(pkt).join('') + flush : '';
  const checksum = createHash('sha1').update(emptyPack).digest();
  return Buffer.concat([Buffer.from(head + section), emptyPack, checksum]);
}

/** Everything below a folder whose name an attack was to make. */
export function planted(folder: string, name = 'pwned'): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return all.filter((path) => path.split('/').at(-1) === name);
}
