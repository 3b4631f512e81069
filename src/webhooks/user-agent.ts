import { readFileSync } from 'node:fs';

let known: string | undefined;

/** `GitTyphoon/VERSION`, with the version of this package. */
export function userAgent(): string {
  if (known === undefined) {
    const file = new URL('../../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
    known = `GitTyphoon/${version}`;
  }
  return known;
}
