/**
 * The one table of what there is to ask for (http-backend.c: services[]). A target is read once, into a tagged
 * route; that value is authorised and carried out, and nobody looks at path or query again.
 */
import type { AdvertisedService, Service } from '../protocol/service.js';
import { parsePath } from '../repository/path.js';

export type DumbFile = 'loose-object' | 'pack' | 'pack-index' | 'alternates';

export type Endpoint =
  | { readonly kind: 'advertisement'; readonly service: AdvertisedService }
  | { readonly kind: 'unknown-service' }
  | { readonly kind: 'rpc'; readonly service: Service }
  | { readonly kind: 'dumb-refs' }
  | { readonly kind: 'dumb-head' }
  | { readonly kind: 'dumb-packs' }
  /** `path` is below the repository's common directory and has been matched character by character. */
  | { readonly kind: 'dumb-file'; readonly file: DumbFile; readonly path: string };

export interface Route {
  /** Decoded, safe parts joined by `/`; empty for the root itself. */
  readonly repositoryPath: string;
  readonly endpoint: Endpoint;
  readonly methods: readonly string[];
}

const oidTail = '(?:[0-9a-f]{38}|[0-9a-f]{62})';
const oid = '(?:[0-9a-f]{40}|[0-9a-f]{64})';

const table: readonly (readonly [RegExp, (matched: string, query: string) => Endpoint])[] = [
  [/(?:^|\/)info\/refs$/, (_matched, query) => infoRefs(query)],
  [/(?:^|\/)git-upload-pack$/, () => ({ kind: 'rpc', service: 'git-upload-pack' })],
  [/(?:^|\/)git-receive-pack$/, () => ({ kind: 'rpc', service: 'git-receive-pack' })],
  [/(?:^|\/)git-upload-archive$/, () => ({ kind: 'rpc', service: 'git-upload-archive' })],
  [/(?:^|\/)objects\/info\/packs$/, () => ({ kind: 'dumb-packs' })],
  [
    /(?:^|\/)objects\/info\/(?:http-)?alternates$/,
    (path) => ({ kind: 'dumb-file', file: 'alternates', path }),
  ],
  [
    new RegExp(`(?:^|/)objects/[0-9a-f]{2}/${oidTail}$`),
    (path) => ({ kind: 'dumb-file', file: 'loose-object', path }),
  ],
  [
    new RegExp(`(?:^|/)objects/pack/pack-${oid}\\.pack$`),
    (path) => ({ kind: 'dumb-file', file: 'pack', path }),
  ],
  [
    new RegExp(`(?:^|/)objects/pack/pack-${oid}\\.idx$`),
    (path) => ({ kind: 'dumb-file', file: 'pack-index', path }),
  ],
  [/(?:^|\/)HEAD$/, () => ({ kind: 'dumb-head' })],
];

/**
 * `service` must be there once and unencoded. A second or disguised one could be read differently by a proxy,
 * a log or a rule in front of us.
 */
function infoRefs(query: string): Endpoint {
  const given = query.split('&').filter((part) => isServiceParameter(part));
  if (given.length === 0) return { kind: 'dumb-refs' };
  if (given.length > 1) return { kind: 'unknown-service' };
  if (given[0] === 'service=git-upload-pack') return { kind: 'advertisement', service: 'git-upload-pack' };
  if (given[0] === 'service=git-receive-pack') return { kind: 'advertisement', service: 'git-receive-pack' };
  return { kind: 'unknown-service' };
}

function isServiceParameter(part: string): boolean {
  const name = part.split('=', 1)[0] ?? '';
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).trim().toLowerCase() === 'service';
  } catch {
    return false;
  }
}

/** Path and query of a request target in origin form or absolute form (RFC 9112, section 3.2). */
function splitTarget(target: string): { path: string; query: string } {
  const origin = target.replace(/^https?:\/\/[^/?#]*/i, '');
  const question = origin.indexOf('?');
  return question < 0
    ? { path: origin, query: '' }
    : { path: origin.slice(0, question), query: origin.slice(question + 1) };
}

/** The route that a target names, or undefined when it is none of ours. */
export function matchRoute(target: string): Route | undefined {
  const { path, query } = splitTarget(target);
  const segments = parsePath(path);
  if (!segments) return undefined;
  const decoded = segments.join('/');
  for (const [pattern, endpointOf] of table) {
    const match = pattern.exec(decoded);
    if (!match) continue;
    const endpoint = endpointOf(match[0].replace(/^\//, ''), query);
    return {
      repositoryPath: decoded.slice(0, match.index),
      endpoint,
      methods: endpoint.kind === 'rpc' ? ['POST'] : ['GET', 'HEAD'],
    };
  }
  return undefined;
}
