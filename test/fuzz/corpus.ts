/** Requests that are right in every byte: one of each kind that git clients send, and some that they may. */
import { gzipSync } from 'node:zlib';
import { flush, pkt, type Headers } from '../conformance/differential/case.js';
import { fetchType, lsRefs, pushType } from '../conformance/raw-push.js';
import { chunked, requestHead } from '../support/raw-http.js';
import type { Stage } from './door-stage.js';

export interface Sample {
  readonly name: string;
  /** The whole request. Pushes need a number that no other push has. */
  readonly bytes: (number: number) => Buffer;
  readonly isHead?: boolean;
  /** The status of its answer. */
  readonly status: number;
  /** Its whole arrival starts git, which costs time; so does each part, when git gets it as it comes. */
  readonly git?: 'whole' | 'parts';
  /** The ref that a push makes. */
  readonly ref?: (number: number) => string;
}

interface Form {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Headers;
  readonly body?: Buffer | string;
  readonly chunkBytes?: number;
  readonly httpVersion?: '1.0' | '1.1';
}

function wire(form: Form): Buffer {
  const body = Buffer.from(form.body ?? '');
  const payload = form.chunkBytes === undefined ? body : chunked(body, form.chunkBytes);
  return Buffer.concat([Buffer.from(requestHead(form)), payload]);
}

function fixed(name: string, form: Form, rest: Partial<Sample> = {}): Sample {
  const bytes = wire(form);
  return { name, bytes: () => bytes, status: 200, ...rest };
}

const v2: Headers = [['Git-Protocol', 'version=2']];
const whole = { git: 'whole' } as const;

function discoveries(): Sample[] {
  return ['upload', 'receive'].flatMap((kind) =>
    [[], v2].map((headers) =>
      fixed(
        `discovery of ${kind}-pack, version ${headers.length > 0 ? 2 : 0}`,
        { path: `/app.git/info/refs?service=git-${kind}-pack`, headers },
        whole,
      ),
    ),
  );
}

function fetches({ main }: Stage): Sample[] {
  const uploadPack = { method: 'POST', path: '/app.git/git-upload-pack', headers: fetchType } as const;
  const body = `${pkt('command=fetch')}0001${pkt('no-progress')}${pkt(`want ${main}\n`)}${pkt('done\n')}${flush}`;
  const zipped: Headers = [...fetchType, ['Content-Encoding', 'gzip']];
  return [
    fixed('ls-refs', { ...uploadPack, body: lsRefs }, whole),
    fixed(
      'ls-refs that waits to be told to go on',
      {
        ...uploadPack,
        headers: [...fetchType, ['Expect', '100-continue']],
        body: lsRefs,
      },
      whole,
    ),
    fixed('ls-refs over HTTP/1.0', { ...uploadPack, body: lsRefs, httpVersion: '1.0' }, whole),
    fixed('fetch', { ...uploadPack, body }, whole),
    fixed('fetch, compressed', { ...uploadPack, headers: zipped, body: gzipSync(body) }, whole),
    fixed('fetch in chunks', { ...uploadPack, body, chunkBytes: 50 }, whole),
    fixed(
      'archive',
      {
        method: 'POST',
        path: '/app.git/git-upload-archive',
        headers: [['Content-Type', 'application/x-git-upload-archive-request']],
        body: pkt('argument --format=tar\n') + pkt('argument main\n') + flush,
      },
      whole,
    ),
  ];
}

function pushes(stage: Stage): Sample[] {
  const receivePack = { method: 'POST', path: '/pushed.git/git-receive-pack', headers: pushType } as const;
  const ref = (number: number): string => `refs/heads/p${String(number).padStart(6, '0')}`;
  const push = (name: string, formOf: (body: Buffer) => Partial<Form>): Sample => ({
    name,
    status: 200,
    git: 'parts',
    ref,
    bytes: (number) => {
      const body = stage.push(ref(number));
      return wire({ ...receivePack, body, ...formOf(body) });
    },
  });
  return [
    fixed('probe', { ...receivePack, body: flush }),
    push('push', () => ({})),
    push('push in chunks', () => ({ chunkBytes: 100 })),
    push('push, compressed', (body) => ({
      headers: [...pushType, ['Content-Encoding', 'gzip']],
      body: gzipSync(body),
    })),
  ];
}

function files({ main }: Stage): Sample[] {
  const object = `/app.git/objects/${main.slice(0, 2)}/${main.slice(2)}`;
  return [
    fixed('HEAD as a file', { path: '/app.git/HEAD' }),
    fixed('part of a file', { path: object, headers: [['Range', 'bytes=5-8']] }, { status: 206 }),
    fixed('refs as a file', { path: '/app.git/info/refs' }, whole),
    fixed('HEAD of a file', { path: '/app.git/HEAD', method: 'HEAD' }, { isHead: true }),
    fixed('OPTIONS', { path: '/app.git/info/refs', method: 'OPTIONS' }, { status: 405 }),
    fixed('what is not there', { path: '/nothing.git/HEAD' }, { status: 404 }),
  ];
}

/** All of them, for one stage. */
export const corpus = (stage: Stage): Sample[] => [
  ...discoveries(),
  ...fetches(stage),
  ...pushes(stage),
  ...files(stage),
];
