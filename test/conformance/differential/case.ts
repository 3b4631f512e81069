/** One request of the corpus, and short ways to write one down. */
import { gzipSync } from 'node:zlib';

export type Headers = readonly (readonly [name: string, value: string])[];

export interface Case {
  readonly name: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Headers;
  readonly body?: Buffer | string;
  readonly httpVersion?: '1.0' | '1.1';
  /** Asked by a user whom the web server has authenticated. */
  readonly user?: boolean;
  /** A repository whose refs must be the same afterwards. */
  readonly writes?: string;
}

export const zero = '0'.repeat(40);
export const flush = '0000';
export const delimiter = '0001';

export function pkt(text: string): string {
  return (Buffer.byteLength(text) + 4).toString(16).padStart(4, '0') + text;
}

export const version = (number: number): Headers => [['Git-Protocol', `version=${number}`]];

export const get = (name: string, path: string, headers: Headers = []): Case => ({ name, path, headers });

/** A POST to a service, with the right type unless the headers bring another. */
export function post(
  name: string,
  repository: string,
  service: string,
  body: Buffer | string,
  headers: Headers = [],
): Case {
  const hasType = headers.some(([header]) => header === 'Content-Type');
  const type: Headers = hasType ? [] : [['Content-Type', `application/x-${service}-request`]];
  return { name, method: 'POST', path: `/${repository}/${service}`, headers: [...type, ...headers], body };
}

export const gzipped = (one: Case, encoding = 'gzip'): Case => ({
  ...one,
  headers: [...(one.headers ?? []), ['Content-Encoding', encoding]],
  body: gzipSync(one.body ?? ''),
});

export const asUser = (one: Case): Case => ({ ...one, user: true });
