/**
 * Where we answer otherwise than `git http-backend` on purpose. `covers` says exactly what may differ; the
 * documentation gives the reasons under a heading of the same name (docs/differences-from-http-backend.md).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Answer } from './answer.js';

export interface Improvement {
  readonly id: string;
  readonly covers: (name: string, ours: Answer, theirs: Answer) => boolean;
}

const textType = 'Content-Type: text/plain; charset=utf-8';
const noCache = [
  'Expires: Fri, 01 Jan 1980 00:00:00 GMT',
  'Pragma: no-cache',
  'Cache-Control: no-cache, max-age=0, must-revalidate',
];

/** Equal but for the parts that are named. */
const same = (ours: Answer, theirs: Answer, but: Partial<Answer>): boolean =>
  isDeepStrictEqual(ours, { ...theirs, ...but });

/** An error of ours with a text. */
const isError = (ours: Answer, status: number, text: RegExp): boolean =>
  ours.status === status && text.test(ours.body) && isDeepStrictEqual(ours.headers, [...noCache, textType]);

/** What is no target of ours is left to the application; the test's has a page that says so. */
const isPassedOn = (ours: Answer): boolean =>
  ours.status === 404 && ours.body === 'not found\n' && isDeepStrictEqual(ours.headers, [textType]);

const withGmt = (headers: readonly string[]): string[] =>
  headers.map((header) => (header.startsWith('Last-Modified: ') ? header.replace('+0000', 'GMT') : header));

const isUnsafePath = (name: string): boolean =>
  /^(a double slash|a dot|two dots|encoded dots|an encoded slash)/.test(name);

export const improvements: readonly Improvement[] = [
  {
    id: 'texts-for-errors',
    covers: (_name, ours, theirs) =>
      theirs.status >= 400 &&
      ours.body.length > 5 &&
      same(ours, theirs, { body: ours.body, headers: ours.headers }) &&
      isDeepStrictEqual(ours.headers.toSorted(), [...theirs.headers, textType].toSorted()),
  },
  {
    id: 'what-is-not-gits-is-passed-on',
    covers: (name, ours, theirs) =>
      !isUnsafePath(name) && isPassedOn(ours) && [400, 404].includes(theirs.status) && theirs.body === '',
  },
  {
    id: 'one-spelling-for-each-repository',
    covers: (name, ours, theirs) =>
      isUnsafePath(name) && isPassedOn(ours) && [200, 500].includes(theirs.status),
  },
  {
    id: 'one-spelling-for-each-service',
    covers: (name, ours, theirs) =>
      /^an encoded (service|name)/.test(name) &&
      isError(ours, 403, /^unsupported service\n$/) &&
      theirs.status === 200,
  },
  {
    id: 'no-repository-inside-another',
    covers: (name, ours, theirs) =>
      name === 'a repository inside of a working tree' &&
      isError(ours, 404, /^repository not found\n$/) &&
      theirs.status === 200,
  },
  {
    id: 'git-says-what-was-wrong',
    covers: (_name, ours, theirs) =>
      theirs.status === 200 &&
      theirs.body === '' &&
      /^\[ERR .+\]$|unpack unsupported object format/.test(ours.body) &&
      same(ours, theirs, { body: ours.body }),
  },
  {
    id: 'malformed-pushes-are-refused',
    covers: (name, ours, theirs) =>
      name === 'garbage' && isError(ours, 400, /^bad push: bad line length/) && theirs.status === 200,
  },
  {
    id: 'discovery-of-pushes-in-version-2',
    covers: (name, ours, theirs) =>
      name.endsWith(' v2') &&
      same(ours, theirs, { body: `001f# service=git-receive-pack\n0000${theirs.body}` }),
  },
  {
    id: 'content-encodings',
    covers: (name, ours, theirs) =>
      (name === 'Content-Encoding: br' && isError(ours, 415, /gzip or identity/) && theirs.status === 200) ||
      (/^gzip (cut off|that is none)$/.test(name) && isError(ours, 400, /gzip/) && theirs.status === 200) ||
      (name === 'v2 clone, GZIP' &&
        theirs.body === '' &&
        ours.body.includes('PACK') &&
        same(ours, theirs, { body: ours.body })),
  },
  {
    id: 'head-is-not-cached',
    covers: (name, ours, theirs) =>
      / ?HEAD$/.test(name) && same(ours, theirs, { headers: [...noCache, ...theirs.headers] }),
  },
  {
    id: 'dates-as-http-writes-them',
    covers: (_name, ours, theirs) => same(ours, theirs, { headers: withGmt(theirs.headers) }),
  },
  {
    id: 'parts-of-files',
    covers: (name, ours, theirs) =>
      theirs.status === 200 &&
      (name === 'part of a pack'
        ? same(ours, theirs, {
            status: 206,
            headers: [...withGmt(theirs.headers), `Content-Range: bytes 10-19/${theirs.body.length}`],
            body: theirs.body.slice(10, 20),
          })
        : name === 'more than a pack' &&
          ours.headers.includes(`Content-Range: bytes */${theirs.body.length}`) &&
          isDeepStrictEqual(ours.headers.slice(1), [...noCache, textType]) &&
          ours.status === 416),
  },
  {
    id: 'files-that-have-not-changed',
    covers: (name, ours, theirs) =>
      name.endsWith('not changed since') &&
      theirs.status === 200 &&
      same(ours, theirs, { status: 304, headers: withGmt(theirs.headers), body: '' }),
  },
  {
    id: 'archives-with-an-older-git',
    covers: (name, ours, theirs) =>
      name.startsWith('upload-archive, ') && isError(ours, 403, /not enabled/) && theirs.status === 404,
  },
];
