/** Pushes and fetches as bytes, for connections that no git client would make. */
import { gitOk } from '../support/fixtures.js';
import { packOf } from '../support/packs.js';
import { headerOf, parseResponse, type RawResponse } from '../support/raw-http.js';
import { flush, pkt, zero, type Headers } from './differential/case.js';

export const pushType: Headers = [['Content-Type', 'application/x-git-receive-pack-request']];
export const fetchType: Headers = [
  ['Content-Type', 'application/x-git-upload-pack-request'],
  ['Git-Protocol', 'version=2'],
];
export const lsRefs = `${pkt('command=ls-refs\n')}0001${pkt('ref-prefix refs/heads/\n')}${flush}`;

/** The body of a push that makes `ref` out of what `main` of a work tree has beyond `origin/main`. */
export async function pushBody(work: string, ref: string): Promise<{ oid: string; body: Buffer }> {
  const oid = await gitOk(['rev-parse', 'main'], { cwd: work });
  const pack = await packOf(work, ['main', '^origin/main']);
  const command = pkt(`${zero} ${oid} ${ref}\0report-status side-band-64k`);
  return { oid, body: Buffer.concat([Buffer.from(command + flush), pack]) };
}

/** The answers on one connection, one behind the other, as far as they are complete. */
export function responsesIn(received: Buffer): RawResponse[] {
  const found: RawResponse[] = [];
  for (let rest = received; ;) {
    const response = parseResponse(rest);
    if (!response.complete) return found;
    found.push(response);
    const headEnd = rest.indexOf('\r\n\r\n') + 4;
    const isChunked = headerOf(response, 'transfer-encoding') === 'chunked';
    const bodyBytes = isChunked ? chunkedBytes(rest.subarray(headEnd)) : response.body.length;
    rest = rest.subarray(headEnd + bodyBytes);
  }
}

function chunkedBytes(data: Buffer): number {
  for (let offset = 0; ;) {
    const lineEnd = data.indexOf('\r\n', offset);
    const size = Number.parseInt(data.toString('latin1', offset, lineEnd), 16);
    offset = lineEnd + 2 + size + 2;
    if (size === 0) return offset;
  }
}
