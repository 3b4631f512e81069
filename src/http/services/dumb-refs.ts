/**
 * The refs of the dumb protocol. git itself is asked for them in version 2, so that every ref backend and namespaces
 * are its business.
 */
import { Readable } from 'node:stream';
import { ObjectCheck } from '../../git/object-check.js';
import type { GitOutput } from '../../git/output.js';
import { encodeLsRefs, parseListedRef, type ListedRef } from '../../protocol/ls-refs.js';
import { isZeroOid } from '../../protocol/object-id.js';
import { PktLineDecoder, pktText } from '../../protocol/pkt-line.js';
import { noCache } from '../caching.js';
import { openOutput, startGit, startHelper, whenStarted, type ServiceCall } from '../call.js';
import { bytesResponse, type GitResponse, type Header } from '../exchange.js';

const plainText: Header = ['Content-Type', 'text/plain'];

/** Hidden refs are listed too: a dumb client sees every object anyway (http-backend.c: get_info_refs). */
const showHiddenRefs = [['transfer.hideRefs', '!refs']] as const;

async function openList(call: ServiceCall, prefixes: readonly string[]): Promise<GitOutput> {
  const process = await startGit(call, 'refs', () => ({
    args: ['upload-pack', '--stateless-rpc', '--strict', call.repository.gitDir],
    stdin: 'pipe',
    config: showHiddenRefs,
    environment: { GIT_PROTOCOL: 'version=2' },
  }));
  process.stdin?.end(encodeLsRefs(call.config.objectFormat, prefixes));
  const output = openOutput(call, 'upload-pack', process, { onAbandoned: () => process.stop() });
  await whenStarted(call, output, 'upload-pack');
  return output;
}

/** The refs of a list, as many at a time as come together. */
async function* refsIn(list: GitOutput): AsyncGenerator<readonly ListedRef[]> {
  const decoder = new PktLineDecoder();
  for await (const chunk of list) {
    const refs: ListedRef[] = [];
    for (const line of decoder.decode(chunk as Buffer)) {
      if (line.type !== 'data') continue;
      const text = pktText(line.payload);
      if (text.startsWith('ERR ')) throw new Error(text);
      const ref = parseListedRef(text);
      if (ref) refs.push(ref);
    }
    if (refs.length > 0) yield refs;
  }
}

/** `oid TAB ref`, and the object behind an annotated tag as `ref^{}`. */
function lineOf(ref: ListedRef): string {
  const peeled = ref.peeledOid === undefined ? '' : `${ref.peeledOid}\t${ref.refName}^{}\n`;
  return `${ref.oid}\t${ref.refName}\n${peeled}`;
}

/** Without HEAD, which has a file of its own, and without broken refs: a client would look for their objects. */
async function* infoRefs(
  call: ServiceCall,
  list: GitOutput,
  count: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const check = new ObjectCheck(startHelper(call, { args: ObjectCheck.args, stdin: 'pipe' }));
  try {
    for await (const all of refsIn(list)) {
      const refs = all.filter(({ refName, oid }) => refName !== 'HEAD' && !isZeroOid(oid));
      const exist = await check.exist(refs.map(({ oid }) => oid));
      const text = Buffer.from(refs.map((ref, index) => (exist[index] ? lineOf(ref) : '')).join(''));
      count(text.length);
      if (text.length > 0) yield text;
    }
  } finally {
    check.close();
  }
}

/** GET info/refs without a service. */
export async function dumbRefs(call: ServiceCall): Promise<GitResponse> {
  const list = await openList(call, []);
  let bytes = 0;
  const count = (more: number): void => {
    bytes += more;
  };
  const stream = Readable.from(infoRefs(call, list, count), { objectMode: false });
  // It may fail before anybody reads it.
  stream.on('error', () => {});
  return {
    status: 200,
    headers: [...noCache, plainText],
    body: { kind: 'stream', stream, sentBytes: () => bytes },
  };
}

/** GET HEAD: `ref: …`, an object id when it is detached, nothing when its branch has no commit yet. */
export async function dumbHead(call: ServiceCall): Promise<GitResponse> {
  let text = '';
  for await (const refs of refsIn(await openList(call, ['HEAD']))) {
    // The prefix also lists a ref such as `HEADS`.
    for (const { refName, oid, symrefTarget } of refs) {
      if (refName === 'HEAD') text = symrefTarget === undefined ? `${oid}\n` : `ref: ${symrefTarget}\n`;
    }
  }
  return bytesResponse(Buffer.from(text), [...noCache, plainText]);
}
