/** Requests written line by line, for frames that no client library would make. */
import { lsRefs } from '../conformance/raw-push.js';
import type { DoorName } from './door-stage.js';

/** The statuses of all answers on the connection, in their order; hosts of the Web door may have their own. */
export type Statuses = readonly number[] | Readonly<Record<DoorName, readonly number[]>>;

export type Row = readonly [name: string, statuses: Statuses, bytes: Buffer];

export const host = 'Host: localhost';
export const type = 'Content-Type: application/x-git-upload-pack-request';
export const versionTwo = 'Git-Protocol: version=2';
export const usual = [host, type, versionTwo];
export const exactLength = `Content-Length: ${lsRefs.length}`;
export const inChunks = 'Transfer-Encoding: chunked';
export const oneChunk = `${lsRefs.length.toString(16)}\r\n${lsRefs}\r\n0\r\n\r\n`;

/** An ls-refs with these header lines and this body. */
export function ask(lines: readonly string[], body: Buffer | string = lsRefs, version = '1.1'): Buffer {
  const head = `POST /app.git/git-upload-pack HTTP/${version}\r\n${lines.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}

export interface ReadForm {
  readonly method?: string;
  readonly target?: string;
  /** With the space before it. */
  readonly version?: string;
}

/** Asks for a file, with these header lines. */
export function read(lines: readonly string[], form: ReadForm = {}): Buffer {
  const { method = 'GET', target = '/app.git/HEAD', version = ' HTTP/1.1' } = form;
  return Buffer.from(
    `${method} ${target}${version}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`,
    'latin1',
  );
}
